"""Many paths of descent on one landscape, followed as far as they can be shown."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from .._arguments import integer, refuse
from ..descent.grid import descend_grid
from ..descent.objective import Array, Objective
from ._encode import fits, rising
from ._landscape import Landscape, on_cpu
from ._plane import plain

MOST_POINTS = 2_000_000
THIN = "Give fewer step_sizes, fewer starts or a smaller max_iter"
FAR = 100
"""A path further than this many picture widths away is no longer followed."""


class Paths(NamedTuple):
    """Descents from K starts with S step sizes, as far as they can be followed."""

    step_sizes: list[float]  # [S]
    starts: list[float]  # [K]
    iterations: int
    thetas: Array  # [S, K, iterations + 1]; the last point followed is repeated
    values: Array  # the same shape: the objective there
    slopes: Array  # the same shape: its derivative there
    last: Array  # [S, K] int: the last iteration followed


@on_cpu()
def walk_all(
    objective: Objective, land: Landscape, step_sizes: Any, starts: Any, max_iter: Any
) -> Paths:
    """Descend with every step size from every start, and stop following what runs away.

    Raises:
        TypeError, ValueError: the step sizes or starts are no rising numbers, a start lies outside
            the picture, `max_iter` is no whole number from 1, or there is far too much of it all.
    """
    steps = rising("step_sizes", step_sizes, above=0)
    begin = rising("starts", starts)
    iterations = integer("max_iter", max_iter, at_least=1)
    if begin[0] < land.low or begin[-1] > land.high:
        refuse("starts", starts, f"from low = {land.low:g} to high = {land.high:g}")
    points = len(steps) * len(begin) * (iterations + 1)
    if points > MOST_POINTS:
        raise ValueError(
            f"{len(steps)} step sizes, {len(begin)} starts and {iterations} iterations make "
            f"{points:,} points, too many for a page. {THIN}."
        )
    grid = descend_grid(objective, steps, begin, iterations)
    slopes = _slopes_at(objective, grid.thetas)
    reach = FAR * (land.high - land.low)
    near = (grid.thetas >= land.low - reach) & (grid.thetas <= land.high + reach)
    kept = near & fits(grid.thetas, land.decimals)
    kept &= fits(grid.objectives, land.value_decimals) & fits(slopes, land.value_decimals)
    last = np.where(kept.all(-1), iterations, kept.argmin(-1) - 1)
    if (last < 0).any():
        start = begin[int((last < 0).any(0).argmax())]
        raise ValueError(
            "objective must have a finite value and slope at every start, but at the start "
            f"{start:g} it has not."
        )
    shown = np.minimum(np.arange(iterations + 1), last[..., None])
    thetas, values, slopes = (
        np.take_along_axis(each, shown, -1) for each in (grid.thetas, grid.objectives, slopes)
    )
    return Paths(steps, begin, iterations, thetas, values, slopes, last)


def _slopes_at(objective: Objective, thetas: Array) -> Array:
    """The derivative at each theta, which torch computes for all of them at once."""
    theta = torch.from_numpy(thetas.ravel().copy()).requires_grad_()
    (slopes,) = torch.autograd.grad(objective(theta).sum(), theta)
    found: Array = slopes.numpy().reshape(thetas.shape)
    return found


def tail_of(thetas: Array) -> Array:
    """The last quarter of each path: what it does in the end."""
    return thetas[..., -max(3, thetas.shape[-1] // 4) :]


def settled(land: Landscape, paths: Paths) -> Array:
    """Which paths have come to rest, as far as the decimals tell: [S, K] bool.

    A path that hardly moves may also creep because its step is small: then it is in no minimum,
    and the slope is not 0.
    """
    unit = 10.0**-land.decimals
    still = np.abs(np.diff(tail_of(paths.thetas))).max(-1) < unit
    flat = np.abs(paths.slopes[..., -1]) < 10.0**-land.value_decimals
    for minimum in land.minima:
        flat |= np.abs(paths.thetas[..., -1] - minimum.theta) < 1.5 * unit
    calm: Array = still & flat & (paths.last == paths.iterations)
    return calm


def choice(paths: Paths, first: tuple[float, float] | None) -> tuple[int, int]:
    """The indices of the step size and the start that are shown at first."""
    steps, starts = paths.step_sizes, paths.starts
    if first is None:
        return (
            steps.index(0.05) if 0.05 in steps else len(steps) // 2,
            starts.index(-3.5) if -3.5 in starts else len(starts) // 2,
        )
    try:
        step, start = first
        return steps.index(step), starts.index(start)
    except (TypeError, ValueError):
        refuse("first", first, "a step size and a start that are both among the choices")


def described(paths: Paths) -> str:
    """What there is to choose from, in a line."""
    steps, starts = map(plain, paths.step_sizes), map(plain, paths.starts)
    return (
        f"Gradient descent with {_count(list(steps), 'step size')} from "
        f"{_count(list(starts), 'start')}, {paths.iterations:,} iterations each."
    )


def _count(choices: list[str], name: str) -> str:
    """How many there are, and from where to where.

    >>> _count(["0.5", "1.5"], "step size"), _count(["3"], "start")
    ('2 step sizes (0.5 to 1.5)', 'the start 3')
    """
    if len(choices) == 1:
        return f"the {name} {choices[0]}"
    return f"{len(choices)} {name}s ({choices[0]} to {choices[-1]})"


def paths_as_data(paths: Paths, words: list[str], chosen: tuple[int, int]) -> dict[str, Any]:
    """The choices and the outcomes for a script; a sentence that comes back is written once."""
    sentences = {sentence: index for index, sentence in enumerate(dict.fromkeys(words))}
    return {
        "steps": paths.step_sizes,
        "starts": paths.starts,
        "iterations": paths.iterations,
        "last": paths.last.ravel().tolist(),
        "sentences": list(sentences),
        "said": [sentences[sentence] for sentence in words],
        "chosen": chosen,
    }
