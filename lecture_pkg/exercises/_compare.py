"""Comparing an answer's numbers with an oracle's, in float64, and naming what differs."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from ._answers import Wrong, kind

Numbers = npt.NDArray[np.float64]

STRICT = 1e-9
"""Relative tolerance for what is computed in float64."""

SINGLE = 2e-4
"""Relative tolerance where an answer may compute in float32."""

_FEW = 8

HINTS = {
    "nothing": "None came back. Is a `return` missing, or was .grad read before backward()?",
    "not-numbers": "this cannot be read as numbers.",
    "shape": "the shape differs.",
    "transposed": "rows and columns are swapped: this is the transpose of what is wanted.",
    "nan": "there is a NaN or an infinity among your numbers.",
    "float32": "right, up to the rounding of float32. Some step leaves float64: look for .float() "
    "and for tensors made without a dtype.",
    "zero": "all your numbers are 0.",
    "sign": "the sign is the opposite.",
    "twice": "your numbers are twice the expected ones.",
    "factor": "your numbers are the expected ones times {ratio}: a factor is missing or too much.",
    "other": "the numbers differ.",
}


class Mistake(NamedTuple):
    """A typical mistake, and the numbers by which it is recognised."""

    diagnosis: str
    value: Any
    hint: str


def numbers_of(value: Any) -> Numbers | None:
    """Numbers, arrays, tensors and lists of them as one float64 array; None for all else.

    Example:
        >>> numbers_of([torch.tensor(1.0), 2])
        array([1., 2.])
    """
    if isinstance(value, torch.Tensor):
        return _of_tensor(value)
    if isinstance(value, list | tuple):
        parts = [numbers_of(item) for item in value]
        shapes = {None if part is None else part.shape for part in parts}
        return np.array(parts) if len(shapes) == 1 and None not in shapes else None
    if isinstance(value, bool) or not isinstance(value, numbers.Real | np.generic | np.ndarray):
        return None
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind in "iuf" else None


def compare(
    got: Any,
    expected: Any,
    *,
    given: str = "",
    mistakes: Iterable[Mistake] = (),
    rtol: float = STRICT,
) -> None:
    """Return if an answer's numbers are the oracle's; raise Wrong with a diagnosis if not.

    Args:
        got: What the answer gave.
        expected: What the oracle gives, computed in float64.
        given: The inputs as text, for the message.
        mistakes: What to recognise in this exercise, before what can go wrong anywhere.
        rtol: Relative tolerance.

    Raises:
        Wrong: With the diagnosis of the mistake that gives these numbers, or else one of `HINTS`.
    """
    right = numbers_of(expected)
    assert right is not None, "an oracle gives numbers"
    mine = numbers_of(got)
    if mine is None:
        diagnosis = "nothing" if got is None else "not-numbers"
        raise Wrong(diagnosis, HINTS[diagnosis], got=kind(got), expected=show(right), given=given)
    if _close(mine, right, rtol):
        return
    diagnosis, hint = _recognise(mine, right, mistakes, rtol)
    texts = _show_both(mine, right)
    raise Wrong(diagnosis, hint, got=texts[0], expected=texts[1], given=given)


def show(values: Any, digits: int = 4) -> str:
    """Numbers in one line; of many numbers only the first and the shape.

    Example:
        >>> show([1, 2.5]), show([12, 24])
        ('[1.0000, 2.5000]', '[12, 24]')
    """
    array = np.asarray(values, dtype=np.float64)
    if np.all(np.abs(array) < 1e6) and np.all(array == np.round(array)):
        digits = 0
    if array.size > _FEW:
        first = ", ".join(_one(v, digits) for v in array.ravel()[:3])
        return f"{first}, …  (shape {tuple(array.shape)})"
    return _nested(array, digits)


def _nested(array: Numbers, digits: int) -> str:
    if array.ndim == 0:
        return _one(float(array), digits)
    return "[" + ", ".join(_nested(np.asarray(part), digits) for part in array) + "]"


def _one(value: float, digits: int) -> str:
    if value != 0 and not 10.0**-digits <= abs(value) < 1e6:
        return f"{value:.{max(digits, 4)}g}"
    return f"{value:.{digits}f}"


def _show_both(mine: Numbers, right: Numbers) -> tuple[str, str]:
    """Both with as many digits as it takes to see the difference; of many, where it is largest."""
    at = ""
    if mine.shape == right.shape and mine.size > _FEW:
        distance = np.nan_to_num(np.abs(mine - right), nan=np.inf)
        worst = np.unravel_index(np.argmax(distance), mine.shape)
        at = f"  (at {list(map(int, worst))} of shape {tuple(mine.shape)})"
        mine, right = mine[worst], right[worst]
    texts = "", ""
    for digits in (4, 8, 12):
        texts = show(mine, digits), show(right, digits)
        if texts[0] != texts[1]:
            break
    if mine.shape != right.shape and mine.size <= _FEW:
        return texts[0] + f"  (shape {tuple(mine.shape)})", texts[1]
    return texts[0] + at, texts[1]


def _close(mine: Numbers, right: Numbers, rtol: float) -> bool:
    if mine.shape != right.shape and not mine.size == right.size == 1:
        return False
    size = max(1.0, float(np.max(np.abs(right), initial=0.0)))
    return bool(np.all(np.abs(mine.reshape(right.shape) - right) <= rtol * size))


def _recognise(
    mine: Numbers, right: Numbers, mistakes: Iterable[Mistake], rtol: float
) -> tuple[str, str]:
    for mistake in mistakes:
        value = numbers_of(mistake.value)
        if value is not None and not _close(value, right, rtol) and _close(mine, value, rtol):
            return mistake.diagnosis, mistake.hint
    diagnosis, ratio = _generic(mine, right, rtol)
    return diagnosis, HINTS[diagnosis].format(ratio=ratio)


def _generic(mine: Numbers, right: Numbers, rtol: float) -> tuple[str, str]:
    """The diagnoses that need no knowledge of the exercise, and the ratio where there is one."""
    if mine.ndim == 2 and _close(mine.T, right, max(rtol, 1e-5)):
        return "transposed", ""
    if mine.shape != right.shape and not mine.size == right.size == 1:
        return "shape", ""
    mine = mine.reshape(right.shape)
    if not np.all(np.isfinite(mine)):
        return "nan", ""
    if _close(mine, right, max(rtol, 2e-6)):
        return "float32", ""
    if not np.any(mine):
        return "zero", ""
    if _close(-mine, right, max(rtol, 2e-6)):
        return "sign", ""
    ratio = float(np.sum(mine * right) / np.sum(right * right)) if np.any(right) else 0.0
    simple = any(abs(ratio * n - m) < 1e-3 for n, m in _SIMPLE)
    if ratio and _close(mine / ratio, right, max(rtol, 2e-6)) and (right.size > 1 or simple):
        return ("twice", "") if abs(ratio - 2) < 1e-3 else ("factor", f"{ratio:.4g}")
    return "other", ""


# one number is always "a factor" away from another: only 2, 3, ½, ⅓, … count as one
_SIMPLE = [(n, m) for n, m in [(1, k) for k in range(2, 11)] + [(k, 1) for k in range(2, 11)]]
_SIMPLE += [(n, -m) for n, m in _SIMPLE]


def _of_tensor(value: torch.Tensor) -> Numbers | None:
    if value.is_complex() or value.dtype is torch.bool or value.device.type == "meta":
        return None
    array: Numbers = value.detach().cpu().to(torch.float64).numpy()
    return array
