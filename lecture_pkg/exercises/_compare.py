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

SINGLE = 1e-5
"""Relative tolerance where an answer may compute in float32."""

SIX_DIGITS = 2e-6
"""Relative tolerance for naming a mistake: nothing is named that does not give these numbers."""

_FEW = 8

HINTS = {
    "nothing": "None came back. Is a `return` missing, or was .grad read before backward()?",
    "not-numbers": "this cannot be read as numbers.",
    "shape": "the shape differs.",
    "transposed": "rows and columns are swapped: this is the transpose of what is wanted.",
    "nan": "there is a NaN or an infinity among your numbers.",
    "float32": "right to six digits, as float32 gives them. If some step leaves float64, look for "
    ".float() and for tensors made without a dtype.",
    "zero": "all your numbers are 0.",
    "sign": "the sign is the opposite.",
    "twice": "your numbers are twice the expected ones.",
    "factor": "your numbers are the expected ones times {ratio}: a factor is missing or too much.",
    "other": "",
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
    diagnosis, hint = recognise(mine, right, mistakes, rtol) or _generic(mine, right)
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
    """Whether numbers may pass as the right ones, taken to be of the size of 1 or more."""
    return _near(mine, right, rtol * max(1.0, _largest(right)))


def _fits(mine: Numbers, value: Numbers) -> bool:
    """Whether numbers are those of a mistake: to six digits of the largest."""
    return _near(mine, value, SIX_DIGITS * _largest(value))


def _near(mine: Numbers, right: Numbers, distance: float) -> bool:
    if mine.shape != right.shape and not mine.size == right.size == 1:
        return False
    return bool(np.all(np.abs(mine.reshape(right.shape) - right) <= distance))


def _largest(values: Numbers) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def recognise(
    mine: Numbers, right: Numbers, mistakes: Iterable[Mistake], rtol: float
) -> tuple[str, str] | None:
    """The diagnosis and the hint of the first mistake that gives these numbers to six digits."""
    for mistake in mistakes:
        value = numbers_of(mistake.value)
        if value is None or _close(value, right, rtol) or _fits(value, right):
            continue
        if _fits(mine, value):
            return mistake.diagnosis, mistake.hint
    return None


def _generic(mine: Numbers, right: Numbers) -> tuple[str, str]:
    """The diagnosis that needs no knowledge of the exercise, and its hint."""
    diagnosis, ratio = _difference(mine, right)
    return diagnosis, HINTS[diagnosis].format(ratio=f"{ratio:.4g}")


def _difference(mine: Numbers, right: Numbers) -> tuple[str, float]:
    if mine.ndim == 2 and _fits(mine.T, right):
        return "transposed", 1.0
    if mine.shape != right.shape and not mine.size == right.size == 1:
        return "shape", 1.0
    mine = mine.reshape(right.shape)
    if not np.all(np.isfinite(mine)):
        return "nan", 1.0
    if _fits(mine, right):
        return "float32", 1.0
    if not np.any(mine):
        return "zero", 0.0
    if _fits(-mine, right):
        return "sign", -1.0
    ratio = float(np.sum(mine * right) / np.sum(right * right)) if np.any(right) else 0.0
    if abs(ratio) < 1e-2 or abs(ratio - 1) < 1e-2 or not _fits(mine / ratio, right):
        return "other", ratio
    if right.size == 1 and not any(abs(ratio * n / m - 1) < SIX_DIGITS for n, m in _SIMPLE):
        return "other", ratio  # one number is always a factor away from another
    return ("twice" if abs(ratio - 2) < SIX_DIGITS else "factor"), ratio


# ratios that are told of a single number: 2, 3, ½, ⅓, … and their negatives
_SIMPLE = [(n, m) for n, m in [(1, k) for k in range(2, 11)] + [(k, 1) for k in range(2, 11)]]
_SIMPLE += [(n, -m) for n, m in _SIMPLE]


def _of_tensor(value: torch.Tensor) -> Numbers | None:
    if value.is_complex() or value.dtype is torch.bool or value.device.type == "meta":
        return None
    array: Numbers = value.detach().cpu().to(torch.float64).numpy()
    return array
