"""Runs autograd's engine over a graph and listens, without leaving a trace behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch

from .._arguments import refuse
from ..values import format_snapshot, snapshot
from .trace import Traced

Gradients = Sequence[torch.Tensor | None]


class Event(NamedTuple):
    """One function that the engine ran: its number, and the gradients of its results and inputs."""

    function: int
    arriving: Gradients
    leaving: Gradients


def seeds_for(outputs: Sequence[tuple[str, torch.Tensor]], gradient: Any) -> list[torch.Tensor]:
    """The gradient with which the pass starts at each output, checked against it."""
    if isinstance(gradient, Mapping):
        unknown = set(gradient) - {key for key, _ in outputs}
        if unknown:
            allowed = f"a dict with keys of output, {[key for key, _ in outputs]}"
            refuse("gradient", gradient, allowed)
        given = [gradient.get(key) for key, _ in outputs]
    elif isinstance(gradient, list | tuple):
        if len(gradient) != len(outputs):
            refuse("gradient", gradient, f"one tensor for each of {len(outputs)} outputs")
        given = list(gradient)
    elif gradient is not None and len(outputs) > 1:
        refuse("gradient", gradient, f"a list of {len(outputs)} tensors, one for each output")
    else:
        given = [gradient] * len(outputs)
    return [_seed(tensor, v) for (_, tensor), v in zip(outputs, given, strict=True)]


def _seed(output: torch.Tensor, gradient: Any) -> torch.Tensor:
    shape = tuple(output.shape)
    if gradient is None:
        if output.numel() == 1:
            return torch.ones_like(output, requires_grad=False)
        raise ValueError(
            f"gradient must be given, a tensor of shape {shape}, because output is not a single "
            f"number: its shape is {shape}. It is the v of backward(v), which computes the "
            "vector–Jacobian product; output.sum() would be the same as all ones."
        )
    if not isinstance(gradient, torch.Tensor):
        refuse("gradient", gradient, f"a tensor of the output's shape {shape}", TypeError)
    for what in ("shape", "dtype", "device"):
        wanted, found = getattr(output, what), getattr(gradient, what)
        if wanted != found:
            wanted, found = (tuple(v) if what == "shape" else v for v in (wanted, found))
            raise ValueError(
                f"gradient must have the output's {what} {wanted}, not the input's or another, "
                f"but it has {found}: {format_snapshot(snapshot(gradient))}."
            )
    return gradient.detach()


def run(
    traced: Traced,
    outputs: Sequence[torch.Tensor],
    seeds: Sequence[torch.Tensor],
    known: Sequence[torch.Tensor],
) -> tuple[list[Event], dict[int, torch.Tensor]]:
    """What the engine did, in its order, and the gradient of each leaf.

    Args:
        traced: The graph.
        outputs: Where the pass starts,
        seeds: and with what.
        known: Tensors that may have had `retain_grad()`.
    """
    events: list[Event] = []

    def listen(number: int, leaving: Gradients, arriving: Gradients) -> None:
        events.append(Event(number, arriving, leaving))

    leaves = [node.id for node in traced.graph.leaves()]
    hooks = []
    with _retained_restored(traced, known):
        try:
            for i, function in enumerate(traced.functions):
                if traced.graph.nodes[i].kind == "operation":
                    hooks.append(function.register_hook(partial(listen, i)))
            gradients = torch.autograd.grad(
                outputs,
                [traced.functions[i].variable for i in leaves],
                seeds,
                retain_graph=True,
                allow_unused=True,
            )
        except RuntimeError as error:
            _explain(error)
            raise
        finally:
            for hook in hooks:
                hook.remove()
    found = zip(leaves, gradients, strict=True)
    return events, {leaf: gradient for leaf, gradient in found if gradient is not None}


def _explain(error: RuntimeError) -> None:
    """Turn what torch says of a graph that cannot be used into what the caller can do."""
    if "second time" in str(error):
        raise ValueError(
            "output must have a graph that can still be used, but backward() has freed this one. "
            "Record the pass before backward(), or call backward(retain_graph=True)."
        ) from None
    if "inplace operation" in str(error):
        raise ValueError(
            "output must have a graph that can still be used, but a tensor that it needs was "
            f"changed in place. torch says: {error}"
        ) from None


@contextmanager
def _retained_restored(traced: Traced, known: Sequence[torch.Tensor]) -> Iterator[None]:
    """Give tensors with `retain_grad()` back the `.grad` they had: the engine writes to it."""
    held = [(tensor, tensor.grad) for tensor in _retaining(traced, known)]
    try:
        yield
    finally:
        for tensor, gradient in held:
            tensor.grad = gradient


def _retaining(traced: Traced, known: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The tensors of the graph with `retain_grad()`: no list of them exists, they must be found."""
    operations = [node.id for node in traced.graph.nodes if node.kind == "operation"]
    if all(i in traced.records for i in operations):
        references = [ref for record in traced.records.values() for ref in record.results]
        found = [reference() for reference in references]
    else:
        # some 20 ms: all that Python holds is looked through. Subclasses are left alone: they may
        # answer any question with code of their own.
        found = [t for t in gc.get_referrers(torch.Tensor) if type(t) is torch.Tensor]
    tensors = [*known, *(tensor for tensor in found if tensor is not None)]
    retaining = {id(t): t for t in tensors if not t.is_leaf and t.retains_grad}
    functions = set(traced.functions)
    return [tensor for tensor in retaining.values() if tensor.grad_fn in functions]
