"""Exercises: gradient descent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from ._answers import Wrong, call
from ._compare import SINGLE, Mistake, compare, numbers_of
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
def step_limit(answer: Any, trial: Trial) -> None:
    """Write `step_limit(objective, theta)`: 2/f″ at the number theta, for any objective."""
    for _ in range(2):
        f, theta = _Hills(trial), trial.number()
        second, first = f.curvature(theta), f.slope(theta)
        given = f"{f}, θ = {theta}"
        mistakes = [
            Mistake("curvature", second, "this is f″; the limit is 2/f″."),
            Mistake("factor", 1 / second, "the limit is 2/f″, not 1/f″."),
            Mistake("factor", second / 2, "the limit is 2/f″, not f″/2."),
            Mistake("first-derivative", 2 / first, "this is 2/f′. Differentiate once more."),
            Mistake("first-derivative", first, "this is f′, the slope."),
            Mistake("sign", -2 / second, "the sign is the opposite."),
            Mistake("factor", 4 / second, "f″ comes out half as large: over what distance?"),
        ]
        result = call(answer, f, theta, given=given)
        try:
            compare(result, 2 / second, mistakes=mistakes, rtol=1e-4, given=given)
        except Wrong as wrong:
            if wrong.diagnosis == "other" and _right_in_float64(answer, f, theta, 2 / second):
                wrong.diagnosis, wrong.hint = "float32", _ROUNDING
            raise


_ROUNDING = (
    "the difference of two near float32 slopes is mostly rounding, and the same lines are right "
    "where torch makes float64. Take dtype=torch.float64."
)


def _right_in_float64(answer: Any, f: _Hills, theta: float, right: float) -> bool:
    """Whether the answer is right if the tensors that it makes are float64."""
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        compare(call(answer, f, theta), right, rtol=1e-4)
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
def schedule(answer: Any, trial: Trial) -> None:
    """Write `schedule(i)`: the step size of round i = 0 … 99, so that descent from −3.5 reaches 0.

    The objective is the chapter's, θ·cos 4θ + 2|θ|; the last θ must be within 0.01 of its best
    minimum.
    """
    path = [-3.5]
    for i in range(100):
        value = numbers_of(call(answer, i, given=f"i = {i}"))
        if value is None or value.size != 1 or not math.isfinite(step := value.item()):
            raise Wrong("not-a-number", "wanted is one finite step size.", given=f"i = {i}")
        if step < 0:
            raise Wrong("sign", "a step below 0 walks uphill.", got=f"{step:g}", given=f"i = {i}")
        path.append(path[-1] - step * _lecture_slope(path[-1]))
        if abs(path[-1]) > 1e6:
            hint = "so long a step climbs higher in every round: the path runs away."
            raise Wrong("diverged", hint, got=f"|θ| above a million in round {i}")
    if abs(path[-1]) < 0.01:
        return
    diagnosis, hint = _where(path)
    got = f"after 100 steps θ = {path[-1]:.4f}, value {_lecture(path[-1]):.4f}"
    raise Wrong(diagnosis, hint, got=got, expected="θ between −0.01 and 0.01")


def _where(path: list[float]) -> tuple[str, str]:
    """What a path that ended at the wrong place did, from where it went."""
    low, high, bottom = _valley(path[-1])
    last = path[-10:]
    stays = all(low < theta < high for theta in path)
    spread = max(last) - min(last)
    place = f"{round(bottom, 2) + 0:.2f}".replace("-", "−")
    if spread > 0.005:
        hint = f"it still jumps: its last ten θ are spread over {spread:.2g}. Let the steps shrink."
        if stays:
            hint = f"it never left the valley at {place}. Begin with longer steps. And " + hint
        return ("stuck-at-start" if stays else "bounces"), hint
    stopped = f"it stopped in the valley at {place}"
    if abs(bottom) > 0.1:
        stopped += f", whose limit 2/f″ is {2 / _lecture_curvature(bottom):.4f}"
    if stays:
        return "stuck-at-start", f"{stopped}, and never left it. Begin with longer steps."
    if abs(bottom) < 0.1:
        return "too-short", f"{stopped}, but above its bottom: the last steps are too short."
    return "other-minimum", f"{stopped}. Stay long until it has left, then let the steps shrink."


def _valley(theta: float) -> tuple[float, float, float]:
    """The valley of θ: between which ridges it lies, and its lowest point."""
    step, bottom = 0.001, theta
    while _lecture(lower := min(bottom - step, bottom + step, key=_lecture)) < _lecture(bottom):
        bottom = lower
    low = high = bottom
    while _lecture(low - step) >= _lecture(low):
        low -= step
    while _lecture(high + step) >= _lecture(high):
        high += step
    return low, high, bottom


def _lecture(theta: float) -> float:
    return theta * math.cos(4 * theta) + 2 * abs(theta)


def _lecture_slope(theta: float) -> float:
    sign = (theta > 0) - (theta < 0)
    return math.cos(4 * theta) - 4 * theta * math.sin(4 * theta) + 2 * sign


def _lecture_curvature(theta: float) -> float:
    return -8 * math.sin(4 * theta) - 16 * theta * math.cos(4 * theta)
