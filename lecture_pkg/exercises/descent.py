"""Exercises: gradient descent."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable
from typing import Any

import torch

from ..descent.minima import Minimum, find_minima
from ..descent.objective import Objective
from ._answers import Wrong, call, kind
from ._compare import SINGLE, Mistake, compare, numbers_of, show
from ._exercise import Trial, exercise

Slope = Callable[[float], float]


class _Hills:
    """An objective f(θ) = a(θ − b)² + cos θ, and its derivatives by formula."""

    def __init__(self, trial: Trial) -> None:
        self.a, self.b = trial.number(1, 2), trial.number(-1, 1)

    def __call__(self, theta: torch.Tensor) -> torch.Tensor:
        return self.a * (theta - self.b) ** 2 + torch.cos(theta)

    def slope(self, theta: float) -> float:
        """The first derivative, f′."""
        return 2 * self.a * (theta - self.b) - math.sin(theta)

    def curvature(self, theta: float) -> float:
        """The second derivative, f″."""
        return 2 * self.a - math.cos(theta)

    def __str__(self) -> str:
        return f"objective {self.a}·(θ − {self.b})² + cos θ".replace("− -", "+ ")


@exercise()
def best_step(answer: Any, trial: Trial) -> None:
    """Write `best_step(objective, theta)`: the step size that takes theta to the bottom at once.

    The objective is a parabola, narrow or wide, and theta is a number.
    """
    for width in (0.1, 8):
        a, b, theta = width * trial.number(), trial.number(), trial.number(2.5, 4)
        f, second, first = _parabola(a, b), 2 * a, 2 * a * (theta - b)
        given = f"objective {a:g}·(θ − {b})², θ = {theta}"
        result = call(answer, f, theta, given=given)
        mistakes = [
            Mistake("limit", 2 / second, _MIRROR),
            Mistake("curvature", second, "this is f″ itself."),
            Mistake("first-derivative", 1 / first, "this is 1/f′. Differentiate once more."),
            Mistake("first-derivative", first, "this is f′, the slope."),
            Mistake("distance", theta - b, _WAY),
            Mistake("distance", b - theta, _WAY),
            Mistake("bottom", b, "this is where the bottom lies. Wanted is the step size."),
            Mistake("sign", -1 / second, "the sign is the opposite: this walks uphill."),
            Mistake("factor", 1 / (2 * second), "this step ends half-way to the bottom."),
        ]
        try:
            compare(result, 1 / second, mistakes=mistakes, rtol=SINGLE, given=given)
        except Wrong as wrong:
            if wrong.diagnosis in ("other", "nan") and _right_in_float64(answer, f, theta, second):
                wrong.diagnosis, wrong.hint = "float32", _NOISE
            raise


_WAY = "this is how far the bottom is away. A step is η·f′ long: which η makes it that long?"
_MIRROR = (
    "this is the limit, where 1 − ηf″ is −1: the step lands on the other side, as far away as it "
    "began. For which η is that factor 0?"
)


def _parabola(a: float, b: float) -> Objective:
    return lambda theta: a * (theta - b) ** 2


_NOISE = (
    "the difference of two near float32 slopes is mostly rounding, and the same lines are right "
    "where torch makes float64. Take dtype=torch.float64."
)


def _right_in_float64(answer: Any, f: Objective, theta: float, second: float) -> bool:
    """Whether the answer is right if the tensors that it makes are float64."""
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        compare(call(answer, f, theta), 1 / second, rtol=SINGLE)
    except Wrong:
        return False
    finally:
        torch.set_default_dtype(before)
    return True


@exercise()
def descend(answer: Any, trial: Trial) -> None:
    """Mend `descend(objective, step_size, max_iter, init)`: it returns the list of all θ.

    The list begins with the start, so it holds max_iter + 1 numbers.
    """
    for n in (6, 4):
        f, step, start = _Hills(trial), trial.number(0.05, 0.1), trial.number(1.5, 2.5)
        given = f"{f}, step_size = {step}, max_iter = {n}, init = {start}"
        result = call(answer, f, step, n, start, given=given, errors=_UPDATE)
        right = _walk(n, f.slope, step, start)
        without_zero = _walk(n, f.slope, step, start, momentum=1.0)
        mistakes = [
            Mistake("start-missing", right[1:], "the start is missing at the head of the list."),
            Mistake("end-missing", right[:-1], "one step is missing, or its θ is not in the list."),
            Mistake("not-zeroed", without_zero, _HEAP),
            Mistake("not-zeroed", without_zero[1:], _HEAP),
            Mistake("never-moves", [start] * (n + 1), _LOST),
            Mistake("sign", _walk(n, f.slope, -step, start), "uphill: θ − step · gradient."),
            Mistake("factor", _walk(n, f.slope, 1.0, start), "the step size is not used."),
            Mistake("same-memory", right[-1:] * (n + 1), _ALIAS),
        ]
        compare(result, right, mistakes=mistakes, rtol=SINGLE, given=given)


_HEAP = "every gradient is added to all earlier ones. Set .grad to None, or to 0, in every round."
_LOST = "θ never moves: the gradient is zeroed between backward() and the step, or θ not updated."
_ALIAS = (
    "all entries are the last θ: the list holds one tensor many times. Put the number in, .item()."
)
_REBOUND = (
    "after `theta = theta - …` the name stands for a result, not for the leaf, and its .grad stays "
    "empty: the update was recorded. Update in place, under `with torch.no_grad():`."
)
_UPDATE = {
    "gradient-of-non-leaf": ("recorded-update", _REBOUND),
    "no-gradient-yet": (
        "no-gradient-yet",
        "theta.grad is still None when it is used: backward() must run in the first round too, not "
        "only where a gradient exists already.",
    ),
    "detached": ("detached", "θ does not require a gradient (any more): the graph is cut."),
}


@exercise()
def momentum(answer: Any, trial: Trial) -> None:
    """Write `momentum(objective, step_size, beta, max_iter, init)`: the list of all θ.

    In every round v ← beta·v + gradient, then θ ← θ − step_size·v, with v = 0 at the start.
    """
    for n in (6, 4):
        f, step, start = _Hills(trial), trial.number(0.03, 0.07), trial.number(1.5, 2.5)
        beta, slope = trial.number(0.5, 0.8), f.slope
        given = f"{f}, step_size = {step}, beta = {beta}, max_iter = {n}, init = {start}"
        result = call(answer, f, step, beta, n, start, given=given, errors=_UPDATE)
        right = _walk(n, slope, step, start, beta)
        mistakes = [
            Mistake("start-missing", right[1:], "the start is missing at the head of the list."),
            Mistake("no-memory", _walk(n, slope, step, start), "plain descent: v is forgotten."),
            Mistake("factor", _walk(n, slope, step * (1 - beta), start, beta), _MEAN),
            Mistake("old-velocity", _walk(n, slope, step, start, beta, used="old"), _LATE),
            Mistake("nesterov", _walk(n, slope, step, start, beta, used="next"), "θ moves by v."),
            Mistake("sign", _walk(n, slope, step, start, -beta), "v ← beta·v + gradient: +."),
            Mistake("sign", _walk(n, slope, -step, start, beta), "θ ← θ − step_size·v: −."),
            Mistake("not-zeroed", _walk(n, slope, step, start, beta, heaped=True), _HEAP),
            Mistake("same-memory", right[-1:] * (n + 1), _ALIAS),
            Mistake("never-moves", [start] * (n + 1), _LOST),
        ]
        compare(result, right, mistakes=mistakes, rtol=SINGLE, given=given)


_MEAN = "this adds (1 − beta)·gradient, for a running mean. Add the whole gradient to beta·v."
_LATE = "update v first, then use it."


def _walk(
    rounds: int,
    slope: Slope,
    step: float,
    theta: float,
    momentum: float = 0.0,
    used: str = "new",
    heaped: bool = False,
) -> list[float]:
    """The path of v ← momentum·v + slope, θ ← θ − step·v; momentum 1 adds up all slopes.

    `used` is "new" for that v, "old" for the one before, "next" for Nesterov's look ahead; `heaped`
    puts the sum of all slopes so far in the slope's place.
    """
    path, v, heap = [theta], 0.0, 0.0
    for _ in range(rounds):
        g = slope(theta)
        heap += g
        if heaped:
            g = heap
        old, v = v, momentum * v + g
        theta -= step * {"new": v, "old": old, "next": g + momentum * v}[used]
        path.append(theta)
    return path


@exercise()
def steer(answer: Any, trial: Trial) -> None:
    """Write `steer(objective, start, bottom)`: two step sizes with which descent rests at bottom.

    The first is for the first step, the second for the 99 after it. The objective is the chapter's
    times some positive number. bottom is one of its smooth minima, to one decimal, on the downhill
    side of start, and perhaps several valleys away. The last θ must be within 0.001 of the minimum.
    """
    for low, high, start, bottom in _TRIPS:
        f = _Waves(trial.number(low, high))
        goal = min(find_minima(f, -5, 5), key=lambda m: abs(m.theta - bottom))
        given = f"{f}, start = {start}, bottom = {bottom}"
        first, then = _two_steps(call(answer, f, start, bottom, given=given), given)
        path = f.descend(start, [first, *99 * [then]])
        if abs(path[-1] - goal.theta) < 0.001:
            continue
        diagnosis, hint = _missed(f, goal, then, path)
        got = f"steps {first:.4g} and {then:.4g}: first to {path[1]:.4g}, at last {path[-1]:.4g}"
        raise Wrong(diagnosis, hint, got=got, expected=f"{goal.theta:.4f} at last", given=given)


# how high the objective is, from where, where to
_TRIPS = [(0.5, 2, -3.5, 0.7), (10, 30, 3.0, -3.1), (0.02, 0.08, -3.5, -1.5), (3, 9, 4.6, 3.9)]


class _Waves:
    """The chapter's objective times `height`, and descent along it."""

    def __init__(self, height: float) -> None:
        self.height = height

    def __call__(self, theta: torch.Tensor) -> torch.Tensor:
        return self.height * (theta * torch.cos(4 * theta) + 2 * torch.abs(theta))

    def __str__(self) -> str:
        return f"objective {self.height}·(θ·cos 4θ + 2|θ|)"

    def slope(self, theta: float) -> float:
        """The first derivative by formula; 0 is what PyTorch takes for |θ| at 0."""
        corner = 2 * ((theta > 0) - (theta < 0))
        return self.height * (math.cos(4 * theta) - 4 * theta * math.sin(4 * theta) + corner)

    def descend(self, theta: float, steps: list[float]) -> list[float]:
        """The path, as far as it stays within a million."""
        path = [theta]
        for step in steps:
            path.append(path[-1] - step * self.slope(path[-1]))
            if abs(path[-1]) > 1e6:
                break
        return path


def _two_steps(result: object, given: str) -> tuple[float, float]:
    steps = numbers_of(result)
    if steps is None or steps.shape != (2,):
        hint = "wanted are two step sizes: one for the first step, one for those after it."
        raise Wrong("not-two-steps", hint, got=kind(result), given=given)
    first, then = steps.tolist()
    if not (math.isfinite(first) and math.isfinite(then)):
        raise Wrong("nan", "a step size must be finite.", got=show(steps), given=given)
    if first <= 0 or then <= 0:
        raise Wrong("sign", "a step below 0 walks uphill.", got=show(steps), given=given)
    return first, then


def _missed(f: _Waves, goal: Minimum, then: float, path: list[float]) -> tuple[str, str]:
    """What a path that did not end at its goal has met."""
    ridges = [ridge.theta for ridge in find_minima(lambda theta: -f(theta), -5, 5)]
    if len({bisect(ridges, theta) for theta in (path[1], goal.theta)}) == 2:
        return "wrong-valley", (
            "the first step lands in another valley. Its length is step size times |f′(start)|, "
            "and you know how long it has to be."
        )
    if then > 0.98 * goal.step_limit:
        return "above-limit", (
            f"the first step lands in the right valley, but there 2/f″ is {goal.step_limit:.4g}, "
            "and the second step size is not below it."
        )
    if bisect(ridges, path[-1]) == bisect(ridges, goal.theta):
        return "too-slow", "it is on its way, but 99 steps of this size do not get there."
    return "jumps-out", (
        "the first step lands in the right valley, but far up its side, and a later one jumps out. "
        "Land nearer to the bottom, or go on with shorter steps."
    )
