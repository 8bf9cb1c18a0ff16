"""An objective of one number between two ends, many descents on it, and what became of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from .._arguments import integer, number, refuse
from ..descent.grid import descend_grid
from ..descent.minima import Minimum, curvatures, find_minima, find_ridges, slopes_at
from ..descent.objective import (
    Array,
    Objective,
    as_array,
    checked_elementwise,
    computing_in,
    numbers_in_a_row,
)
from ..values import fixed, minus, plain, rounded
from .figure import figure_decimals, on_cpu, pack, spread

THIN = "Give fewer step_sizes, fewer starts or a smaller max_iter"
FAR = 100
"""A path further than this many picture widths away is no longer followed."""

_CURVE_POINTS = 401
_FEWEST = 4  # step sizes or starts that are left when a page can carry no more
_FRAME = 20  # what lies further out than so many spreads of the values is not drawn
_CURVE_PARTS = 2_000  # parts of the picture's height, to which the curve is kept
_MOST_POINTS = 2_000_000


class Outcome(NamedTuple):
    """What one path did: the facts that its sentence tells, all computed for this path."""

    kind: Literal[
        "diverged", "far", "outside", "rests", "stays", "stuck", "goes on", "bounces", "wanders"
    ]
    step: float
    last: int  # the last iteration followed
    theta: float  # where it is then
    value: float
    slope: float
    curvature: float  # f″ there
    rests: bool = False  # whether it has come to rest there
    ground: str = ""  # what kind of place that is, if the slope is 0 and it is no minimum
    tail: int = 0  # how many of the last iterations the rest was read from
    origin: Minimum | None = None  # in whose valley the start lies
    ridge: bool = False  # whether it lies on a ridge
    crossed: float | None = None  # the ridge over which the path first left that valley
    visited: tuple[Minimum, ...] = ()  # in whose valleys the tail lies, from left to right
    beyond: bool = False  # whether some of it lies too far outside to say in which
    home: Minimum | None = None  # in whose valley all of it lies
    swing: float = 0.0  # how far from home
    around: bool = False  # whether it is on both sides of home
    crossing: bool = False  # on the other side each time
    closing: bool = False  # and nearer


@dataclass(frozen=True, eq=False)
class Survey:
    """Descents from K starts with S step sizes, on an objective between `low` and `high`."""

    low: float
    high: float
    curve: Array  # the objective at [_CURVE_POINTS] evenly spaced places
    everywhere: tuple[Minimum, ...]  # the minima, also those up to a picture's width outside
    borders: Array  # the thetas of the ridges, as far as that: where one valley ends
    step_sizes: list[float]  # [S]
    starts: list[float]  # [K]
    iterations: int
    thetas: Array  # [S, K, iterations + 1]; the last point followed is repeated
    values: Array  # the same shape: the objective there
    slopes: Array  # the same shape: its derivative there
    last: Array  # [S, K] int: the last iteration followed
    diverged: Array  # [S, K] bool: what comes after that is not finite
    bends: Array  # [S, K]: f″ at the last point followed
    beside: Array  # [2, S, K]: the value a little left and a little right of it
    chosen: tuple[int, int]  # the step size and the start that are shown at first
    thinned: bool = False  # whether there are fewer step sizes or starts than usual

    @property
    def across(self) -> Array:
        """Where the curve is known."""
        return np.linspace(self.low, self.high, len(self.curve))

    @cached_property
    def frame(self) -> tuple[float, float]:
        """The values at the lower and the upper edge of the picture; poles lie outside."""
        low, high = float(self.curve.min()), float(self.curve.max())
        first, last = np.quantile(self.curve, [0.1, 0.9])
        room = _FRAME * spread(self.curve)
        bottom = min([float(first) - room, *(m.value for m in self.minima)])
        return max(low, bottom), min(high, float(last) + room)

    @property
    def decimals(self) -> int:
        """Of a theta."""
        return figure_decimals(self.high - self.low)

    @property
    def unit(self) -> float:
        """The last decimal of a theta: what is nearer than that looks the same."""
        return 10.0**-self.decimals

    @cached_property
    def value_decimals(self) -> int:
        """Of a value or a slope."""
        return figure_decimals(spread(self.curve))

    @cached_property
    def minima(self) -> list[Minimum]:
        """Those in the picture."""
        return [m for m in self.everywhere if self.low <= m.theta <= self.high]

    @cached_property
    def ridges(self) -> Array:
        """Those in the picture."""
        return self.borders[(self.low < self.borders) & (self.borders < self.high)]

    def valley(self, theta: Any) -> Any:
        """The number of the valley in which each theta lies, from left to right; −1 far outside."""
        width = self.high - self.low
        known = (self.low - width <= theta) & (theta <= self.high + width)
        return np.where(known, np.searchsorted(self.borders, theta), -1)

    @cached_property
    def homes(self) -> dict[int, Minimum]:
        """The minimum of each valley; where the ground falls out of sight there is none."""
        return {int(np.searchsorted(self.borders, m.theta)): m for m in self.everywhere}

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

    def lighter(self, *, steps: bool, starts: bool) -> Iterator[Survey]:
        """The same, then with ever fewer step sizes and starts, where these may be left out."""
        found = self
        while True:
            yield found
            many = [len(found.step_sizes) * steps, len(found.starts) * starts]
            axis = many.index(max(many))
            if many[axis] <= _FEWEST:
                return
            found = found._halved(axis)

    def _halved(self, axis: int) -> Survey:
        """Every other step size (axis 0) or start (axis 1), with the one that is chosen."""
        chosen, kept = list(self.chosen), [slice(None), slice(None)]
        kept[axis] = slice(chosen[axis] % 2, None, 2)
        chosen[axis] //= 2
        rows, columns = kept
        return replace(
            self, step_sizes=self.step_sizes[rows], starts=self.starts[columns],
            thetas=self.thetas[rows, columns], values=self.values[rows, columns],
            slopes=self.slopes[rows, columns], last=self.last[rows, columns],
            diverged=self.diverged[rows, columns], bends=self.bends[rows, columns],
            beside=self.beside[:, rows, columns], chosen=(chosen[0], chosen[1]), thinned=True,
        )  # fmt: skip

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

    @property
    def notes(self) -> str:
        """What else a reader must know of the picture, to follow a caption."""
        low, high = self.frame
        said = " There are fewer choices than usual: a page can carry no more." * self.thinned
        cuts = [f"below {_coarse(low)}"] * bool(low > self.curve.min())
        cuts += [f"above {_coarse(high)}"] * bool(high < self.curve.max())
        said += f" The picture is cut {' and '.join(cuts)}." if cuts else ""
        return said

    def theta(self, value: float) -> str:
        """A theta in words."""
        return rounded(value, self.decimals)

    def value(self, value: float) -> str:
        """An objective's value in words."""
        return rounded(value, self.value_decimals)

    def as_data(self) -> dict[str, Any]:
        """What every script needs of it; a sentence that comes back is written once."""
        places = {sentence: index for index, sentence in enumerate(dict.fromkeys(self.sentences))}
        low, high = self.frame
        unit = (high - low) / _CURVE_PARTS or 1.0
        return {
            "low": self.low,
            "high": self.high,
            "decimals": self.decimals,
            "valueDecimals": self.value_decimals,
            "points": len(self.curve),
            "curve": pack((self.curve.clip(2 * low - high, 2 * high - low) - low) / unit, 0)[0],
            "unit": unit,
            "bottom": low,
            "top": high,
            "ridges": [round(ridge, self.decimals) + 0.0 for ridge in self.ridges.tolist()],
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
    objective = computing_in(torch.float64, objective, "cpu")
    curve = _curve(objective, low, high)
    if starts is None:
        starts = _usual_starts(objective, low, high, shares)
    steps, begin = rising("step_sizes", step_sizes, above=0), rising("starts", starts)
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
    # valleys reach beyond the picture: look as closely at what lies beside it
    wide = {"low": 2 * low - high, "high": 2 * high - low, "points": 30_001}
    ridges = find_ridges(objective, **wide)
    thetas, values, slopes = _paths(objective, steps, begin, max_iter)
    last, diverged = _followed(low, high, begin, thetas, values, slopes)
    upto = np.minimum(np.arange(max_iter + 1), last[..., None])
    thetas, values, slopes = (
        np.take_along_axis(each, upto, -1) for each in (thetas, values, slopes)
    )
    bends, beside = _surroundings(objective, thetas[..., -1], (high - low) * 1e-4)
    return Survey(
        low, high, curve, find_minima(objective, **wide), np.array([r.theta for r in ridges]),
        steps, begin, max_iter, thetas, values, slopes, last, diverged, bends, beside, chosen,
    )  # fmt: skip


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


def _usual_starts(objective: Objective, low: float, high: float, shares: Array) -> Array:
    """Those at `shares` of the way from `low` to `high` at which a descent can begin."""
    starts = (low + (high - low) * shares).round(figure_decimals(high - low)).clip(low, high)
    theta = torch.from_numpy(starts)
    usable: Array = (objective(theta).isfinite() & slopes_at(objective, theta).isfinite()).numpy()
    return starts[usable] if usable.any() else starts


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
    slopes = slopes_at(objective, torch.from_numpy(grid.thetas.ravel())).numpy()
    return grid.thetas, grid.objectives, slopes.reshape(grid.thetas.shape)


def _followed(
    low: float, high: float, starts: list[float], thetas: Array, values: Array, slopes: Array
) -> tuple[Array, Array]:
    """The last iteration to which each path is followed, and whether it diverges after that.

    A path that runs far away is followed no further; a ValueError where one cannot even begin.
    """
    reach = FAR * (high - low)
    finite = np.isfinite(thetas) & np.isfinite(values) & np.isfinite(slopes)
    kept = finite & (thetas >= low - reach) & (thetas <= high + reach)
    end = thetas.shape[-1] - 1
    last = np.where(kept.all(-1), end, kept.argmin(-1) - 1)
    if (last < 0).any():
        start = starts[int((last < 0).any(0).argmax())]
        raise ValueError(
            "objective must have a finite value and slope at every start, but at the start "
            f"{start:g} it has not."
        )
    following = np.minimum(last + 1, end)[..., None]
    return last, ~np.take_along_axis(finite, following, -1)[..., 0]


def _surroundings(objective: Objective, ends: Array, reach: float) -> tuple[Array, Array]:
    """f″ at each end, and the value a little left and a little right of it."""
    theta = torch.from_numpy(ends.ravel())
    beside = torch.stack([objective(theta - reach), objective(theta + reach)]).detach()
    bends = as_array(curvatures(objective, theta)).reshape(ends.shape)
    return bends, beside.numpy().reshape(2, *ends.shape)


def tail_of(path: Array) -> Array:
    """The last quarter of a path: what it does in the end."""
    return path[..., -max(3, path.shape[-1] // 4) :]


def limit_name(minimum: Minimum) -> str:
    """How the figures write the largest step that can rest in a minimum."""
    if minimum.kink:
        return "kink"
    limit = minimum.step_limit
    if math.isinf(limit):
        return "∞"
    return fixed(limit, 4) if limit >= 0.001 else minus(f"{limit:.2g}")


def _coarse(value: float) -> str:
    """A number to two digits: enough for an edge."""
    return plain(float(f"{value:.2g}"))


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
    seen = Outcome(
        "diverged" if found.diverged[at] else "far", found.step_sizes[at[0]], last,
        path[-1], found.values[at][-1], found.slopes[at][-1], found.bends[at],
    )  # fmt: skip
    if last < found.iterations:
        return seen
    tail = tail_of(path)
    valleys = np.unique(found.valley(tail)).tolist()
    seen = seen._replace(
        tail=len(tail),
        origin=found.homes.get(int(found.valley(path[0]))),
        ridge=bool((np.abs(found.borders - path[0]) < 1.5 * found.unit).any()),
        crossed=_crossed(found, path),
        visited=tuple(found.homes[each] for each in valleys if each in found.homes),
        beyond=-1 in valleys,
        home=found.homes.get(valleys[0]) if len(valleys) == 1 else None,
    )
    seen = seen._replace(rests=_at_rest(found, seen, tail))
    if not found.low <= seen.theta <= found.high:
        return seen._replace(kind="outside")
    if seen.rests:
        return seen._replace(kind="rests")
    if seen.slope == 0:  # no step will move it, whatever the tail did before
        left, right = found.beside
        ground = _ground(left[at], right[at], seen.value)
        return seen._replace(kind="stays", rests=True, ground=ground)
    moves = np.diff(tail)
    if not moves.any():
        return seen._replace(kind="stuck")
    if (moves >= 0).all() or (moves <= 0).all():
        return seen._replace(kind="goes on")
    if seen.home is None:
        return seen._replace(kind="wanders")
    return _swinging(seen._replace(kind="bounces"), seen.home, tail - seen.home.theta)


def _crossed(found: Survey, path: Array) -> float | None:
    """The ridge over which a path first leaves the valley that it starts in, if it does."""
    beside = np.searchsorted(found.borders, path)
    left = beside != beside[0]
    if not left.any():
        return None
    to_the_right = beside[left.argmax()] > beside[0]
    return float(found.borders[beside[0] if to_the_right else beside[0] - 1])


def _at_rest(found: Survey, seen: Outcome, tail: Array) -> bool:
    """Whether a path has come to rest in a minimum, as far as the decimals tell.

    One that hardly moves may also creep because its step or the slope is small. Then it is still
    far from a minimum: from the one of its valley, and from where a parabola with its slope and
    its f″ would have one.
    """
    if np.abs(np.diff(tail)).max() >= found.unit and seen.slope != 0:
        return False
    near = seen.home is not None and abs(seen.theta - seen.home.theta) < 1.5 * found.unit
    return near or abs(seen.slope) < 1.5 * found.unit * seen.curvature < math.inf


def _ground(left: float, right: float, value: float) -> str:
    """What a place is at which the slope is 0, by the values beside it."""
    if left < value and right < value:
        return "maximum"
    if left < value or right < value:
        return "inflection"
    return "level" if left == right == value else "floor"


def _swinging(seen: Outcome, home: Minimum, away: Array) -> Outcome:
    """How a path goes to and fro, from where the tail lies as seen from the minimum."""
    # every other point is on the same side; a parabola brings it nearer by |1 − step · f″| twice
    turns = (len(away) - 1) // 2 * 2
    first, last = abs(away[-1 - turns]), abs(away[-1])
    factor = abs(1 - seen.step * home.curvature) ** turns
    return seen._replace(
        swing=float(np.abs(away).max()),
        around=bool(away.min() < 0 < away.max()),
        crossing=bool((away[1:] * away[:-1] < 0).all()),
        closing=bool(last < first * (1 + factor) / 2),
    )


def _sentence(found: Survey, seen: Outcome) -> str:
    """A sentence or two on what happened, and why."""
    place, value = found.theta(seen.theta), found.value(seen.value)
    match seen.kind:
        case "diverged":
            return (
                f"Diverged: at iteration {seen.last + 1} its point, value or slope is no longer a "
                "finite number."
            )
        case "far":
            return (
                f"Left the picture: at iteration {seen.last + 1} it is more than {FAR} times the "
                "picture's width outside, and is not followed further."
            )
        case "outside":
            return f"Left the picture: after {seen.last} iterations it is at {place}."
        case "stays":
            return f"Stays at {place}, value {value}, where the slope is 0: {_GROUND[seen.ground]}."
        case "stuck":
            return (
                f"Does not move from {place}: the step {plain(seen.step)} times the slope there, "
                f"{minus(f'{seen.slope:.2g}')}, is lost in rounding."
            )
        case "wanders":
            return _wandering(found, seen)
        case "rests":
            words = f"Rests at {place}, value {value}{_holding(seen)}."
        case "goes on":
            words = _on_its_way(found, seen)
        case "bounces":
            words = _bouncing(found, seen)
    return words + _origin(found, seen)


_GROUND = {
    "maximum": "this is a maximum",
    "inflection": "this is no minimum, the curve still falls to one side",
    "level": "the ground is level",
    "floor": "nothing beside it is lower",
}


def _holding(seen: Outcome) -> str:
    """How the step compares with the largest that can rest there."""
    home, step = seen.home, plain(seen.step)
    if home is None or home.kink:
        return ""
    limit = limit_name(home)
    if _about(seen.step, home.step_limit):
        return f", though the step {step} is exactly 2/f″ there: nothing draws it closer"
    if seen.step < home.step_limit:
        return f": the step {step} is below 2/f″ = {limit} there"
    if seen.slope == 0:
        return f", exactly in the minimum: beside it, the step {step} is above 2/f″ = {limit}"
    return f" for now: the step {step} is above 2/f″ = {limit} there, and carries it away"


def _about(step: float, limit: float) -> bool:
    return math.isclose(step, limit, rel_tol=1e-9)


def _on_its_way(found: Survey, seen: Outcome) -> str:
    goal = f" towards {found.theta(seen.home.theta)}" if seen.home else ""
    words = f"Still on its way{goal} after {seen.last} iterations, at {found.theta(seen.theta)}"
    if seen.ridge:
        return f"{words}: it started on a ridge, where the slope is almost 0."
    return f"{words}: with this step it needs more of them." if goal else f"{words}."


def _bouncing(found: Survey, seen: Outcome) -> str:
    home, step = seen.home, plain(seen.step)
    assert home is not None
    place, limit = found.theta(home.theta), limit_name(home)
    if not seen.around:
        return f"Goes to and fro in the valley of {place}, up to {seen.swing:.2g} away."
    if home.kink:
        return (
            f"Bounces around the kink at {place}, up to {seen.swing:.2g} away: the slope jumps "
            "there instead of fading, so only a smaller step comes closer."
        )
    if _about(seen.step, home.step_limit):
        return f"Bounces around {place}: the step {step} is exactly 2/f″ = {limit} there."
    if seen.step > home.step_limit:
        return f"Bounces around {place}: the step {step} is above 2/f″ = {limit} there."
    if not seen.crossing:
        return (
            f"Goes to and fro around {place}, up to {seen.swing:.2g} away: the step {step} is "
            f"below 2/f″ = {limit} there, so it can come to rest."
        )
    if seen.closing:
        just = "only just " if seen.step > 0.9 * home.step_limit else ""
        return (
            f"Closes in on {place}, from side to side: the step {step} is {just}below "
            f"2/f″ = {limit} there."
        )
    return (
        f"Bounces around {place} without falling in: the step {step} is below 2/f″ = {limit} "
        "there, but that holds only close to the minimum."
    )


def _origin(found: Survey, seen: Outcome) -> str:
    """Why a path did not stay where it started; or, if it did, what it missed."""
    home, first = seen.home, seen.origin
    if home is None or first is None:
        return ""
    if first != home and seen.crossed is not None:
        place = f"{'the kink at ' if first.kink else ''}{found.theta(first.theta)}"
        ridge = found.theta(seen.crossed)
        return f" It started in the valley of {place} and jumped over the ridge at {ridge}."
    best = min(found.minima, key=lambda m: m.value)
    if best.value < home.value - 10.0**-found.value_decimals:
        value, place = found.value(best.value), found.theta(best.theta)
        return f" The lowest value, {value}, lies in another valley, at {place}."
    return ""


def _wandering(found: Survey, seen: Outcome) -> str:
    visited, step = seen.visited, plain(seen.step)
    if not visited:
        return f"Does not settle in the last {seen.tail} iterations."
    if len(visited) == 1:
        return (
            f"Does not settle: its last {seen.tail} iterations lead in and out of the valley of "
            f"{found.theta(visited[0].theta)}."
        )
    words = (
        f"Does not settle: its last {seen.tail} iterations visit {len(visited)} valleys, from "
        f"{found.theta(visited[0].theta)} to {found.theta(visited[-1].theta)}"
        f"{', and places further out' * seen.beyond}."
    )
    holding = [m for m in visited if m.step_limit > seen.step]
    if not holding:
        above = "too large for" if any(m.kink for m in visited) else "above 2/f″ in"
        return f"{words} The step {step} is {above} all of them."
    best = max(holding, key=lambda m: m.step_limit)
    return (
        f"{words} Of these, {found.theta(best.theta)} could hold the step {step} (2/f″ = "
        f"{limit_name(best)}), but it has not come close enough."
    )
