"""A 1-D objective as the figures about descent show it: its curve and its valleys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch

from .._arguments import number, refuse
from ..descent.minima import Minimum, find_minima
from ..descent.objective import Array, Objective, checked_elementwise
from ._encode import decimals_for, pack

CURVE_POINTS = 401


class Landscape(NamedTuple):
    """The objective between `low` and `high`, as every figure about descent shows it."""

    low: float
    high: float
    thetas: Array  # [CURVE_POINTS], evenly spaced
    values: Array  # [CURVE_POINTS]
    minima: tuple[Minimum, ...]
    ridges: Array  # the highest point between each minimum and the next
    decimals: int  # of a theta
    value_decimals: int  # of a value or a slope

    def theta(self, value: float) -> str:
        """A theta in words, with the minus sign of print."""
        return written(value, self.decimals)

    def value(self, value: float) -> str:
        """An objective's value in words."""
        return written(value, self.value_decimals)

    def valley(self, theta: Any) -> Any:
        """The index of the minimum in whose valley each theta lies."""
        return np.searchsorted(self.ridges, theta)

    def as_data(self) -> dict[str, Any]:
        """What the scripts need of it."""
        return {
            "low": self.low,
            "high": self.high,
            "decimals": self.decimals,
            "valueDecimals": self.value_decimals,
            "points": CURVE_POINTS,
            "curve": pack(self.values, self.value_decimals)[0],
            "minima": [
                {
                    "theta": round(m.theta, self.decimals) + 0.0,
                    "value": round(m.value, self.value_decimals) + 0.0,
                    "limit": float(f"{m.step_limit:.10g}") if m.step_limit < math.inf else None,
                    "name": limit_name(m),
                }
                for m in self.minima
            ],
        }


@contextmanager
def on_cpu() -> Iterator[None]:
    """On the CPU and with gradients, whatever the caller has set: the same bytes everywhere."""
    with torch.device("cpu"), torch.inference_mode(False), torch.enable_grad():
        yield


def written(value: float, decimals: int) -> str:
    """A number as the figures write it.

    >>> written(-3.12151, 4), written(-0.0, 4)
    ('−3.1215', '0')
    """
    rounded = round(value, decimals) + 0.0
    text = f"{rounded:.0f}" if rounded == int(rounded) else f"{rounded:.{decimals}f}"
    return text.replace("-", "−")


def limit_name(minimum: Minimum) -> str:
    """How the figures write the largest step that can rest in a minimum."""
    if minimum.kink:
        return "kink"
    limit = minimum.step_limit
    return "∞" if math.isinf(limit) else f"{limit:.4f}" if limit >= 0.001 else f"{limit:.2g}"


@on_cpu()
def survey(objective: Objective, low: Any, high: Any) -> Landscape:
    """Look at `objective` between `low` and `high`, on the CPU and in float64.

    Raises:
        TypeError, ValueError: a bound is wrong, or the objective is not 1-D, or not finite there.
    """
    low, high = number("low", low), number("high", high)
    if low >= high:
        refuse("high", high, f"above low = {low:g}")
    thetas = torch.linspace(low, high, CURVE_POINTS, dtype=torch.float64)
    checked_elementwise(objective, thetas)
    values = objective(thetas).detach().numpy()
    if not np.isfinite(values).all():
        where = thetas.numpy()[~np.isfinite(values)][0]
        raise ValueError(
            f"objective must be finite from low = {low:g} to high = {high:g}, but at "
            f"{where:g} it is not. Give another low or high."
        )
    minima = find_minima(objective, low, high)
    grid = thetas.numpy()
    wide = float(np.ptp(values))
    return Landscape(
        low, high, grid, values, minima, _ridges(grid, values, minima),
        decimals_for(high - low), decimals_for(wide),
    )  # fmt: skip


def _ridges(thetas: Array, values: Array, minima: tuple[Minimum, ...]) -> Array:
    at = np.searchsorted(thetas, [m.theta for m in minima])
    return np.array([thetas[a + values[a : b + 1].argmax()] for a, b in pairwise(at)])
