"""Exercises: nn and optim."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ._answers import Wrong, call, kind
from ._compare import SINGLE, STRICT, Mistake, compare
from ._exercise import Trial, exercise
from .computation_graphs import reaches


@exercise()
def two_layers(answer: Any, trial: Trial) -> None:
    """Build a model with 4 inputs, a layer of 8 units with ReLU, and 3 outputs."""
    model = _as_model(answer)
    x = torch.tensor(trial.array(6, 4), device=_device(model))
    given = "6 rows of 4 inputs"
    result = call(model, x, given=given, errors=_SWAPPED)  # first: a lazy layer has no shape before
    W1, b1, W2, b2 = _weights(model)
    before = x @ W1.T + b1
    right = torch.relu(before) @ W2.T + b2
    hint = "the hidden layer has {} where ReLU is wanted."
    other = [
        ("no-activation", before, "between the two layers a ReLU is missing."),
        ("other-activation", torch.sigmoid(before), hint.format("a sigmoid")),
        ("other-activation", torch.tanh(before), hint.format("a tanh")),
    ]
    mistakes = [Mistake(name, hidden @ W2.T + b2, text) for name, hidden, text in other]
    last = "a ReLU behind the last layer cuts off every negative output."
    mistakes += [
        Mistake("relu-at-end", torch.relu(right), last),
        Mistake("relu-at-end", torch.relu(before @ W2.T + b2), last + " It belongs between."),
        Mistake("softmax", torch.softmax(right, -1), "wanted are plain outputs, no softmax."),
    ]
    compare(result, right, mistakes=mistakes, given=given)


_SWAPPED = {
    "shape": (
        "swapped",
        "the layers do not fit 4 inputs. Linear takes first the inputs, then the outputs.",
    )
}


def _as_model(answer: Any) -> torch.nn.Module:
    if not isinstance(answer, torch.nn.Module):
        hint = "wanted is the model itself, a torch.nn.Module."
        raise Wrong("not-a-model", hint, got=kind(answer))
    return copy.deepcopy(answer).double()


def _device(model: torch.nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _weights(model: torch.nn.Module) -> list[torch.Tensor]:
    """W and b of both layers as `Linear` holds them, whichever way round the model does."""
    parameters = {p.numel(): p.detach() for p in model.parameters()}
    shapes = [tuple(p.shape) for p in model.parameters()]
    if len(shapes) == 4 and set(parameters) == {32, 8, 24, 3}:
        W1, b1, W2, b2 = (parameters[n] for n in (32, 8, 24, 3))
        if {4, 8} == set(W1.shape) and {8, 3} == set(W2.shape):
            return [_turned(W1, 8), b1.flatten(), _turned(W2, 3), b2.flatten()]
    diagnosis, hint = "layers", "wanted: Linear(4, 8), ReLU, Linear(8, 3)."
    if set(parameters) == {32, 24} and len(shapes) == 2:
        diagnosis, hint = "no-bias", "the layers have no bias."
    raise Wrong(diagnosis, hint, got=f"parameters of shapes {shapes}")


def _turned(weight: torch.Tensor, rows: int) -> torch.Tensor:
    return weight if weight.shape[0] == rows else weight.T


@exercise()
def column_loss(answer: Any, trial: Trial) -> None:
    """Write `column_loss(prediction, target)`: the mean squared error of a column and a row.

    prediction has shape (N, 1), as a model with one output gives it; target has shape (N,).
    """
    for n in (5, 3):
        prediction, target = trial.tensor(n, 1).requires_grad_(), trial.tensor(n)
        given = f"prediction of shape ({n}, 1), target of shape ({n})"
        error = (prediction.squeeze(1) - target).detach()
        table, text = (
            (prediction - target).detach(),
            f"({n}, 1) minus ({n}) is a table of {n * n} errors.",
        )
        mistakes = [
            Mistake("broadcast", (table**2).mean(), text),
            Mistake("broadcast", (table**2).sum(), text),
            Mistake("sum", (error**2).sum(), "this is the sum of the squares, not their mean."),
            Mistake("root", (error**2).mean().sqrt(), "without the square root."),
            Mistake("absolute", error.abs().mean(), "squares, not absolute values."),
            Mistake("not-reduced", error**2, "a loss is one number: take the mean."),
        ]
        result = call(answer, prediction, target, given=given)
        whole = reaches(result, prediction)
        rtol = STRICT if whole else SINGLE
        compare(result, (error**2).mean(), mistakes=mistakes, given=given, rtol=rtol)
        if not whole:
            hint = (
                "the number is right, but no graph leads back to the prediction. Look for .item(), "
                ".detach(), .data, NumPy."
            )
            raise Wrong("detached", hint, given=given)


@exercise()
def sgd_step(answer: Any, trial: Trial) -> None:
    """Write `sgd_step(parameters, lr)`: p ← p − lr·gradient for every p, in place; then forget.

    Afterwards no gradient is left (None or 0). A parameter without a gradient stays as it is.
    """
    values = [trial.tensor(3), trial.tensor(2), trial.tensor(2, 2)]
    slopes, lr = [trial.tensor(3), None, trial.tensor(2, 2)], trial.number(0.1, 0.3)
    parameters = [v.clone().requires_grad_() for v in values]
    for p, slope in zip(parameters, slopes, strict=True):
        p.grad = None if slope is None else slope.clone()
    versions = [p._version for p in parameters]
    given = f"three parameters, the second with .grad None, lr = {lr}"
    call(answer, list(parameters), lr, given=given, may_change=True, errors=_IN_PLACE)
    for p, v, g in zip(parameters, values, slopes, strict=True):
        slope = torch.zeros_like(v) if g is None else g
        mistakes = [
            Mistake("no-effect", v, _NOTHING),
            Mistake("sign", v + lr * slope, "this walks uphill: p − lr · gradient."),
            Mistake("factor", v - slope, "the learning rate is not used."),
        ]
        compare(p, v - lr * slope, mistakes=mistakes, given=given)
    if not all(p.requires_grad and p.is_leaf for p in parameters):
        hint = "afterwards a parameter requires no gradient any more: the next backward() fails."
        raise Wrong("requires-grad-lost", hint, given=given)
    if any(p.grad is not None and p.grad.any() for p in parameters):
        hint = "the old gradients are still there, and the next backward() adds to them."
        raise Wrong("not-zeroed", hint, given=given)
    moved = [i for i, slope in enumerate(slopes) if slope is not None]
    if any(parameters[i]._version == versions[i] for i in moved):
        hint = (
            "right numbers, written through .data, where autograd does not see the change and "
            "gives wrong gradients without a word. Use `with torch.no_grad():`."
        )
        raise Wrong("data", hint, given=given)


_NOTHING = (
    "a parameter has not moved. Its gradient was emptied before it was used, or `p = p − …` gave "
    "the name p to a new tensor: update in place, p -= …"
)
_IN_PLACE = {
    "no-gradient-yet": (
        "no-gradient-yet",
        "a parameter that the loss did not use has .grad None: leave it out.",
    )
}


class _Logged(torch.optim.SGD):
    """Plain gradient descent that remembers its steps, and whether there was a gradient to use."""

    def __init__(self, parameters: Iterator[torch.nn.Parameter]) -> None:
        super().__init__(parameters, lr=0.1)
        self.steps: list[bool] = []

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move the parameters, and log whether a gradient was there."""
        loss = super().step(closure)
        grads = [p.grad for group in self.param_groups for p in group["params"]]
        self.steps.append(any(g is not None and bool(g.any()) for g in grads))
        return loss


@exercise(loads="torch._dynamo")
def train(answer: Any, trial: Trial) -> None:
    """Mend `train(model, loss_fn, optimizer, x, y, rounds)`: it returns the loss of every round.

    The losses are numbers, each taken before the step of its round.
    """
    for rounds in (5, 3):
        x, y, weight = trial.tensor(8, 2), trial.tensor(8, 1), trial.tensor(1, 2)
        model = torch.nn.Linear(2, 1, bias=False, dtype=torch.float64)
        model.weight = torch.nn.Parameter(weight.clone())
        optimizer, loss_fn = _Logged(model.parameters()), torch.nn.MSELoss()
        given = f"a linear model, MSELoss, SGD with lr 0.1, rounds = {rounds}"
        result = call(answer, model, loss_fn, optimizer, x, y, rounds, given=given, errors=_OUTSIDE)
        losses, summed = _losses(x, y, weight, rounds, 0.0), _losses(x, y, weight, rounds, 1.0)
        _judge_steps(result, optimizer, rounds, given)
        mistakes = [
            Mistake("not-zeroed", summed[:-1], "gradients are added to earlier ones: zero_grad()."),
            Mistake("after-step", losses[1:], "these losses are taken after the step, not before."),
            Mistake("last-only", losses[-2], "all losses, not only the last one."),
        ]
        compare(result, losses[:-1], mistakes=mistakes, given=given, rtol=SINGLE)


def _judge_steps(result: Any, optimizer: _Logged, rounds: int, given: str) -> None:
    if any(map(_carries_graph, result if isinstance(result, list | tuple) else [result])):
        hint = "what you return keeps its whole graph alive: put loss.item() in."
        raise Wrong("keeps-graph", hint, got="losses with a grad_fn", given=given)
    if not optimizer.steps:
        hint = "optimizer.step() is never called: nothing moves."
        raise Wrong("no-step", hint, given=given)
    if not any(optimizer.steps):
        hint = (
            "nothing moves: the gradients are zeroed between backward() and step(), or backward() "
            "is never called."
        )
        raise Wrong("zeroed-before-use", hint, got="a step() without a gradient", given=given)
    if (steps := len(optimizer.steps)) != rounds:
        hint = "one step in each round."
        raise Wrong("other-steps", hint, got=f"{steps} steps", expected=f"{rounds} steps")


_OUTSIDE = {
    "second-backward": (
        "second-backward",
        "the forward pass belongs into the loop: each round needs a graph of its own.",
    )
}


def _carries_graph(item: Any) -> bool:
    return isinstance(item, torch.Tensor) and item.requires_grad


def _losses(
    x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, rounds: int, kept: float
) -> list[float]:
    """The losses before each step and after all, by formula; `kept` of old gradients stays."""
    losses, heap = [], torch.zeros_like(weight)
    for _ in range(rounds + 1):
        error = x @ weight.T - y
        losses.append(float((error**2).mean()))
        heap = kept * heap + 2 * error.T @ x / len(x)
        weight = weight - 0.1 * heap
    return losses


@exercise()
def fit_sine(answer: Any, trial: Trial) -> None:
    """Train a model, (N, 1) in and (N, 1) out, that gives sin(x) for −3 ≤ x ≤ 3.

    The mean squared error on fresh points must be below 0.01.
    """
    model = _as_model(answer).eval()
    points = np.sort(np.append(trial.rng.uniform(-3, 3, size=399), 0.0))
    x = torch.tensor(points[:, None], device=_device(model))
    given = "400 fresh points between −3 and 3"
    with torch.no_grad():
        result = call(model, x, given=given)
    if not isinstance(result, torch.Tensor) or result.shape != x.shape:
        shape = getattr(result, "shape", type(result).__name__)
        raise Wrong("shape", "one output for each input.", got=str(shape), expected="(400, 1)")
    error = float(((result - torch.sin(x)) ** 2).mean())
    if error < 0.01:
        return
    diagnosis, hint = _what_was_learnt(x, result)
    got = f"mean squared error {error:.2g}"
    raise Wrong(diagnosis, hint, got=got, expected="below 0.01", given=given)


def _what_was_learnt(x: torch.Tensor, result: torch.Tensor) -> tuple[str, str]:
    error = (result - torch.sin(x)) ** 2
    bend = result - (result[:1] + (result[-1:] - result[:1]) * (x - x[:1]) / (x[-1:] - x[:1]))
    right_half, left_half = error[x > 0.2].mean(), error[x < -0.2].mean()
    if not bool(result.isfinite().all()):
        return "nan", "the outputs are not finite: the training ran away. Take a smaller lr."
    if float(result.std()) < 0.05:
        return (
            "flat",
            "nearly the same output everywhere: was it trained on sin(x), and with step()?",
        )
    if float(bend.abs().max()) < 1e-6:
        return (
            "no-activation",
            "a straight line: linear layers in a row are one. Put a ReLU between.",
        )
    if float(((result - torch.cos(x)) ** 2).mean()) < 0.02:
        return "other-function", "this is the cosine."
    if min(right_half, left_half) < 0.01:
        return "range", "good on one side of 0 only: train on points from all of −3 to 3."
    at = int(error.argmax())
    return (
        "far-off",
        f"furthest off at x = {x[at].item():.2f}: {result[at].item():.2f} instead of "
        f"{x[at].sin().item():.2f}. More rounds, another lr, more hidden units?",
    )
