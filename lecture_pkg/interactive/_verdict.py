"""What a path of gradient descent did, and why, in words."""

from __future__ import annotations

import math

import numpy as np

from ..descent.minima import Minimum
from ..descent.objective import Array
from ._landscape import Landscape, limit_name
from ._paths import FAR, Paths, settled, tail_of
from ._plane import plain


def verdicts(land: Landscape, paths: Paths) -> list[str]:
    """A sentence or two for every path, in the order of `paths.thetas`."""
    rests = settled(land, paths)
    return [verdict(land, paths, at, bool(rests[at])) for at in np.ndindex(rests.shape)]


def told(paths: Paths, words: list[str], chosen: tuple[int, int]) -> str:
    """The chosen path and its sentence."""
    step, start = chosen
    said = words[step * len(paths.starts) + start]
    named = f"Step {plain(paths.step_sizes[step])} from {plain(paths.starts[start])}"
    return f"{named}: {said[0].lower()}{said[1:]}"


def verdict(land: Landscape, paths: Paths, at: tuple[int, ...], rests: bool) -> str:
    """What happened to one path, and why, in a sentence or two."""
    last, path = int(paths.last[at]), paths.thetas[at]
    if last < paths.iterations:
        return (
            f"Diverged at iteration {last + 1}: it left the picture by more than {FAR} times its "
            "width, and is not followed further."
        )
    if not land.low <= path[-1] <= land.high:
        return f"Left the picture: after {last} iterations it is at {land.theta(path[-1])}."
    tail = tail_of(path)
    moves = np.diff(tail)
    size = paths.step_sizes[at[0]]
    valleys = np.unique(land.valley(tail)) if land.minima else np.array([], int)
    home = land.minima[valleys[0]] if len(valleys) == 1 else None
    if rests:
        words = _rest(land, path[-1], paths.values[at][-1], home, size)
    elif (moves >= 0).all() or (moves <= 0).all():
        words = _on_its_way(land, path, home)
    elif home is None:
        return _wander(land, valleys, size, len(tail))
    else:
        words = _bounce(land, tail, home, size)
    return words + _origin(land, path[0], home, size)


def _rest(land: Landscape, theta: float, value: float, home: Minimum | None, step: float) -> str:
    words = f"Rests at {land.theta(theta)}, value {land.value(value)}"
    if home is None or home.kink:
        return f"{words}."
    return f"{words}: the step {plain(step)} is below 2/f″ = {limit_name(home)} there."


def _on_its_way(land: Landscape, path: Array, home: Minimum | None) -> str:
    goal = f" towards {land.theta(home.theta)}" if home else ""
    return (
        f"Still on its way{goal} after {len(path) - 1} iterations, at {land.theta(path[-1])}: "
        "with this step it needs more of them."
    )


def _bounce(land: Landscape, tail: Array, home: Minimum, step: float) -> str:
    away = np.abs(tail - home.theta)
    half = len(tail) // 2
    place = land.theta(home.theta)
    if home.kink:
        return (
            f"Bounces around the kink at {place}, up to {away.max():.2g} away: the slope jumps "
            "there instead of fading, so only a smaller step comes closer."
        )
    if step < home.step_limit and away[half:].max() < 0.9 * away[:half].max():
        return (
            f"Closes in on {place}, from side to side: the step {plain(step)} is only just below "
            f"2/f″ = {limit_name(home)} there."
        )
    if step < home.step_limit:
        return (
            f"Bounces around {place} without falling in: the step {plain(step)} is below 2/f″ = "
            f"{limit_name(home)} there, but that holds only close to the minimum."
        )
    side = "exactly" if math.isclose(step, home.step_limit) else "above"
    return (
        f"Bounces around {place}: the step {plain(step)} is {side} 2/f″ = {limit_name(home)} there."
    )


def _origin(land: Landscape, start: float, home: Minimum | None, step: float) -> str:
    """Why a path did not stay where it started; or, if it did, what it missed."""
    if home is None:
        return ""
    first = land.minima[int(land.valley(start))]
    if first != home:
        place = land.theta(first.theta)
        if first.kink:
            return f" It started in the valley of the kink at {place}."
        if first.step_limit < step:
            return f" It started in the valley of {place}, but 2/f″ is {limit_name(first)} there."
        return f" It started in the valley of {place}, but overshot it."
    best = min(land.minima, key=lambda m: m.value)
    if best.value < home.value - 10.0**-land.value_decimals:
        value, place = land.value(best.value), land.theta(best.theta)
        return f" The lowest value, {value}, lies in another valley, at {place}."
    return ""


def _wander(land: Landscape, valleys: Array, step: float, iterations: int) -> str:
    visited = [land.minima[i] for i in valleys]
    if not visited:
        return f"Does not settle in the last {iterations} iterations."
    words = (
        f"Never settles: its last {iterations} iterations visit {len(visited)} valleys, from "
        f"{land.theta(visited[0].theta)} to {land.theta(visited[-1].theta)}."
    )
    holding = [m for m in visited if not m.kink and m.step_limit > step]
    if not holding:
        return f"{words} The step {plain(step)} is above 2/f″ in all of them."
    best = max(holding, key=lambda m: m.step_limit)
    return (
        f"{words} Of these, {land.theta(best.theta)} could hold the step {plain(step)} (2/f″ = "
        f"{limit_name(best)}), but it has not come close enough."
    )
