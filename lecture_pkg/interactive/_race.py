"""Several optimizers from one start on one surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch

from ..descent.objective import Array, Objective
from ..descent.path import DivergedError, gradient_descent
from ._encode import fits
from ._landscape import on_cpu, written
from ._paths import FAR, tail_of
from ._surface import Surface

Factory = Callable[[list[torch.Tensor]], torch.optim.Optimizer]


class Race(NamedTuple):
    """The paths of all optimizers, as far as they can be followed."""

    names: list[str]  # [N]
    rates: list[float | None]  # [N], the learning rate of each, where it has one
    thetas: Array  # [N, iterations + 1, 2]; the last point followed is repeated
    values: Array  # [N, iterations + 1]
    last: list[int]  # [N], the last iteration followed
    decimals: int  # of a theta
    value_decimals: int


@on_cpu()
def run_race(
    objective: Objective,
    surface: Surface,
    optimizers: Mapping[str, Factory],
    start: tuple[float, float],
    steps: int,
) -> Race:
    """Let every optimizer take its steps, and stop following what runs away."""
    init = torch.tensor(start, dtype=torch.float64)
    reach = FAR * (np.array(surface.high) - surface.low)
    rates, thetas, values, last = [], [], [], []
    for factory in optimizers.values():
        rates.append(_rate(factory))
        try:
            path = gradient_descent(objective, max_iter=steps, init=init, optimizer=factory)
        except DivergedError as error:
            path = error.path
        near = (np.abs(path.thetas - np.array(surface.low)) < reach).all(1)
        kept = near & fits(path.objectives, surface.value_decimals)
        end = len(kept) - 1 if kept.all() else int(kept.argmin()) - 1
        shown = np.minimum(np.arange(steps + 1), end)
        thetas.append(path.thetas[shown])
        values.append(path.objectives[shown])
        last.append(end)
    return Race(
        list(optimizers), rates, np.stack(thetas), np.stack(values), last,
        surface.decimals, surface.value_decimals,
    )  # fmt: skip


def outcome(race: Race, index: int) -> str:
    """What became of one optimizer, in a sentence."""
    steps = race.values.shape[1] - 1
    if race.last[index] < steps:
        return f"diverged at iteration {race.last[index] + 1}."
    path = race.thetas[index]
    place = ", ".join(written(value, race.decimals) for value in path[-1])
    value = written(race.values[index, -1], race.value_decimals)
    moves = np.abs(np.diff(tail_of(path.T))).max()
    verb = "rests" if moves < 10.0**-race.decimals else "is still moving,"
    return f"{verb} at ({place}), value {value}."


def _rate(factory: Factory) -> float | None:
    """The learning rate that a factory sets."""
    made = factory([torch.zeros(2, requires_grad=True)])
    rate = made.param_groups[0].get("lr") if isinstance(made, torch.optim.Optimizer) else None
    return float(rate) if isinstance(rate, int | float) else None
