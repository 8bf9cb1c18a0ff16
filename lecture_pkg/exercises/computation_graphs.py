"""Exercises: computation graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from ._answers import Wrong, call, kind, want
from ._compare import SINGLE, STRICT, Mistake, compare
from ._exercise import Trial, exercise


@exercise()
def leaves(answer: Any, trial: Trial) -> None:
    """Which of w, a, b, c, d, e, f are leaves? Answer with their names, before you ask PyTorch."""
    if not isinstance(answer, Iterable) or not all(isinstance(n, str) for n in answer):
        hint = 'names in quotes, such as {"w", "b"}.'
        raise Wrong("not-names", hint, got=kind(answer), expected="a set of names")
    w = torch.tensor([1.0, 2.0], dtype=torch.float32, requires_grad=True)
    tensors = {
        "w": w,
        "a": w.float(),
        "b": w.clone(),
        "c": torch.tensor([3.0, 4.0]) * 2,
        "d": w[0],
        "e": torch.ones_like(w) + 1,
        "f": torch.tensor(w.tolist()),
    }
    names = {letter for word in answer for letter in word if letter.isalpha()}
    right = {name for name, tensor in tensors.items() if tensor.is_leaf}
    if names == right:
        return
    if names & {"b", "d"}:
        diagnosis = "recorded-results"
        hint = "clone() and w[0] are recorded like any operation on w: b and d have a grad_fn."
    elif names <= {"w", "a"}:
        diagnosis = "requires-grad-only"
        hint = "a tensor that requires no gradient is a leaf too: nothing in the graph leads to it."
    elif names == right - {"a"}:
        diagnosis = "same-tensor"
        hint = "w is float32 already, so w.float() has nothing to do and gives back w itself."
    elif names < right:
        diagnosis = "results-left-out"
        hint = (
            "a result is a leaf too if it was not recorded: if none of the tensors that it was "
            "computed from requires a gradient."
        )
    else:
        diagnosis, hint = "not-the-leaves", "a leaf is a tensor whose grad_fn is None."
    raise Wrong(diagnosis, hint, got=", ".join(sorted(names)))


@exercise()
def new_leaf(answer: Any, trial: Trial) -> None:
    """Write `new_leaf(value)`: any Python number as a leaf that requires a gradient."""
    for value in (trial.number(), 3, -2):
        given = f"value = {value}"
        result = call(answer, value, given=given)
        want(torch.Tensor, result, "wanted is a tensor.", given)
        compare(result, value, given=given, rtol=SINGLE)
        if not result.requires_grad:
            hint = "this tensor does not require a gradient."
            raise Wrong("no-requires-grad", hint, got=str(result), given=given)
        if not result.is_leaf:
            hint = "an operation after requires_grad=True makes a result, which is no leaf."
            raise Wrong("not-a-leaf", hint, got=str(result), given=given)
        if result.shape != ():
            hint = "one number has shape (), without brackets around it."
            shapes = str(tuple(result.shape)), "()"
            raise Wrong("shape", hint, got=shapes[0], expected=shapes[1], given=given)


@exercise()
def squared_error(answer: Any, trial: Trial) -> None:
    """Write `squared_error(X, y, theta)`: the mean of (y − Xθ)², with its graph unbroken."""
    for m, n in ((7, 3), (5, 2)):
        X, y, theta = trial.tensor(m, n), trial.tensor(m), trial.tensor(n).requires_grad_()
        given = f"X of shape ({m}, {n}), y of shape ({m}), theta of shape ({n})"
        result = call(answer, X, y, theta, given=given)
        prediction = (X @ theta).detach()
        error, whole = y - prediction, reaches(result, theta)
        compare(
            result,
            (error**2).mean(),
            mistakes=_wrong_means(error, y[None, :] - prediction[:, None]),
            given=given,
            rtol=STRICT if whole else SINGLE,
        )
        if not whole:
            expected = "a grad_fn that leads to theta"
            raise Wrong("detached", _CUT, got=str(result), expected=expected, given=given)


_CUT = (
    "the number is right, but no graph leads from it to theta. Look for .item(), .detach(), "
    ".data, float(), NumPy, or a new tensor made from the number."
)


def _wrong_means(error: torch.Tensor, table: torch.Tensor) -> list[Mistake]:
    m = len(error)
    return [
        Mistake("sum", (error**2).sum(), "this is the sum of the squares, not their mean."),
        Mistake("not-squared", error.mean(), "the errors are to be squared."),
        Mistake("square-of-mean", error.mean() ** 2, "square first, then take the mean."),
        Mistake("root", (error**2).mean().sqrt(), "without the square root."),
        Mistake("absolute", error.abs().mean(), "squares, not absolute values."),
        Mistake("factor", (error**2).mean() / 2, "there is a factor ½ too much."),
        Mistake(
            "broadcast",
            (table**2).mean(),
            f"a column ({m}, 1) minus a row ({m}) is a table of {m * m} errors: give both one "
            "shape.",
        ),
    ]


@exercise()
def count_operations(answer: Any, trial: Trial) -> None:
    """Write `count_operations(y)`: how many operations the graph of y holds, each counted once."""
    x = trial.tensor(3).requires_grad_()
    n = int(trial.rng.integers(6, 12))
    cases = [
        ("y = sin(2x + 1)", (2 * x + 1).sin(), 3, 3),
        ("y = sin(x)·exp(2x + 1) + x", x.sin() * (2 * x + 1).exp() + x, 6, 6),
        (f"s = x.sum(), and {n} times s = s + s", _repeat(x, n, _double), n + 1, 2 ** (n + 1) - 1),
        ("s = x.sum(), and 3000 times s = s * 1", _repeat(x, 3000, lambda s: s * 1), 3001, 3001),
    ]
    for given, y, right, paths in cases:
        result = call(answer, y, given=given)
        mistakes = [
            Mistake(
                "with-leaves", right + 1, "AccumulateGrad is counted; it only stores into a leaf."
            ),
            Mistake("counted-again", paths, _SEEN),
            Mistake("counted-again", paths + 2**n, _SEEN),
            Mistake("first-branch", 1, "only the first operation is counted: walk on."),
            Mistake("one-short", right - 1, "one is missing: is y.grad_fn itself counted?"),
        ]
        compare(result, right, mistakes=mistakes, given=given)


_SEEN = "an operation that is reached on two ways is counted twice: remember those seen."


def _double(s: torch.Tensor) -> torch.Tensor:
    return s + s


def _repeat(
    x: torch.Tensor, times: int, change: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    result = x.sum()
    for _ in range(times):
        result = change(result)
    return result


def reaches(output: Any, leaf: torch.Tensor) -> bool:
    """Whether a result carries a graph, and the graph leads back to `leaf`."""
    if not isinstance(output, torch.Tensor) or not output.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(output.sum(), leaf, retain_graph=True, allow_unused=True)
    return gradient is not None
