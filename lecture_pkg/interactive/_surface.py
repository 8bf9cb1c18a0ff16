"""An objective of two numbers as a surface seen from above: bands between contour lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch

from .._arguments import number, refuse
from ..descent.objective import Array, Objective, callable_objective, checked_value
from ._encode import decimals_for
from ._landscape import on_cpu

SIDE = 400
"""The side of the picture that the contours are drawn for."""

_GRID = 61
_SHARES = (np.arange(14, 0, -1) / 14) ** 2
"""How much of the square lies below each level: the levels crowd towards the minima."""


class Surface(NamedTuple):
    """The objective over a rectangle."""

    low: tuple[float, float]
    high: tuple[float, float]
    values: Array  # [61, 61], the second number along the first axis

    @property
    def decimals(self) -> int:
        return decimals_for(min(b - a for a, b in zip(self.low, self.high, strict=True)))

    @property
    def value_decimals(self) -> int:
        return decimals_for(float(np.ptp(self.values)))


def pair(argument: str, value: Any) -> tuple[float, float]:
    """`value` as two finite numbers.

    >>> pair("init", (0, -3))
    (0.0, -3.0)
    """
    try:
        first, second = value.tolist() if hasattr(value, "tolist") else value
    except (TypeError, ValueError):
        refuse(argument, value, "two finite numbers", TypeError)
    return number(f"{argument}[0]", first), number(f"{argument}[1]", second)


@on_cpu()
def survey_surface(objective: Objective, low: Any, high: Any) -> Surface:
    """Evaluate `objective`, which takes a tensor of two numbers, on a grid between two corners.

    Raises:
        TypeError, ValueError: a bound is wrong, or the objective does not make one number of two,
            or is not finite somewhere on the grid.
    """
    callable_objective(objective)
    corners = [
        pair(name, value if np.ndim(value) else (value, value))
        for name, value in (("low", low), ("high", high))
    ]
    if not all(a < b for a, b in zip(*corners, strict=True)):
        refuse("high", high, f"above low = {low} in both numbers")
    (x0, y0), (x1, y1) = corners
    across = torch.linspace(x0, x1, _GRID, dtype=torch.float64)
    up = torch.linspace(y0, y1, _GRID, dtype=torch.float64)
    points = torch.stack(torch.meshgrid(across, up, indexing="xy"), -1).reshape(-1, 2)
    _checked_pairwise(objective, points[0].clone().requires_grad_())
    with torch.no_grad():
        values = torch.stack([objective(point).reshape(()) for point in points])
    if not values.isfinite().all():
        where = points[int((~values.isfinite()).nonzero()[0])].tolist()
        raise ValueError(
            f"objective must be finite from low = {low} to high = {high}, but at {where} it is "
            "not. Give another low or high."
        )
    return Surface((x0, y0), (x1, y1), values.reshape(_GRID, _GRID).numpy())


def _checked_pairwise(objective: Objective, point: torch.Tensor) -> None:
    try:
        value = objective(point)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            "objective must take a tensor of two numbers and return one; for theta of shape (2,) "
            f"it raised {type(error).__name__}: {error}"
        ) from error
    checked_value(value)


def bands(surface: Surface) -> list[str]:
    """The regions below some levels, the whole first, as paths in a square of side `SIDE`.

    Drawn over one another, each a little transparent, they get denser towards the minima.
    """
    from contourpy import FillType, contour_generator  # matplotlib's own; not needed before

    scale = np.linspace(0, SIDE, _GRID)
    generator: Any = contour_generator(
        scale, scale[::-1], surface.values, fill_type=FillType.OuterOffset
    )
    lowest = float(surface.values.min()) - 1
    levels = np.quantile(surface.values, _SHARES)
    paths = []
    for level in np.unique(levels)[::-1]:
        polygons, offsets = generator.filled(lowest, float(level))
        rings = [
            polygon[a:b]
            for polygon, offset in zip(polygons, offsets, strict=True)
            for a, b in pairwise(offset)
        ]
        paths.append("".join(map(_ring, rings)))
    return paths


def _ring(points: Array) -> str:
    """A closed path in whole pixels, each point as the move from the one before."""
    whole = np.rint(points).astype(int)
    moves = np.diff(whole, axis=0)
    moves = moves[np.abs(moves).sum(1) > 0]
    return f"M{whole[0, 0]} {whole[0, 1]}l" + " ".join(f"{x} {y}" for x, y in moves) + "z"
