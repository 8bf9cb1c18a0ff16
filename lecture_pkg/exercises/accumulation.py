"""Exercises: gradients accumulate."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

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


_TOO_LATE = "zeroed after backward() and before the gradient is used. Zero first."
_NONE_YET = {
    "no-gradient-yet": (
        "no-gradient-yet",
        "before the first backward(), x.grad is None and cannot be zeroed. Ask first, or set "
        "x.grad = None.",
    )
}


def _cubes(k: int, t: torch.Tensor) -> torch.Tensor:
    return (k * t**3).sum()


@exercise()
def in_batches(answer: Any, trial: Trial) -> None:
    """Write `in_batches(X, y, theta, size)`: the gradient of the mean squared error, in batches.

    The loss is the mean of (y − Xθ)² over all rows; no more than `size` rows are used at a time.
    """
    for rows, size in ((12, 4), (10, 4), (7, 3)):
        X, y, theta = trial.tensor(rows, 3), trial.tensor(rows), trial.tensor(3)
        theta.requires_grad_()
        given = f"{rows} rows, size {size}"
        with _Readers(X, y) as readers:
            result = call(answer, X, y, theta, size, given=given)
        right, mistakes = _in_parts(X, y, theta, size)
        compare(result, right, mistakes=mistakes, given=given)
        if readers.most > size:
            hint = "right, but not in batches: one line computes with more rows than fit."
            got = f"{readers.most} rows at a time"
            expected = f"{size} rows or fewer"
            raise Wrong("whole-batch", hint, got=got, expected=expected, given=given)


class _Readers(TorchFunctionMode):
    """Watches how many rows of some tensors are computed with at a time.

    Taking rows out, as a view or as a copy, is no computing.
    """

    _COPIES = ("getitem", "index", "gather", "take", "masked_select", "clone", "to", "like")

    def __init__(self, *tensors: torch.Tensor) -> None:
        super().__init__()
        self.widths = {_memory(t): t[0].numel() for t in tensors}
        self.most = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and _memory(result) not in self.widths:
            words = getattr(func, "__name__", "").split("_")
            if not any(word in words for word in self._COPIES):
                read = [t for t in args if isinstance(t, torch.Tensor)]
                rows = [t.numel() // self.widths.get(_memory(t), t.numel() + 1) for t in read]
                self.most = max([self.most, *rows])
        return result


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _in_parts(
    X: torch.Tensor, y: torch.Tensor, theta: torch.Tensor, size: int
) -> tuple[torch.Tensor, list[Mistake]]:
    """The gradient of the whole, and what comes out of its parts in wrong ways."""
    rows, starts = len(y), range(0, len(y), size)
    lengths = [min(size, rows - i) for i in starts]
    parts = [_gradient(X[i : i + size], y[i : i + size], theta) for i in starts]
    sums = [part * length for part, length in zip(parts, lengths, strict=True)]
    added, right, n = torch.stack(parts).sum(0), torch.stack(sums).sum(0) / rows, len(parts)
    return right, [
        Mistake("factor", added, f"the means of {n} batches are added up: {n} gradients."),
        Mistake("uneven", added / n, "the last batch has fewer rows: its mean must weigh less."),
        Mistake("factor", right * rows, f"the sum over all {rows} rows; the loss is their mean."),
        Mistake("zeroed-between", parts[-1], _ONLY.format("last")),
        Mistake("zeroed-between", sums[-1] / rows, _ONLY.format("last")),
        Mistake("first-only", parts[0], _ONLY.format("first")),
        Mistake("first-only", sums[0] / rows, _ONLY.format("first")),
        Mistake("rows-dropped", right - sums[-1] / rows, "the last rows are left out."),
        Mistake("sign", -right, "the sign is the opposite."),
    ]


_ONLY = "only the {} batch is in there. Let .grad add up: no zeroing between the batches."


def _gradient(X: torch.Tensor, y: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """The gradient of the mean squared error by its formula, 2 Xᵀ(Xθ − y) / rows."""
    return 2 * X.T @ (X @ theta.detach() - y) / len(y)
