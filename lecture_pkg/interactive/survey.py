"""An objective of one number between two ends, many descents on it, and what became of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from .._arguments import integer, number, refuse
from ..descent.grid import descend_grid
from ..descent.minima import Minimum, find_minima
from ..descent.objective import Array, Objective, checked_elementwise, numbers_in_a_row
from ..values import plain, rounded
from .figure import figure_decimals, fits, on_cpu, pack

THIN = "Give fewer step_sizes, fewer starts or a smaller max_iter"
FAR = 100
"""A path further than this many picture widths away is no longer followed."""

_CURVE_POINTS = 401
_MOST_POINTS = 2_000_000


class Outcome(NamedTuple):
    """What one path did: the facts that its sentence tells."""

    kind: Literal["lost", "outside", "rests", "goes on", "bounces", "wanders"]
    step: float
    last: int  # the last iteration followed
    theta: float  # where it is then
    value: float
    rests: bool = False  # whether it has come to rest, as far as the decimals tell
    tail: int = 0  # how many of the last iterations the rest was read from
    visited: tuple[Minimum, ...] = ()  # in whose valleys these lie, from left to right
    origin: Minimum | None = None  # in whose valley the start lies
    swing: float = 0.0  # how far these are from the minimum, if they lie in one valley
    closing: bool = False  # and whether the later half of them is clearly nearer to it

    @property
    def home(self) -> Minimum | None:
        """The minimum of the one valley that the path stays in."""
        return self.visited[0] if len(self.visited) == 1 else None


@dataclass(frozen=True, eq=False)
class Survey:
    """Descents from K starts with S step sizes, on an objective between `low` and `high`."""

    low: float
    high: float
    curve: Array  # the objective at [_CURVE_POINTS] evenly spaced places
    minima: tuple[Minimum, ...]
    ridges: Array  # the highest point between each minimum and the next
    step_sizes: list[float]  # [S]
    starts: list[float]  # [K]
    iterations: int
    thetas: Array  # [S, K, iterations + 1]; the last point followed is repeated
    values: Array  # the same shape: the objective there
    slopes: Array  # the same shape: its derivative there
    last: Array  # [S, K] int: the last iteration followed
    chosen: tuple[int, int]  # the step size and the start that are shown at first

    @property
    def across(self) -> Array:
        """Where the curve is known."""
        return np.linspace(self.low, self.high, len(self.curve))

    @property
    def decimals(self) -> int:
        """Of a theta."""
        return figure_decimals(self.high - self.low)

    @property
    def value_decimals(self) -> int:
        """Of a value or a slope."""
        return figure_decimals(float(np.ptp(self.curve)))

    def valley(self, theta: Any) -> Any:
        """The index of the minimum in whose valley each theta lies."""
        return np.searchsorted(self.ridges, theta)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What became of each path, in the order of `thetas`."""
        return [_outcome(self, at) for at in np.ndindex(self.last.shape)]

    @cached_property
    def sentences(self) -> list[str]:
        """The same in words."""
        return [_sentence(self, outcome) for outcome in self.outcomes]

    @property
    def rests(self) -> Array:
        """Which paths have come to rest, [S, K]."""
        return np.reshape([outcome.rests for outcome in self.outcomes], self.last.shape)

    @property
    def story(self) -> str:
        """The chosen path and its sentence."""
        step, start = self.chosen
        said = self.sentences[step * len(self.starts) + start]
        named = f"Step {plain(self.step_sizes[step])} from {plain(self.starts[start])}"
        return f"{named}: {said[0].lower()}{said[1:]}"

    @property
    def offer(self) -> str:
        """What there is to choose from, in a line."""
        return (
            f"Gradient descent with {_count(self.step_sizes, 'step size')} from "
            f"{_count(self.starts, 'start')}, {self.iterations:,} iterations each."
        )

    def theta(self, value: float) -> str:
        """A theta in words."""
        return rounded(value, self.decimals)

    def value(self, value: float) -> str:
        """An objective's value in words."""
        return rounded(value, self.value_decimals)

    def as_data(self) -> dict[str, Any]:
        """What every script needs of it; a sentence that comes back is written once."""
        places = {sentence: index for index, sentence in enumerate(dict.fromkeys(self.sentences))}
        return {
            "low": self.low,
            "high": self.high,
            "decimals": self.decimals,
            "valueDecimals": self.value_decimals,
            "points": len(self.curve),
            "curve": pack(self.curve, self.value_decimals)[0],
            "minima": [
                {
                    "theta": round(m.theta, self.decimals) + 0.0,
                    "value": round(m.value, self.value_decimals) + 0.0,
                    "limit": float(f"{m.step_limit:.10g}") if m.step_limit < math.inf else None,
                    "name": limit_name(m),
                }
                for m in self.minima
            ],
            "steps": self.step_sizes,
            "starts": self.starts,
            "iterations": self.iterations,
            "last": self.last.ravel().tolist(),
            "sentences": list(places),
            "said": [places[sentence] for sentence in self.sentences],
            "chosen": self.chosen,
        }


@on_cpu()
def survey(
    objective: Objective,
    step_sizes: Any,
    starts: Any,
    max_iter: Any,
    low: Any,
    high: Any,
    first: tuple[float, float] | None,
    shares: Array,
) -> Survey:
    """Look at `objective` between two ends and descend on it, on the CPU and in float64.

    Args:
        objective: elementwise, see `explore_descent`, as all that follows.
        step_sizes: positive and rising.
        starts: rising, from `low` to `high`; None for those at `shares` of the way.
        max_iter: 1 or more.
        low: left end of the picture.
        high: right end.
        first: what is shown at first, or None.
        shares: where between the ends the usual starts lie, from 0 to 1.

    Raises:
        TypeError, ValueError: see `explore_descent`.
    """
    low, high = number("low", low), number("high", high)
    if low >= high:
        refuse("high", high, f"above low = {low:g}")
    curve = _curve(objective, low, high)
    minima = find_minima(objective, low, high)
    if starts is None:
        starts = (low + (high - low) * shares).round(figure_decimals(high - low))
    steps, begin = _rising("step_sizes", step_sizes, above=0), _rising("starts", starts)
    if begin[0] < low or begin[-1] > high:
        refuse("starts", starts, f"from low = {low:g} to high = {high:g}")
    max_iter = integer("max_iter", max_iter, at_least=1)
    chosen = _choice(steps, begin, first)
    points = len(steps) * len(begin) * (max_iter + 1)
    if points > _MOST_POINTS:
        raise ValueError(
            f"{len(steps)} step sizes, {len(begin)} starts and {max_iter} iterations make "
            f"{points:,} points, too many for a page. {THIN}."
        )
    found = Survey(
        low, high, curve, minima, _ridges(low, high, curve, minima), steps, begin, max_iter,
        *_paths(objective, steps, begin, max_iter), np.empty(0, int), chosen,
    )  # fmt: skip
    return _as_far_as_shown(found)


def _curve(objective: Objective, low: float, high: float) -> Array:
    """The objective between its ends; a ValueError where it is not finite."""
    thetas = torch.linspace(low, high, _CURVE_POINTS, dtype=torch.float64)
    checked_elementwise(objective, thetas)
    values: Array = objective(thetas).detach().numpy()
    if not np.isfinite(values).all():
        where = thetas.numpy()[~np.isfinite(values)][0]
        raise ValueError(
            f"objective must be finite from low = {low:g} to high = {high:g}, but at "
            f"{where:g} it is not. Give another low or high."
        )
    return values


def _ridges(low: float, high: float, curve: Array, minima: tuple[Minimum, ...]) -> Array:
    across = np.linspace(low, high, len(curve))
    at = np.searchsorted(across, [m.theta for m in minima])
    return np.array([across[a + curve[a : b + 1].argmax()] for a, b in pairwise(at)])


def _rising(argument: str, values: Any, *, above: float | None = None) -> list[float]:
    """`values` as a list of floats, each above the one before.

    >>> _rising("step_sizes", [0.1, 0.05], above=0)
    Traceback (most recent call last):
    ValueError: step_sizes must be rising, each above the one before, but it is [0.1, 0.05] (list).
    """
    row: list[float] = numbers_in_a_row(
        argument, values, "cpu", torch.float64, above=above
    ).tolist()
    if any(after <= before for before, after in pairwise(row)):
        refuse(argument, values, "rising, each above the one before")
    return row


def _choice(
    steps: list[float], starts: list[float], first: tuple[float, float] | None
) -> tuple[int, int]:
    """The indices of the step size and the start that are shown at first."""
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


def _paths(
    objective: Objective, steps: list[float], starts: list[float], iterations: int
) -> tuple[Array, Array, Array]:
    """Points, values and slopes of all paths, [S, K, iterations + 1]."""
    grid = descend_grid(objective, steps, starts, iterations)
    theta = torch.from_numpy(grid.thetas.ravel()).requires_grad_()
    (slopes,) = torch.autograd.grad(objective(theta).sum(), theta)
    return grid.thetas, grid.objectives, slopes.numpy().reshape(grid.thetas.shape)


def _as_far_as_shown(found: Survey) -> Survey:
    """Paths that run away are followed no further; a ValueError where one cannot even begin."""
    reach = FAR * (found.high - found.low)
    kept = (found.thetas >= found.low - reach) & (found.thetas <= found.high + reach)
    kept &= fits(found.thetas, found.decimals)
    kept &= fits(found.values, found.value_decimals) & fits(found.slopes, found.value_decimals)
    last = np.where(kept.all(-1), found.iterations, kept.argmin(-1) - 1)
    if (last < 0).any():
        start = found.starts[int((last < 0).any(0).argmax())]
        raise ValueError(
            "objective must have a finite value and slope at every start, but at the start "
            f"{start:g} it has not."
        )
    upto = np.minimum(np.arange(found.iterations + 1), last[..., None])
    thetas, values, slopes = (
        np.take_along_axis(each, upto, -1) for each in (found.thetas, found.values, found.slopes)
    )
    return replace(found, thetas=thetas, values=values, slopes=slopes, last=last)


def tail_of(path: Array) -> Array:
    """The last quarter of a path: what it does in the end."""
    return path[..., -max(3, path.shape[-1] // 4) :]


def limit_name(minimum: Minimum) -> str:
    """How the figures write the largest step that can rest in a minimum."""
    if minimum.kink:
        return "kink"
    limit = minimum.step_limit
    return "∞" if math.isinf(limit) else f"{limit:.4f}" if limit >= 0.001 else f"{limit:.2g}"


def _count(choices: list[float], name: str) -> str:
    """How many there are, and from where to where.

    >>> _count([0.5, 1.5], "step size"), _count([-3], "start")
    ('2 step sizes (0.5 to 1.5)', 'the start −3')
    """
    if len(choices) == 1:
        return f"the {name} {plain(choices[0])}"
    return f"{len(choices)} {name}s ({plain(choices[0])} to {plain(choices[-1])})"


# What became of a path: first the facts, then the words.


def _outcome(found: Survey, at: tuple[int, ...]) -> Outcome:
    """What became of the path with these indices."""
    last, path = int(found.last[at]), found.thetas[at]
    seen = Outcome("lost", found.step_sizes[at[0]], last, path[-1], found.values[at][-1])
    if last < found.iterations:
        return seen
    tail = tail_of(path)
    moves = np.diff(tail)
    seen = seen._replace(rests=_settled(found, at, moves), tail=len(tail))
    if not found.low <= path[-1] <= found.high:
        return seen._replace(kind="outside")
    if found.minima:
        valleys = np.unique(found.valley(tail))
        seen = seen._replace(
            visited=tuple(found.minima[i] for i in valleys),
            origin=found.minima[int(found.valley(path[0]))],
        )
    if seen.rests:
        return seen._replace(kind="rests")
    if (moves >= 0).all() or (moves <= 0).all():
        return seen._replace(kind="goes on")
    if seen.home is None:
        return seen._replace(kind="wanders")
    away = np.abs(tail - seen.home.theta)
    half = len(tail) // 2
    closing = bool(away[half:].max() < 0.9 * away[:half].max())
    return seen._replace(kind="bounces", swing=float(away.max()), closing=closing)


def _settled(found: Survey, at: tuple[int, ...], moves: Array) -> bool:
    """Whether a path has come to rest, as far as the decimals tell.

    One that hardly moves may also creep because its step is small: then it is in no minimum, and
    the slope is not 0.
    """
    unit = 10.0**-found.decimals
    if np.abs(moves).max() >= unit:
        return False
    flat = np.abs(found.slopes[at][-1]) < 10.0**-found.value_decimals
    near = (np.abs(found.thetas[at][-1] - m.theta) < 1.5 * unit for m in found.minima)
    return bool(flat) or any(near)


def _sentence(found: Survey, outcome: Outcome) -> str:
    """A sentence or two on what happened, and why."""
    if outcome.kind == "lost":
        return (
            f"Diverged at iteration {outcome.last + 1}: it left the picture by more than {FAR} "
            "times its width, and is not followed further."
        )
    place = found.theta(outcome.theta)
    if outcome.kind == "outside":
        return f"Left the picture: after {outcome.last} iterations it is at {place}."
    if outcome.kind == "wanders":
        return _wandering(found, outcome)
    if outcome.kind == "rests":
        words = f"Rests at {place}, value {found.value(outcome.value)}{_holding(outcome)}."
    elif outcome.kind == "goes on":
        goal = f" towards {found.theta(outcome.home.theta)}" if outcome.home else ""
        words = (
            f"Still on its way{goal} after {outcome.last} iterations, at {place}: "
            "with this step it needs more of them."
        )
    else:
        words = _bouncing(found, outcome)
    return words + _origin(found, outcome)


def _holding(outcome: Outcome) -> str:
    home = outcome.home
    if home is None or home.kink:
        return ""
    return f": the step {plain(outcome.step)} is below 2/f″ = {limit_name(home)} there"


def _bouncing(found: Survey, outcome: Outcome) -> str:
    home, step = outcome.home, plain(outcome.step)
    assert home is not None
    place, limit = found.theta(home.theta), limit_name(home)
    if home.kink:
        return (
            f"Bounces around the kink at {place}, up to {outcome.swing:.2g} away: the slope jumps "
            "there instead of fading, so only a smaller step comes closer."
        )
    if outcome.step >= home.step_limit:
        side = "exactly" if math.isclose(outcome.step, home.step_limit) else "above"
        return f"Bounces around {place}: the step {step} is {side} 2/f″ = {limit} there."
    if outcome.closing:
        return (
            f"Closes in on {place}, from side to side: the step {step} is only just below "
            f"2/f″ = {limit} there."
        )
    return (
        f"Bounces around {place} without falling in: the step {step} is below 2/f″ = {limit} "
        "there, but that holds only close to the minimum."
    )


def _origin(found: Survey, outcome: Outcome) -> str:
    """Why a path did not stay where it started; or, if it did, what it missed."""
    home, first = outcome.home, outcome.origin
    if home is None or first is None:
        return ""
    if first != home:
        place = found.theta(first.theta)
        if first.kink:
            return f" It started in the valley of the kink at {place}."
        if first.step_limit < outcome.step:
            return f" It started in the valley of {place}, but 2/f″ is {limit_name(first)} there."
        return f" It started in the valley of {place}, but overshot it."
    best = min(found.minima, key=lambda m: m.value)
    if best.value < home.value - 10.0**-found.value_decimals:
        value, place = found.value(best.value), found.theta(best.theta)
        return f" The lowest value, {value}, lies in another valley, at {place}."
    return ""


def _wandering(found: Survey, outcome: Outcome) -> str:
    visited, step = outcome.visited, plain(outcome.step)
    if not visited:
        return f"Does not settle in the last {outcome.tail} iterations."
    words = (
        f"Never settles: its last {outcome.tail} iterations visit {len(visited)} valleys, from "
        f"{found.theta(visited[0].theta)} to {found.theta(visited[-1].theta)}."
    )
    holding = [m for m in visited if not m.kink and m.step_limit > outcome.step]
    if not holding:
        return f"{words} The step {step} is above 2/f″ in all of them."
    best = max(holding, key=lambda m: m.step_limit)
    return (
        f"{words} Of these, {found.theta(best.theta)} could hold the step {step} (2/f″ = "
        f"{limit_name(best)}), but it has not come close enough."
    )
