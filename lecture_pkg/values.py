"""Small copies of tensors as plain numbers, and every way in which a number is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple, TypeAlias

import torch

Number: TypeAlias = bool | int | float | complex

MOST_NUMBERS = 64
"""A tensor with more numbers than this is remembered by its shape alone."""

_LARGE = 1e8
"""A number from here on is written with an exponent."""


class Snapshot(NamedTuple):
    """What a tensor held at one moment: plain data that no later operation can change.

    Attributes:
        shape: The tensor's shape, `()` for a single number; −1 where the parts of a nested tensor
            differ in size.
        dtype: Its dtype without the `torch.` in front, such as `"float32"`.
        numbers: Its numbers in row-major order, or None if there are more than 64.
    """

    shape: tuple[int, ...]
    dtype: str
    numbers: tuple[Number, ...] | None


def snapshot(tensor: torch.Tensor) -> Snapshot:
    """Copy what `tensor` holds now: all its numbers if they are few, else only its shape.

    Example:
        >>> snapshot(torch.tensor([1.0, 2.0]))
        Snapshot(shape=(2,), dtype='float32', numbers=(1.0, 2.0))
    """
    if type(tensor) is torch.Tensor:
        return _look(tensor)
    with torch._C.DisableTorchFunctionSubclass():  # a subclass may answer with code of its own
        return _look(tensor)


def _look(tensor: torch.Tensor) -> Snapshot:
    dtype = _plain_dtype(tensor.dtype)
    if tensor.is_nested:
        return Snapshot((tensor.size(0), *[-1] * (tensor.dim() - 1)), dtype, None)
    shape = tuple(tensor.shape)
    numbers: tuple[Number, ...] | None = None
    # where a class hands each operation on, nobody knows what a question for numbers does
    plain = type(tensor).__torch_dispatch__ is torch.Tensor.__torch_dispatch__
    if plain and math.prod(shape) <= MOST_NUMBERS and tensor.layout is torch.strided:
        try:
            # a single number is read in a third of the time without a view
            numbers = tuple(tensor.detach().reshape(-1).tolist()) if shape else (tensor.item(),)
        except (RuntimeError, NotImplementedError):  # meta and functorch tensors hold no numbers
            numbers = None
    return Snapshot(shape, dtype, numbers)


@cache
def _plain_dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def number_snapshot(number: Number) -> Snapshot:
    """A plain Python number as a snapshot, whose dtype is the number's type.

    Example:
        >>> number_snapshot(2)
        Snapshot(shape=(), dtype='int', numbers=(2,))
    """
    return Snapshot((), type(number).__name__, (number,))


def format_number(value: Number) -> str:
    """Write a number as PyTorch prints it, with four decimals and a proper minus sign.

    A float that is whole up to the rounding of float32 ends in `.0`.

    Example:
        >>> [format_number(v) for v in (3.0, 0.85098, 2, True)]
        ['3.0', '0.8510', '2', 'True']
    """
    return _format_all([value])[0]


@lru_cache(maxsize=4096)  # a gradient is written wherever it goes
def format_snapshot(value: Snapshot, most: int = 5) -> str:
    """Write a snapshot in one line: its numbers, the first of them and the shape, or the shape.

    Args:
        value: What to write.
        most: How many numbers are written before the rest becomes an ellipsis.

    Example:
        >>> format_snapshot(Snapshot((), "float32", (5.0,)))
        '5.0'
        >>> format_snapshot(Snapshot((6,), "float32", (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)))
        '[0.0, 1.0, …] (6)'
        >>> format_snapshot(Snapshot((100, 5), "float32", None))
        '(100, 5)'
    """
    shape = f"({', '.join(map(str, value.shape))})"
    if value.numbers is None:
        return shape
    texts = _format_all(value.numbers)
    if len(texts) > most:
        return f"[{', '.join(texts[:2])}, …] {shape}"
    return _nest(texts, value.shape) if texts else f"[] {shape}"


def _nest(texts: Sequence[str], shape: tuple[int, ...]) -> str:
    if not shape:
        return texts[0]
    size = len(texts) // shape[0]
    parts = [_nest(texts[i : i + size], shape[1:]) for i in range(0, len(texts), size)]
    return f"[{', '.join(parts)}]"


def _format_all(values: Sequence[Number]) -> list[str]:
    """Write numbers that stand together in the same form, as PyTorch does for a tensor."""
    whole = all(_is_whole(v) for v in values)
    return [minus(_format_one(v, whole)) for v in values]


def _is_whole(value: Number) -> bool:
    """Whether the value is whole up to float32's rounding, so CPU and GPU write it alike."""
    if isinstance(value, complex):
        return _is_whole(value.real) and _is_whole(value.imag)
    if not math.isfinite(value):
        return True
    return abs(value) < _LARGE and abs(value - round(value)) <= 1e-6 * abs(value)


def _format_one(value: Number, whole: bool) -> str:
    if isinstance(value, bool | int) or not isinstance(value, float | complex):
        return str(value)
    if isinstance(value, complex):
        sign = "-" if math.copysign(1, value.imag) < 0 else "+"
        imaginary = _format_one(abs(value.imag), whole)
        return f"{_format_one(value.real, whole)}{sign}{imaginary}j"
    if not math.isfinite(value):
        return str(value)
    if whole:
        return f"{round(value):d}.0"
    if value != 0 and not 1e-4 <= abs(value) < _LARGE:
        return f"{value:.4e}"
    return f"{value:.4f}"


def minus(text: str) -> str:
    """`text` with the minus sign of print in place of every hyphen."""
    return text.replace("-", "\N{MINUS SIGN}")


def plain(value: float) -> str:
    """A number as short as it can be: a choice, a mark on an axis.

    Example:
        >>> plain(-0.25), plain(100.0), plain(2.5e12)
        ('−0.25', '100', '2.5e12')
    """
    if not _LARGE <= abs(value) < math.inf:
        return minus(f"{value:.12g}")
    mantissa, exponent = f"{value:.11e}".split("e")
    return minus(f"{float(mantissa):.12g}e{int(exponent)}")


def fixed(value: float, decimals: int) -> str:
    """A number with just so many decimals, as in a column; a large one with four and an exponent.

    Example:
        >>> fixed(-4.699, 2), fixed(-0.0, 2), fixed(2.5e12, 2)
        ('−4.70', '0.00', '2.5000e+12')
    """
    if abs(value) >= _LARGE:
        return minus(f"{value:.4e}")
    return minus(f"{round(float(value), decimals) + 0.0:.{decimals}f}")


def rounded(value: float, decimals: int) -> str:
    """A number to so many decimals, as in a sentence: without any where it is whole.

    Example:
        >>> rounded(-3.12151, 4), rounded(-0.0, 4)
        ('−3.1215', '0')
    """
    near = round(float(value), decimals)  # NumPy's own round overflows where Python's does not
    return fixed(value, 0 if near == int(near) else decimals)


def decimals_for(width: float, parts: float) -> int:
    """How many decimals, at most 12, tell `parts` points apart that are spread over `width`.

    Example:
        >>> [decimals_for(width, 10_000) for width in (10.0, 1.0, 0.02)]
        [3, 4, 6]
    """
    return min(12, max(0, math.ceil(math.log10(parts / width)))) if width > 0 else 0
