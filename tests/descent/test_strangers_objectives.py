"""A trial by strangers: objectives that nobody here chose, each fact derived a second time.

Minima and ridges come from scipy, paths from a loop in bare torch, curvatures from differences of
values; a sentence is taken apart and every number and every claim in it is held against them.
STRANGERS=all runs all of them.
"""

from __future__ import annotations

import itertools
import math
import re
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import torch
from descents import by_hand, by_optimizer, unpack
from scipy.optimize import minimize, minimize_scalar
from strangers import ONE, TWO, sample

from lecture_pkg import (
    DivergedError,
    basin_map,
    compare_optimizers,
    explore_descent,
    find_minima,
    find_ridges,
    gradient_descent,
)
from lecture_pkg.interactive.optimizers import OPTIMIZERS

SOME = sample(list(ONE), 8)
FLOORS = {"a floor", "steps", "level", "high up"}  # level ground, or the last digits' noise
STEPS, ITERATIONS, FAR = (0.01, 0.05, 0.1, 0.3), 60, 100


def at(name: str, theta: np.ndarray | float) -> np.ndarray:
    """The objective's values in float64."""
    return ONE[name].of(torch.as_tensor(theta, dtype=torch.float64)).numpy()


class Turn(NamedTuple):
    """A minimum or a ridge as scipy finds it."""

    theta: float
    value: float


def turns(name: str, sign: int) -> list[Turn]:
    """Lowest points (sign 1) or highest ones (−1), also one width beside the picture."""
    _, low, high = ONE[name]
    thetas = np.linspace(2 * low - high, 2 * high - low, 3 * 30_000 + 1)
    with np.errstate(all="ignore"):
        values = sign * at(name, thetas)
    inner = values[1:-1]
    found = []
    for i in np.flatnonzero((inner < values[:-2]) & (inner <= values[2:])) + 1:
        oracle = minimize_scalar(
            lambda theta: sign * float(at(name, theta)),
            bounds=(thetas[i - 1], thetas[i + 1]), method="bounded", options={"xatol": 1e-13},
        )  # fmt: skip
        best = min((oracle.fun, oracle.x), (values[i], thetas[i]))
        found.append(Turn(float(best[1]), sign * float(best[0])))
    return found


@cache
def minima(name: str) -> list[Turn]:
    return turns(name, 1)


@cache
def ridges(name: str) -> list[Turn]:
    return turns(name, -1)


def bend(name: str, theta: float, reach: float) -> float:
    """f″ from three values."""
    left, here, right = at(name, theta + reach * np.array([-1, 0, 1]))
    return float(left - 2 * here + right) / reach**2


@pytest.mark.parametrize("turning", [find_minima, find_ridges])
@pytest.mark.parametrize("name", [name for name in SOME if name not in FLOORS])
def test_minima_and_ridges_are_those_that_scipy_finds(name: str, turning) -> None:
    """As many, in the same places, and none of them beaten by more than rounding."""
    of, low, high = ONE[name]
    found = turning(of, low, high)
    oracle = minima(name) if turning is find_minima else ridges(name)
    width = high - low
    scale = float(np.ptp(np.quantile(at(name, np.linspace(low, high, 999)), [0.05, 0.95])))
    oracle = [turn for turn in oracle if low + 1e-4 * width < turn.theta < high - 1e-4 * width]
    oracle = [turn for turn in oracle if abs(turn.value) < 1e5 * max(scale, 1)]  # no poles
    inner = [t for t in found if low + 1e-4 * width < t.theta < high - 1e-4 * width]
    inner = [t for t in inner if math.isfinite(t.value)]
    assert len(inner) == len(oracle), (inner, oracle)
    for mine, turn in zip(inner, oracle, strict=True):
        assert mine.theta == pytest.approx(turn.theta, abs=2e-4 * width)
        better = turn.value - mine.value if turning is find_ridges else mine.value - turn.value
        assert better <= 1e-9 * scale


@pytest.mark.parametrize("name", [name for name in SOME if name not in FLOORS])
def test_limits_are_two_over_the_curvature_or_kinks(name: str) -> None:
    """Halving the distance from a minimum halves the rise at a kink, and quarters it elsewhere."""
    of, low, high = ONE[name]
    found = find_minima(of, low, high)
    for minimum in found:
        reach = 1e-4 * (high - low) * min(1.0, 3 / len(found))
        rises = [
            float(at(name, minimum.theta + side * part) - minimum.value)
            for part in (reach, reach / 2)
            for side in (-1, 1)
        ]
        quotient = (rises[0] + rises[1]) / max(rises[2] + rises[3], 1e-300)
        if minimum.kink:
            assert quotient < 3 and minimum.step_limit == 0
        elif minimum.curvature > 1e-3 * sum(rises) / reach**2:
            assert minimum.step_limit == pytest.approx(2 / minimum.curvature)
            if abs(minimum.value) < 1e6 * sum(rises):
                numeric = bend(name, minimum.theta, reach)
                assert minimum.curvature == pytest.approx(numeric, rel=0.02)


@pytest.mark.parametrize("name", SOME)
def test_one_descent_has_the_bits_of_a_bare_loop(name: str) -> None:
    of, low, high = ONE[name]
    for share, step in ((0.21, 0.01), (0.5, 0.1), (0.83, 0.7)):
        start = low + share * (high - low)
        init = torch.tensor(start, dtype=torch.float64)
        points, values, _ = by_hand(of, step, start, ITERATIONS)
        try:
            path = gradient_descent(of, step, ITERATIONS, init)
        except DivergedError as error:
            path = error.path
            assert not (np.isfinite(points) & np.isfinite(values))[error.iteration]
        length = len(path.thetas)
        assert path.thetas.tolist() == points[:length]
        assert path.objectives.tolist() == values[:length]


# What a sentence claims, and whether it is so.

NUMBER = r"(−?[\d.]+(?:e[+−]?\d+)?|∞)"


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


class Path(NamedTuple):
    """A path walked by hand, and the picture that it is told of."""

    name: str
    step: float
    points: list[float]
    values: list[float]
    slopes: list[float]
    unit: float  # the last decimal of a theta
    value_unit: float

    @property
    def tail(self) -> np.ndarray:
        return np.array(self.points[-max(3, len(self.points) // 4) :])

    def valley(self, theta: float) -> int:
        return sum(ridge.theta < theta for ridge in ridges(self.name))

    def limit(self, theta: float) -> float:
        """2/f″ of the minimum at a rounded theta: 0 at a kink."""
        near = theta + 3 * self.unit * np.array([-1, 1])
        found = find_minima(ONE[self.name].of, *near, points=101)
        # on a floor there is none in sight, and no limit
        return found[0].step_limit if found else math.inf

    def is_minimum(self, theta: float) -> None:
        """A theta that a sentence calls a minimum is one of scipy's."""
        near = self.exact(theta)
        close = 2 * self.unit + 1e-3 * (ONE[self.name].high - ONE[self.name].low)
        assert abs(near.theta - theta) < close or float(at(self.name, theta)) == near.value

    def exact(self, theta: float) -> Turn:
        """The minimum of scipy's that is meant by a rounded theta."""
        return min(minima(self.name), key=lambda m: abs(m.theta - theta))

    def has_limit(self, theta: float, text: str) -> None:
        mine, told = self.limit(theta), number(text)
        assert told == pytest.approx(mine, rel=0.05, abs=0.51e-4), (theta, told, mine)

    def is_in(self, theta: float, minimum: float) -> bool:
        """Whether a theta lies in the valley of a minimum, give or take a decimal."""
        between = [
            r.theta
            for r in ridges(self.name)
            if min(theta, minimum) + 2 * self.unit < r.theta < max(theta, minimum) - 2 * self.unit
        ]
        return not between


def check(said: str, path: Path) -> str:
    """Hold every number and claim of a sentence against the path; the kind of sentence it is."""
    _, low, high = ONE[path.name]
    end, width = len(path.points) - 1, high - low
    points, values, slopes = map(np.array, path[2:5])
    tail = path.tail

    def match(pattern: str) -> list[str] | None:
        found = re.match(pattern.replace("#", NUMBER), said)
        return None if found is None else list(found.groups())

    def here(theta: str, value: str | None = None) -> None:
        assert number(theta) == pytest.approx(points[-1], abs=0.51 * path.unit, rel=1e-4)
        if value is not None:
            near = pytest.approx(values[-1], abs=0.51 * path.value_unit, rel=1e-4)
            assert number(value) == near

    finite = np.isfinite(points) & np.isfinite(values) & np.isfinite(slopes)
    outside = np.maximum(low - points, points - high)
    if found := match(r"Diverged: at iteration # its point, value or slope is no longer a fin"):
        k = int(found[0])
        assert finite[:k].all() and not finite[k] and (outside[:k] <= FAR * width).all()
        return "diverged"
    if found := match(r"Left the picture: at iteration # it is more than 100 times the"):
        k = int(found[0])
        assert finite[: k + 1].all() and outside[k] > FAR * width >= outside[:k].max()
        return "far"
    assert finite.all() and (outside <= FAR * width).all()
    if found := match(r"Left the picture: after # iterations it is at #\.$"):
        here(found[1])
        assert int(found[0]) == end and outside[-1] > 0
        return "outside"
    assert outside[-1] <= 0
    rest = ends(said, path)
    said = said[: len(said) - len(rest)]
    if found := match(r"Stays at #, value #, where the slope is 0: (.*)\.$"):
        here(*found[:2])
        assert slopes[-1] == 0
        left, right = at(path.name, points[-1] + width * 1e-5 * np.array([-1, 1])) - values[-1]
        assert {
            "this is a maximum": left <= 0 and right <= 0,
            "this is no minimum, the curve still falls to one side": min(left, right) <= 0,
            "the ground is level": left == right == 0,
            "nothing beside it is lower": left >= 0 and right >= 0,
        }[found[2]]
        return "stays"
    if found := match(r"Does not move from #: the step # times the slope there, #, is lost in"):
        here(found[0])
        assert (tail == points[-1]).all() and slopes[-1] != 0
        return "stuck"
    if found := match(r"Rests at #, value #(.*)\.$"):
        here(*found[:2])
        assert np.abs(np.diff(tail)).max() < path.unit or slopes[-1] == 0
        path.is_minimum(points[-1])
        if relation := re.match(
            r": the step # is below 2/f″ = # there$".replace("#", NUMBER), found[2]
        ):
            assert number(relation[1]) == path.step < path.limit(points[-1])
            path.has_limit(points[-1], relation[2])
        elif found[2]:
            assert path.step >= path.limit(points[-1]) * (1 - 1e-6)
        return "rests"
    assert path.unit <= np.abs(np.diff(tail)).max() or abs(slopes[-1]) > 0
    if found := match(r"Still on its way(?: towards #)? after # iterations, at #(?:: .*)?\.$"):
        here(found[2])
        assert int(found[1]) == end
        moves = np.diff(tail)
        assert (moves >= 0).all() or (moves <= 0).all()
        if found[0]:
            goal = number(found[0])
            path.is_minimum(goal)
            assert all(path.is_in(theta, goal) for theta in tail)
            assert (goal - points[-1]) * -slopes[-1] > 0 or abs(goal - points[-1]) < path.unit
        return "goes on"
    assert (np.diff(tail) > 0).any() and (np.diff(tail) < 0).any()
    if found := match(
        r"Does not settle: its last # iterations visit # valleys, from # to #(, and .*)?\.(.*)"
    ):
        assert int(found[0]) == len(tail)
        known = (tail >= low - width) & (tail <= high + width)
        assert bool(found[4]) == (not known.all())
        visited = sorted({path.valley(theta) for theta in tail[known]})
        homes = {path.valley(m.theta): m.theta for m in minima(path.name)}
        thetas = [homes[v] for v in visited if v in homes]
        assert int(found[1]) == len(thetas)
        for told, mine in ((found[2], thetas[0]), (found[3], thetas[-1])):
            assert number(told) == pytest.approx(mine, abs=path.unit + 1e-4 * width)
        limits = [path.limit(theta) for theta in thetas]
        if best := re.search(r"Of these, # could hold the step".replace("#", NUMBER), found[5]):
            assert max(limits) > path.step
            assert path.limit(number(best[1])) == max(limits)
        else:
            assert max(limits) <= path.step
        return "wanders"
    if said.startswith("Does not settle"):
        return "wanders"
    pattern = r"(Bounces around|Closes in on|Goes to and fro (?:around|in the valley of))"
    found = match(pattern + r" (the kink at )?#(.*)\.$")
    assert found, said
    home = number(found[2])
    path.is_minimum(home)
    assert all(path.is_in(theta, home) for theta in tail)
    limit, away = path.limit(home), tail - path.exact(home).theta
    if swing := re.search(r"up to # away".replace("#", NUMBER), found[3]):
        assert number(swing[1]) == pytest.approx(np.abs(away).max(), rel=0.06, abs=path.unit)
    if told := re.search(r"2/f″ = #".replace("#", NUMBER), found[3]):
        path.has_limit(home, told[1])
    assert bool(found[1]) == (limit == 0) or found[0].startswith("Goes")
    for words, true in (
        ("is above 2/f″", path.step > limit),
        ("is exactly 2/f″", path.step == pytest.approx(limit, rel=1e-6)),
        ("below 2/f″", path.step < limit),
        ("only just", path.step > 0.89 * limit),
    ):
        assert true or words not in found[3]
    if not found[0].endswith("valley of"):
        assert away.min() < 0 < away.max()
    if found[0] == "Closes in on":
        assert (away[1:] * away[:-1] < 0).all()
        assert abs(away[-1]) < abs(away[-3]) and abs(away[-2]) < abs(away[-4])
    return "bounces"


def ends(said: str, path: Path) -> str:
    """Check the second sentence, if there is one, and give it back."""
    start, last = path.points[0], path.points[-1]
    pattern = r" It started in the valley of (the kink at )?# and jumped over the ridge at #\.$"
    if found := re.search(pattern.replace("#", NUMBER), said):
        home, ridge = number(found[2]), number(found[3])
        assert path.is_in(start, home)
        crossed = path.valley(home + 0.0) != path.valley(last)
        assert crossed
        limit = path.limit(home)
        assert bool(found[1]) == (limit == 0)
        near = min(ridges(path.name), key=lambda r: abs(r.theta - ridge))
        assert near.theta == pytest.approx(ridge, abs=2 * path.unit)
        steps = itertools.pairwise(path.points)
        over = next((a, b) for a, b in steps if path.valley(b) != path.valley(start))
        assert min(over) - path.unit <= ridge <= max(over) + path.unit
        assert path.valley(over[0]) == path.valley(start)
        return found[0]
    pattern = r" The lowest value, #, lies in another valley, at #\.$".replace("#", NUMBER)
    if found := re.search(pattern, said):
        _, low, high = ONE[path.name]
        best = min((m for m in minima(path.name) if low <= m.theta <= high), key=lambda m: m.value)
        assert number(found[1]) == pytest.approx(best.value, abs=path.value_unit, rel=1e-4)
        assert float(at(path.name, number(found[2]))) == pytest.approx(
            best.value, abs=1e-3 * max(1, abs(best.value)) + path.value_unit
        )
        assert not path.is_in(last, number(found[2]))
        return found[0]
    return ""


def slope(name: str, theta: float) -> float:
    return by_hand(ONE[name].of, 0.0, theta, 0)[2][0]


@pytest.mark.parametrize("name", SOME)
def test_every_sentence_is_true_and_every_number_torchs(name: str) -> None:
    of, low, high = ONE[name]
    shares = np.array([0.031, 0.218, 0.437, 0.5, 0.75, 0.962])
    starts = [s for s in (low + (high - low) * shares).tolist() if math.isfinite(slope(name, s))]
    figure = explore_descent(of, STEPS, starts, ITERATIONS, low, high)
    data = figure.data
    units = 10.0 ** -data["decimals"], 10.0 ** -data["valueDecimals"]
    for i, sentence in enumerate(data["said"]):
        row, column = divmod(i, len(starts))
        points, values, slopes = by_hand(of, STEPS[row], starts[column], ITERATIONS)
        path = Path(name, STEPS[row], points, values, slopes, *units)
        kind = check(data["sentences"][sentence], path)
        last = data["last"][i]
        assert (last < ITERATIONS) == (kind in ("diverged", "far"))
        for key, expected, unit in (
            ("thetas", points, units[0]),
            ("values", values, units[1]),
            ("slopes", slopes, units[1]),
        ):
            decimals = data["decimals" if key == "thetas" else "valueDecimals"]
            found = unpack(data[key][i], decimals)
            assert found[: last + 1] == pytest.approx(
                expected[: last + 1], abs=0.51 * unit, rel=1e-11
            )
            assert set(found[last:]) == {found[last]}


@pytest.mark.parametrize("name", sample(list(ONE), 20))
def test_the_map_carries_the_ends_of_the_paths(name: str) -> None:
    of, low, high = ONE[name]
    data = basin_map(of, low=low, high=high).data
    count = len(data["starts"])
    thetas = [unpack(row, data["decimals"]) for row in data["endThetas"]]
    values = [unpack(row, data["valueDecimals"]) for row in data["ends"]]
    for i in range(0, len(data["said"]), 97):
        row, column = divmod(i, count)
        last = data["last"][i]
        points, heights, _ = by_hand(of, data["steps"][row], data["starts"][column], last)
        unit, high_unit = 0.51 * 10.0 ** -data["decimals"], 0.51 * 10.0 ** -data["valueDecimals"]
        assert thetas[row][column] == pytest.approx(points[-1], abs=unit, rel=1e-11)
        assert values[row][column] == pytest.approx(heights[-1], abs=high_unit, rel=1e-11)


@pytest.mark.parametrize("name", sample(list(TWO), 8))
def test_optimizers_go_as_torch_lets_them_and_end_where_they_say(name: str) -> None:
    of, low, high, start = TWO[name]
    figure = compare_optimizers(of, None, start, 120, low, high)
    data = figure.data
    for i, factory in enumerate(OPTIMIZERS.values()):
        points, values = by_optimizer(of, factory, start, 120)
        last, said = data["last"][i], data["said"][i]
        for axis in (0, 1):
            found = unpack(data["thetas"][2 * i + axis], data["decimals"])
            unit = 0.51 * 10.0 ** -data["decimals"]
            near = pytest.approx(points[: last + 1, axis], abs=unit, rel=1e-11)
            assert found[: last + 1] == near
        unit = 0.51 * 10.0 ** -data["valueDecimals"]
        found = unpack(data["values"][i], data["valueDecimals"])
        assert found[: last + 1] == pytest.approx(values[: last + 1], abs=unit, rel=1e-11)
        check_end(of, said, points, values, last, high - low, 10.0 ** -data["decimals"])


def check_end(
    of, said: str, points: np.ndarray, values: np.ndarray, last: int, width: float, unit: float
) -> None:
    """Hold what is said of an optimizer against its path and against scipy."""
    steps = len(points) - 1
    if found := re.match(r"diverged at iteration (\d+)", said):
        k = int(found[1])
        assert last == k - 1 and not (np.isfinite(points[k]).all() and np.isfinite(values[k]))
        return
    if found := re.match(r"left the picture: at iteration (\d+) it is more than 100 times", said):
        k = int(found[1])
        assert last == k - 1 and np.abs(points[k]).max() > (FAR - 1) * width
        return
    assert last == steps
    tail = points[-max(3, len(points) // 4) :]
    moves = np.abs(np.diff(tail, axis=0)).max()
    assert (moves >= unit) == said.startswith("is still moving")
    if not said.startswith("rests"):
        return

    def lower(theta: np.ndarray) -> float:
        return of(torch.tensor(theta)).item()

    options = {"xatol": 1e-9, "fatol": 1e-15, "initial_simplex": None}
    simplex = points[-1] + 20 * unit * np.array([[0, 0], [1, 0], [0, 1]])
    found = minimize(lower, points[-1], method="Nelder-Mead", options={**options,
                     "initial_simplex": simplex})  # fmt: skip
    assert lower(points[-1]) - found.fun <= 1e-5 * max(1.0, abs(found.fun))
