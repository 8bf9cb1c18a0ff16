"""Records a backward pass: what autograd's engine did, as the steps of a `BackwardPass`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch

from ..values import MOST_NUMBERS, Snapshot, format_snapshot, snapshot_all
from ._engine import Event, run, seeds_for
from ._outputs import check_outputs
from .data import BackwardPass, Flow, Step
from .operations import read
from .rules import Local, explain, saved_names
from .trace import Traced, follow, no_collection

_WRITTEN = 5
"""A sum of tensors with more numbers is told by the number of its terms."""

_NOWHERE = (-1, -1)
"""Stands for the edge of an argument that takes no gradient."""

_Parts: TypeAlias = tuple[
    int, Snapshot, tuple[Flow, ...], tuple[tuple[int, Snapshot, str], ...], tuple[int, ...]
]


class _Sum(NamedTuple):
    """A leaf's gradient so far: what was new, what was there before, and both together."""

    new: list[torch.Tensor]
    old: torch.Tensor | None
    total: torch.Tensor


def record_backward(output: Any, /, *, gradient: Any = None, **named: torch.Tensor) -> BackwardPass:
    """Run a backward pass apart, and tell what each operation did in it.

    It runs in autograd's engine, with all hooks that the caller has set, but changes nothing: no
    `.grad` is touched, and the graph can still be used.

    Args:
        output: A tensor that requires a gradient, or a list, tuple or dict of such tensors.
        gradient: The v of `backward(v)`: a tensor of the output's shape; for several outputs a
            list or a dict of them, in which None stands for 1. Not needed for single numbers.
        named: Tensors under the names that they get in the graph, as for `trace`.

    Returns:
        The graph and the steps, as plain data.

    Raises:
        TypeError: `output`, `gradient` or a named value is no tensor.
        ValueError: `output` has no graph, or one that `backward()` has freed; `gradient` is
            missing or of another shape, dtype or device than the output.

    Example:
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> recorded = record_backward(3 * torch.sin(x), x=x)
        >>> [flow.rule for step in recorded.steps[1:] for flow in step.leaving]
        ['mul: 1.0 × 3 = 3.0', 'sin: 3.0 × cos 5.0 = 0.8510']
    """
    outputs = check_outputs(output)
    seeds = seeds_for(outputs, gradient)
    tensors = [tensor for _, tensor in outputs]
    with no_collection():
        traced = follow(output, named, values=True)
        events, gradients = run(traced, tensors, seeds, [*tensors, *named.values()])
        teller = _Teller(traced, events, seeds, gradients)
        ends = {leaf: teller.snapshot(tensor) for leaf, tensor in gradients.items()}
        return BackwardPass(traced.graph, tuple(teller.steps()), ends)


class _Teller:
    """Goes through the events once more, in their order, and makes steps of them."""

    def __init__(
        self,
        traced: Traced,
        events: Sequence[Event],
        seeds: Sequence[torch.Tensor],
        gradients: Mapping[int, torch.Tensor],
    ) -> None:
        self._nodes, self._events = traced.graph.nodes, events
        self._starts = list(zip(traced.outputs, seeds, strict=True))
        self._inputs = {  # of each argument that takes a gradient: its edge, and where that begins
            (target, argument): (i, source)
            for i, (source, target, argument) in enumerate(traced.graph.edges)
            if self._nodes[source].kind != "constant"
        }
        self._tensors: dict[int, list[tuple[int, int]]] = {}  # function: its named results
        for (function, number), node in traced.tensors.items():
            self._tensors.setdefault(function, []).append((number, node))
        self._start_sums, self._sums = self._leaf_sums()
        self._saved = [self._read(traced, event.function) for event in events]
        self._snapshots = self._read_all(gradients)
        self._expected = self._count_expected()
        self._received: dict[int, list[Snapshot]] = {}
        self._waiting: dict[int, None] = {}

    def steps(self) -> Iterator[Step]:
        """All steps."""
        for number, parts in enumerate(self._parts()):
            yield Step(number, *parts)

    def snapshot(self, tensor: torch.Tensor) -> Snapshot:
        """The snapshot of one of the tensors that were read in one go."""
        return self._snapshots[id(tensor)]

    def _parts(self) -> Iterator[_Parts]:
        """What steps are made of, without their numbers."""
        for node, seed in self._starts:
            self._deliver(node, self.snapshot(seed))
        for node, seed in self._starts:
            if node in self._start_sums:
                accumulated = (self._told(node, self._start_sums[node]),)
                yield node, self.snapshot(seed), (), accumulated, tuple(self._waiting)
        for event, sums, saved in zip(self._events, self._sums, self._saved, strict=True):
            for number, node in self._tensors.get(event.function, ()):
                gradient = event.arriving[number]
                if gradient is not None:
                    yield self._pass_on(node, self.snapshot(gradient))
            yield self._operation(event, sums, saved)

    def _pass_on(self, node: int, gradient: Snapshot) -> _Parts:
        """A named tensor hands what it has gathered to the operation that made it."""
        edge, source = self._inputs[node, 0]
        flow = Flow(edge, gradient, self._gathered(node, gradient))
        self._deliver(source, gradient)
        return node, gradient, (flow,), (), tuple(self._waiting)

    def _gathered(self, node: int, gradient: Snapshot) -> str:
        label, value = self._nodes[node].label, format_snapshot(gradient)
        parts = self._received.get(node, [])
        if len(parts) > 1 and _is_written(gradient):
            return f"{label}: {' + '.join(map(format_snapshot, parts))} = {value}"
        if len(parts) > 1:
            return f"{label}: {len(parts)} gradients added up, of shape {gradient.shape}"
        if any(node == start for start, _ in self._starts):
            return f"{label}: starts with {value}"
        return f"{label}: passes {value} on unchanged"

    def _operation(
        self, event: Event, sums: Mapping[int, _Sum], saved: Mapping[str, Any]
    ) -> _Parts:
        arriving = _joined([self.snapshot(g) for g in event.arriving if g is not None])
        known = {
            name: self.snapshot(value) if isinstance(value, torch.Tensor) else value
            for name, value in saved.items()
        }
        flows = []
        grad_fn = self._nodes[event.function].grad_fn
        for argument, gradient in enumerate(event.leaving):
            edge, source = self._inputs.get((event.function, argument), _NOWHERE)
            if edge < 0:
                continue
            leaving = self.snapshot(gradient) if gradient is not None else None
            self._deliver(source, leaving)
            if leaving is not None:
                rule = explain(Local(grad_fn, known, argument, arriving, leaving))
                flows.append(Flow(edge, leaving, rule))
        accumulated = tuple(self._told(leaf, sum_) for leaf, sum_ in sums.items())
        return event.function, arriving, tuple(flows), accumulated, tuple(self._waiting)

    def _told(self, leaf: int, sum_: _Sum) -> tuple[int, Snapshot, str]:
        total = self.snapshot(sum_.total)
        terms = [*sum_.new, *([sum_.old] if sum_.old is not None else [])]
        if len(terms) == 1:
            return leaf, total, format_snapshot(total)
        if not _is_written(total):
            return leaf, total, f"{len(terms)} gradients of shape {total.shape} added up"
        words = " + ".join(format_snapshot(self.snapshot(term)) for term in terms)
        return leaf, total, f"{words} = {format_snapshot(total)}"

    def _deliver(self, node: int, gradient: Snapshot | None) -> None:
        """Note that a gradient has arrived; an undefined one counts, but adds nothing."""
        self._expected[node] -= 1
        if gradient is not None:
            self._received.setdefault(node, []).append(gradient)
        if self._expected[node] > 0 and self._nodes[node].kind != "leaf":
            self._waiting[node] = None
        else:
            self._waiting.pop(node, None)

    def _count_expected(self) -> Counter[int]:
        """How many gradients each node gets in all."""
        running = {event.function for event in self._events}
        running |= {node for f in running for _, node in self._tensors.get(f, ())}
        inputs = self._inputs.items()
        expected = Counter(source for (target, _), (_, source) in inputs if target in running)
        expected.update(node for node, _ in self._starts)
        return expected

    def _leaf_sums(self) -> tuple[dict[int, _Sum], list[dict[int, _Sum]]]:
        """How the gradient of each leaf grows: by the seeds, then by each event."""
        totals: dict[int, torch.Tensor] = {}
        starts: dict[int, _Sum] = {}
        for node, seed in self._starts:
            if self._nodes[node].kind == "leaf":
                self._add(node, seed, totals, starts)
        sums: list[dict[int, _Sum]] = []
        for event in self._events:
            sums.append({})
            for argument, gradient in enumerate(event.leaving):
                edge, source = self._inputs.get((event.function, argument), _NOWHERE)
                if edge >= 0 and gradient is not None and self._nodes[source].kind == "leaf":
                    self._add(source, gradient, totals, sums[-1])
        return starts, sums

    def _add(
        self,
        node: int,
        gradient: torch.Tensor,
        totals: dict[int, torch.Tensor],
        sums: dict[int, _Sum],
    ) -> None:
        old = totals.get(node)
        few = gradient.numel() <= MOST_NUMBERS  # of a large tensor only the shape is told
        totals[node] = gradient if old is None or not few else old + gradient
        first = sums.get(node, _Sum([], old, gradient))
        sums[node] = _Sum([*first.new, gradient], first.old, totals[node])

    def _read(self, traced: Traced, function: int) -> dict[str, Any]:
        names = saved_names(self._nodes[function].grad_fn)
        return {name: read(traced.functions[function], name) for name in names}

    def _read_all(self, gradients: Mapping[int, torch.Tensor]) -> dict[int, Snapshot]:
        """Snapshots of all tensors, by identity; reading them together is several times faster."""
        tensors: list[Any] = [*gradients.values(), *(seed for _, seed in self._starts)]
        for event, saved in zip(self._events, self._saved, strict=True):
            tensors += [*event.arriving, *event.leaving, *saved.values()]
        for sums in (self._start_sums, *self._sums):
            tensors += [sum_.total for sum_ in sums.values()]
        unique = {id(t): t for t in tensors if isinstance(t, torch.Tensor)}
        return dict(zip(unique, snapshot_all(list(unique.values())), strict=True))


def _joined(parts: Sequence[Snapshot]) -> Snapshot:
    """The gradients of an operation's results as one snapshot, one after the other."""
    if len(parts) == 1:
        return parts[0]
    size = sum(math.prod(part.shape) for part in parts)
    numbers = None
    if size <= MOST_NUMBERS:
        numbers = tuple(number for part in parts for number in part.numbers or ())
    return Snapshot((size,), parts[0].dtype if parts else "float32", numbers)


def _is_written(value: Snapshot) -> bool:
    return value.numbers is not None and len(value.numbers) <= _WRITTEN
