"""Exercises: gradients accumulate."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from ._answers import Wrong, call
from ._compare import SINGLE, Mistake, compare
from ._exercise import Trial, exercise


@exercise()
def running_total(answer: Any, trial: Trial) -> None:
    """What is in x.grad at the four places? Answer with a list of four numbers."""
    slope = 3 * 2**2
    right = [slope, 2 * slope, 0, slope]
    mistakes = [
        Mistake("replaced", [12, 12, 0, 12], "backward() adds to .grad; it does not replace it."),
        Mistake("not-zeroed", [12, 24, 0, 36], "zero_() empties .grad: it begins again at 0."),
        Mistake("not-zeroed", [12, 24, 24, 36], "zero_() sets .grad to 0 there and then."),
        Mistake("value", [8, 16, 0, 8], "8 is y = x³ at 2. Its derivative is 3x²."),
        Mistake("value", [8, 8, 8, 8], "8 is y = x³ at 2. Its derivative is 3x²."),
        Mistake("factor", [6, 12, 0, 6], "the derivative of x³ is 3x²."),
        Mistake("factor", [4, 8, 0, 4], "the derivative of x³ is 3x²: the factor 3 is missing."),
    ]
    compare(answer, right, mistakes=mistakes, rtol=SINGLE, given="x = 2, y = x³")


@exercise()
def fresh_gradient(answer: Any, trial: Trial) -> None:
    """Write `fresh_gradient(f, x)`: the gradient of f at the leaf x, whatever x.grad held before.

    x is a leaf that requires a gradient; f returns a single number.
    """
    values = trial.tensor(4)
    x = values.clone().requires_grad_()
    states = ("None", "as your first call left it", "full of sevens")
    kept = []
    for k, state in enumerate(states, start=2):
        if state == "full of sevens":
            x.grad = torch.full_like(values, 7.0)
        right, given = 3 * k * values**2, f"f(x) = Σ {k}x³, x.grad is {state}"
        before = torch.zeros_like(values) if x.grad is None else x.grad.clone()
        result = call(answer, partial(_cubes, k), x, given=given, errors=_NONE_YET)
        mistakes = [
            Mistake("not-zeroed", right + before, "what x.grad held before is in there as well."),
            Mistake("zeroed-before-use", torch.zeros_like(values), _TOO_LATE),
            Mistake("stale", before, "this is the old x.grad: was backward() called?"),
        ]
        compare(result, right, mistakes=mistakes, given=given)
        kept.append((result, right))
    if not all(_still(result, right) for result, right in kept):
        when = "the result of an earlier call, looked at after the third"
        raise Wrong("same-memory", _SHARED, given=when)


_TOO_LATE = "zeroed after backward() and before the gradient is used. Zero first."
_SHARED = (
    "what you returned is x.grad itself, and a later call changed it under the caller's hands: "
    "return a copy, x.grad.clone()."
)
_NONE_YET = {
    "no-gradient-yet": (
        "no-gradient-yet",
        "before the first backward(), x.grad is None and cannot be zeroed. Ask first, or set "
        "x.grad = None.",
    )
}


def _cubes(k: int, t: torch.Tensor) -> torch.Tensor:
    return (k * t**3).sum()


def _still(result: Any, right: torch.Tensor) -> bool:
    try:
        compare(result, right)
    except Wrong:
        return False
    return True


@exercise()
def in_batches(answer: Any, trial: Trial) -> None:
    """Write `in_batches(X, y, theta, size)`: the gradient of the mean squared error, in batches.

    The loss is the mean of (y − Xθ)² over all rows; no more than `size` rows are used at a time.
    """
    for rows, size in ((12, 4), (10, 4)):
        X, y, theta = trial.tensor(rows, 3), trial.tensor(rows), trial.tensor(3)
        theta.requires_grad_()
        parts = [_gradient(X[i : i + size], y[i : i + size], theta) for i in range(0, rows, size)]
        lengths = [min(size, rows - i) for i in range(0, rows, size)]
        whole = sum(p * n for p, n in zip(parts, lengths, strict=True))
        mean, n = sum(parts) / len(parts), len(parts)
        mistakes = [
            Mistake("factor", sum(parts), f"the means of {n} batches are added up: {n} gradients."),
            Mistake("uneven", mean, "the last batch has fewer rows: its mean must weigh less."),
            Mistake("factor", whole, f"the sum over all {rows} rows; the loss is their mean."),
            Mistake("zeroed-between", parts[-1], _ONLY.format("last")),
            Mistake("zeroed-between", parts[-1] * lengths[-1] / rows, _ONLY.format("last")),
            Mistake("first-only", parts[0], _ONLY.format("first")),
            Mistake("first-only", parts[0] * size / rows, _ONLY.format("first")),
            Mistake("rows-dropped", sum(parts[:-1]) * size / rows, "the last rows are left out."),
            Mistake("sign", -whole / rows, "the sign is the opposite."),
        ]
        given = f"{rows} rows, size {size}"
        result = call(answer, X, y, theta, size, given=given)
        compare(result, whole / rows, mistakes=mistakes, given=given)


_ONLY = "only the {} batch is in there. Let .grad add up: no zeroing between the batches."


def _gradient(X: torch.Tensor, y: torch.Tensor, theta: torch.Tensor) -> Any:
    """The gradient of the mean squared error by its formula, 2 Xᵀ(Xθ − y) / rows."""
    return 2 * X.T @ (X @ theta.detach() - y) / len(y)
