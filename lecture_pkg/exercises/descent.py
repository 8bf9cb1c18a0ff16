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
        result = call(answer, f, theta, given=given)
        mistakes = [
            Mistake("curvature", second, "this is f″; the limit is 2/f″."),
            Mistake("factor", 1 / second, "the limit is 2/f″, not 1/f″."),
            Mistake("factor", second / 2, "the limit is 2/f″, not f″/2."),
            Mistake("first-derivative", 2 / first, "this is 2/f′. Differentiate once more."),
            Mistake("first-derivative", first, "this is f′, the slope."),
            Mistake("sign", -2 / second, "the sign is the opposite."),
            Mistake("factor", 4 / second, "f″ comes out half as large: over what distance?"),
        ]
        try:
            compare(result, 2 / second, mistakes=mistakes, rtol=0.01, given=given)
        except Wrong as wrong:
            if wrong.diagnosis in ("other", "nan", "zero", "not-numbers"):
                wrong.diagnosis, wrong.hint = _rounding(result, wrong)
            raise


def _rounding(result: Any, wrong: Wrong) -> tuple[str, str]:
    single = not isinstance(result, torch.Tensor) or result.dtype is torch.float32
    if wrong.diagnosis == "not-numbers" or not single:
        return wrong.diagnosis, wrong.hint
    hint = "the difference of two near float32 slopes is mostly rounding. Take dtype=torch.float64."
    return "float32", hint


@exercise()
def descend(answer: Any, trial: Trial) -> None:
    """Mend `descend(objective, step_size, max_iter, init)`: it returns the list of all θ.

    The list begins with the start, so it holds max_iter + 1 numbers.
    """
    f, step, start = _Hills(trial), 0.1, 2.0
    given = f"{f}, step_size = {step}, max_iter = 6, init = {start}"
    result = call(answer, f, step, 6, start, given=given, errors=_UPDATE)
    right = _walk(f.slope, step, start)
    without_zero = _walk(f.slope, step, start, momentum=1.0)
    mistakes = [
        Mistake("start-missing", right[1:], "the start is missing at the head of the list."),
        Mistake("end-missing", right[:-1], "one step is missing, or its θ is not in the list."),
        Mistake("not-zeroed", without_zero, _HEAP),
        Mistake("not-zeroed", without_zero[1:], _HEAP),
        Mistake("never-moves", [start] * 7, _LOST),
        Mistake("sign", _walk(f.slope, -step, start), "this walks uphill: θ − step · gradient."),
        Mistake("factor", _walk(f.slope, 1.0, start), "the step size is not used."),
        Mistake("same-memory", right[-1:] * 7, _ALIAS),
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
    f, step, beta, start = _Hills(trial), 0.05, trial.number(0.5, 0.8), 2.0
    given = f"{f}, step_size = {step}, beta = {beta}, max_iter = 6, init = {start}"
    result = call(answer, f, step, beta, 6, start, given=given, errors=_UPDATE)
    right = _walk(f.slope, step, start, momentum=beta)
    mistakes = [
        Mistake("start-missing", right[1:], "the start is missing at the head of the list."),
        Mistake("no-memory", _walk(f.slope, step, start), "plain descent: v forgets each round."),
        Mistake("factor", _walk(f.slope, step * (1 - beta), start, momentum=beta), _MEAN),
        Mistake("old-velocity", _late(f.slope, step, beta, start), "update v first, then use it."),
        Mistake("nesterov", _nesterov(f.slope, step, beta, start), "θ moves by v alone."),
        Mistake("sign", _walk(f.slope, step, start, momentum=-beta), "v ← beta·v + gradient: +."),
        Mistake("sign", _walk(f.slope, -step, start, momentum=beta), "θ ← θ − step_size·v: −."),
        Mistake("not-zeroed", _heaped(f.slope, step, beta, start), _HEAP),
        Mistake("same-memory", right[-1:] * 7, _ALIAS),
        Mistake("never-moves", [start] * 7, _LOST),
    ]
    compare(result, right, mistakes=mistakes, rtol=SINGLE, given=given)


_MEAN = "this adds (1 − beta)·gradient, for a running mean. Add the whole gradient to beta·v."


def _walk(
    slope: Slope, step: float, theta: float, momentum: float = 0.0, rounds: int = 6
) -> list[float]:
    """The path of v ← momentum·v + slope, θ ← θ − step·v; momentum 1 adds up all slopes."""
    path, v = [theta], 0.0
    for _ in range(rounds):
        v = momentum * v + slope(theta)
        theta -= step * v
        path.append(theta)
    return path


def _late(slope: Slope, step: float, beta: float, theta: float) -> list[float]:
    path, v = [theta], 0.0
    for _ in range(6):
        v, theta = beta * v + slope(theta), theta - step * v
        path.append(theta)
    return path


def _nesterov(slope: Slope, step: float, beta: float, theta: float) -> list[float]:
    path, v = [theta], 0.0
    for _ in range(6):
        g = slope(theta)
        v = beta * v + g
        theta -= step * (g + beta * v)
        path.append(theta)
    return path


def _heaped(slope: Slope, step: float, beta: float, theta: float) -> list[float]:
    path, v, heap = [theta], 0.0, 0.0
    for _ in range(6):
        heap += slope(theta)
        v = beta * v + heap
        theta -= step * v
        path.append(theta)
    return path


@exercise()
def schedule(answer: Any, trial: Trial) -> None:
    """Write `schedule(i)`: the step size of round i = 0 … 99, so that descent from −3.5 reaches 0.

    The objective is the chapter's, θ·cos 4θ + 2|θ|; the last θ must be within 0.01 of its best
    minimum.
    """
    theta, steps = -3.5, []
    for i in range(100):
        step = numbers_of(call(answer, i, given=f"i = {i}"))
        if step is None or step.size != 1 or not math.isfinite(step.item()):
            raise Wrong("not-a-number", "wanted is one finite step size.", given=f"i = {i}")
        if step.item() < 0:
            hint = "a step below 0 walks uphill."
            raise Wrong("sign", hint, got=f"{step.item():g}", given=f"i = {i}")
        steps.append(step.item())
        theta -= steps[-1] * _lecture_slope(theta)
        if abs(theta) > 1e6:
            hint = "so long a step climbs higher in every round: the path runs away."
            raise Wrong("diverged", hint, got=f"|θ| above a million in round {i}")
    if abs(theta) < 0.01:
        return
    diagnosis, hint = _where(theta, steps)
    value = theta * math.cos(4 * theta) + 2 * abs(theta)
    got = f"after 100 steps θ = {theta:.4f}, value {value:.4f}"
    raise Wrong(diagnosis, hint, got=got, expected="θ between −0.01 and 0.01")


def _where(theta: float, steps: list[float]) -> tuple[str, str]:
    """What a path that ended at the wrong place has met."""
    constant = max(steps) - min(steps) < 1e-12
    if abs(theta) < 0.3:
        return "bounces", (
            "the right valley, but at the kink a step that stays long bounces for ever. Let the "
            "steps shrink."
        )
    if theta < -2.5:
        hint = (
            "it never left the valley at −3.12, whose limit 2/f″ is 0.0407. "
            + ("A constant step so short bounces about there. " if constant else "")
            + "Begin with longer steps."
        )
        return "stuck-at-start", hint
    limits = [(-1.5292, 0.0877), (0.6838, 0.2905), (2.3292, 0.0553), (3.9110, 0.0323)]
    place, limit = min(limits, key=lambda m: abs(m[0] - theta))
    hint = (
        f"it came to rest near {place}, where any step below 2/f″ = {limit} can rest. Begin "
        "longer, or stay long for more rounds, before the steps shrink."
    )
    return "other-minimum", hint


def _lecture_slope(theta: float) -> float:
    sign = (theta > 0) - (theta < 0)
    return math.cos(4 * theta) - 4 * theta * math.sin(4 * theta) + 2 * sign
