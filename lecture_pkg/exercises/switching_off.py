"""Exercises: switching recording off."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from ._answers import Wrong, call, kind
from ._compare import Mistake, compare
from ._exercise import Trial, exercise


@exercise()
def fixed_target(answer: Any, trial: Trial) -> None:
    """Write `fixed_target(w, x, later, reward)`: the mean of (target − prediction)².

    The prediction is x·w, the target reward + 0.9 · later·w. The target counts as fixed: no
    gradient flows through it. w has shape (n), x and later (N, n), reward (N).
    """
    for m, n in ((6, 3), (4, 2)):
        w, x, later = trial.tensor(n).requires_grad_(), trial.tensor(m, n), trial.tensor(m, n)
        reward = trial.tensor(m)
        given = f"w of shape ({n}), x and later of shape ({m}, {n}), reward of shape ({m})"
        result = call(answer, w, x, later, reward, given=given)
        with torch.no_grad():
            short = reward + 0.9 * (later @ w) - x @ w
            other = reward + later @ w - x @ w
        values = [
            Mistake("sum", (short**2).sum(), "this is the sum over the rows; wanted is the mean."),
            Mistake("discount", (other**2).mean(), "what comes later counts 0.9 times."),
            Mistake("not-squared", short.mean(), "the square is missing."),
        ]
        compare(result, (short**2).mean(), mistakes=values, given=given)
        _hold_gradient(result, w, x, later, short, given)


def _hold_gradient(
    loss: Any,
    w: torch.Tensor,
    x: torch.Tensor,
    later: torch.Tensor,
    short: torch.Tensor,
    given: str,
) -> None:
    """Raise Wrong unless the gradient of the loss flows to w, and through the prediction alone."""
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        hint = "no graph leads from the loss to w. Only the target is to count as fixed."
        raise Wrong("detached", hint, got=kind(loss), given=given)
    (gradient,) = torch.autograd.grad(loss, w, allow_unused=True)
    if gradient is None:
        hint = "the graph of the loss does not lead to w, but to something else."
        raise Wrong("detached", hint, given=given)
    scale = 2 / len(short)
    slopes = [
        Mistake("target-not-fixed", scale * short @ (0.9 * later - x), _THROUGH),
        Mistake("prediction-fixed", scale * short @ (0.9 * later), _WRONG_SIDE),
    ]
    compare(gradient, -scale * short @ x, mistakes=slopes, given=f"{given}; the gradient for w")


_THROUGH = "right loss, but its gradient also flows through the target. Detach the target."
_WRONG_SIDE = "right loss, but the prediction counts as fixed, and the target moves."


@exercise()
def update_average(answer: Any, trial: Trial) -> None:
    """Write `update_average(averages, parameters, decay)`: each average follows its parameter.

    average ← decay · average + (1 − decay) · parameter, in place, and not recorded. Both are lists
    of tensors, pairwise of one shape.
    """
    for shapes in (((3,), (2, 2)), ((2,), (4,), (1, 3))):
        decay = trial.number(0.6, 0.95)
        old = [trial.tensor(*shape) for shape in shapes]
        parameters = [trial.tensor(*shape).requires_grad_() for shape in shapes]
        values = [p.detach().clone() for p in parameters]
        averages = [a.clone() for a in old]
        held = [a.detach() for a in averages]  # other names for the same memory
        given = f"{len(shapes)} averages, as many parameters with gradients, decay = {decay}"
        listed = list(averages)
        call(answer, listed, parameters, decay, given=given, may_change=True, errors=_REFUSED)
        for parameter, value in zip(parameters, values, strict=True):
            if not torch.equal(parameter.detach(), value) or not parameter.requires_grad:
                raise Wrong("parameter-changed", "the parameters stay as they are.", given=given)
        for now, average, memory, start, value in zip(
            listed, averages, held, old, values, strict=True
        ):
            _hold_average(now, average, memory, start, value, decay, given)
        if any(a._version == 0 for a in averages):
            raise Wrong("data", _DATA, given=given)


_DATA = "written through .data, which autograd does not count. Use `with torch.no_grad():`."


def _hold_average(
    now: Any,
    average: torch.Tensor,
    memory: torch.Tensor,
    start: torch.Tensor,
    value: torch.Tensor,
    decay: float,
    given: str,
) -> None:
    """Raise Wrong unless one average holds its new numbers, in its old memory, unrecorded."""
    right = decay * start + (1 - decay) * value
    if average.requires_grad or (isinstance(now, torch.Tensor) and now.requires_grad):
        hint = (
            "the average requires a gradient now: the update was recorded, without an error. Its "
            "graph would grow by one update in every round."
        )
        raise Wrong("recorded", hint, given=given)
    if now is not average:
        raise Wrong("new-tensor", _NEW, got="another tensor in the list", given=given)
    mistakes = [
        Mistake("new-tensor", start, _NEW),
        Mistake("swapped", decay * value + (1 - decay) * start, "decay belongs to the average."),
        Mistake("replaced", value, "this is the parameter itself."),
        Mistake("no-factor", decay * start + value, "the parameter counts (1 − decay) times."),
    ]
    compare(average, right, mistakes=mistakes, given=given)
    if not torch.equal(memory, average):
        hint = (
            "right numbers, in new memory. Whoever holds the average under another name still sees "
            "the old ones. Write into it: mul_, add_, lerp_, copy_ or *= do."
        )
        raise Wrong("new-memory", hint, given=given)


_NEW = (
    "the average itself did not change: a new tensor was made. Write into the old one, with mul_, "
    "add_, lerp_, copy_ or *=."
)
_REFUSED = {
    "recorded-update": (
        "parameter-changed",
        "this writes into a parameter. Only the averages change.",
    )
}


@exercise()
def which_raise(answer: Any, trial: Trial) -> None:
    """Which of a, b, c, d, e, f make `y.backward()` raise an error? Answer with their names."""
    if not isinstance(answer, Iterable) or not all(isinstance(n, str) for n in answer):
        hint = 'names in quotes, such as {"a", "e"}.'
        raise Wrong("not-names", hint, got=kind(answer), expected="a set of names")
    names = {letter for word in answer for letter in word if letter.isalpha()}
    if unknown := names - _CASES.keys():
        hint = "there are a, b, c, d, e and f."
        raise Wrong("not-names", hint, got=", ".join(sorted(unknown)))
    for name, (case, diagnosis, hint) in _CASES.items():
        if (name in names) != _raises(case):
            raise Wrong(diagnosis, f"{name}: {hint}", got=", ".join(sorted(names)) or "none")


def _raises(case: Callable[[torch.Tensor], torch.Tensor]) -> bool:
    x = torch.tensor(1.0, requires_grad=True)
    try:
        torch.autograd.grad(case(x), x)
    except RuntimeError:
        return True
    return False


def _sine_then_input(x: torch.Tensor) -> torch.Tensor:
    u = 2 * x
    y = torch.sin(u)
    u += 1
    return y


def _sine_then_result(x: torch.Tensor) -> torch.Tensor:
    y = torch.sin(2 * x)
    y += 1
    return y


def _exponential_then_result(x: torch.Tensor) -> torch.Tensor:
    y = torch.exp(x)
    y *= 2
    return y


def _sum_then_input(x: torch.Tensor) -> torch.Tensor:
    u = 2 * x
    y = u + 3
    u *= 5
    return y


def _product_then_detached(x: torch.Tensor) -> torch.Tensor:
    w = torch.tensor(4.0)
    y = w * x
    w.detach().fill_(0.0)
    return y


def _product_then_data(x: torch.Tensor) -> torch.Tensor:
    w = torch.tensor(4.0)
    y = w * x
    w.data.fill_(0.0)
    return y


# the cases of `which_raise`, whether they raise is asked of PyTorch: function, diagnosis, hint
_CASES: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], str, str]] = {
    "a": (_sine_then_input, "saved-input", "what does a sine save for its derivative, cos u?"),
    "b": (_sine_then_result, "not-saved", "the sine saved its input. Who saved y?"),
    "c": (_exponential_then_result, "saved-result", "the exponential is its own derivative."),
    "d": (_sum_then_input, "not-saved", "what does a sum save? Its derivatives are 1."),
    "e": (_product_then_detached, "shared-counter", "w was saved, as dy/dx. Who counts the write?"),
    "f": (_product_then_data, "uncounted", "w was overwritten, but which counter noticed it?"),
}
