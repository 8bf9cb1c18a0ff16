"""Numbers on their way into a page: whole multiples of a small unit, as text that packs well."""

from __future__ import annotations

import math
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .._arguments import refuse
from ..descent.objective import Array, numbers_in_a_row
from .figure import Figure, as_json

BUDGET = 50_000
"""How many bytes, compressed, a figure's numbers and its still picture may take on a page."""

_LARGEST = 2.0**50  # below it a JavaScript number holds every whole number and its half


def decimals_for(width: float) -> int:
    """How many decimals tell points apart on a range this wide: four, or more on a narrow one.

    >>> [decimals_for(width) for width in (10.0, 1.0, 0.02)]
    [4, 4, 6]
    """
    return 4 if width >= 1 or width <= 0 else min(12, 4 - math.floor(math.log10(width)))


def fits(values: Array, decimals: int) -> npt.NDArray[np.bool_]:
    """Which numbers `pack` can hold: the finite ones that are not astronomically large."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.isfinite(values) & (np.abs(values) * 10.0**decimals < _LARGEST)


def pack(values: Array, decimals: int) -> list[str]:
    """Write numbers, rounded to `decimals`, as their differences; one text for each row.

    Each difference becomes groups of five bits, the lowest first, a letter a group ("encoded
    polyline"): a path at rest is a row of one letter, which gzip makes vanish, and each number
    comes back exactly as it was rounded. `unpack` in plane.js reads a row.

    >>> pack(np.array([[0.5, 0.25, 0.25], [-1.0, -1.0, -1.0]]), 2)
    ['cBp@?', 'fE??']
    """
    rows = np.rint(values * 10.0**decimals).astype(np.int64).reshape(-1, values.shape[-1])
    moves = np.diff(rows, axis=-1, prepend=0)
    unsigned = (moves << 1) ^ (moves >> 63)
    groups = unsigned[..., None] >> np.arange(0, 60, 5)
    letters = (np.where(groups >= 32, 32 | (groups & 31), groups) + 63).astype(np.uint8)
    written = groups > 0
    written[..., 0] = True
    return [
        text[mask].tobytes().decode("ascii") for text, mask in zip(letters, written, strict=True)
    ]


def within_budget(figure: Figure, numbers: int, thin: str) -> Figure:
    """`figure`, if it is light enough for a page; otherwise a ValueError: how to thin it."""
    size = len(zlib.compress((as_json(figure.data) + figure.still).encode(), 9))
    if size > BUDGET:
        raise ValueError(
            f"a figure may put {BUDGET // 1000} kB (compressed) on its page, but this one has "
            f"{numbers:,} numbers that take {size // 1000} kB. {thin}: about "
            f"{100 * BUDGET // size} % of these fit."
        )
    return figure


def rising(argument: str, values: Any, *, above: float | None = None) -> list[float]:
    """`values` as a list of floats, each above the one before.

    >>> rising("step_sizes", [0.1, 0.05], above=0)
    Traceback (most recent call last):
    ValueError: step_sizes must be rising, each above the one before, but it is [0.1, 0.05] (list).
    """
    row: list[float] = numbers_in_a_row(
        argument, values, "cpu", torch.float64, above=above
    ).tolist()
    if any(after <= before for before, after in pairwise(row)):
        refuse(argument, values, "rising, each above the one before")
    return row
