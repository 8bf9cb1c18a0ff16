"""Records a backward pass: what autograd's engine did, as the steps of a `BackwardPass`."""

from __future__ import annotations

import gc
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import torch

from .._arguments import refuse
from ..values import MOST_NUMBERS, Snapshot, format_snapshot, snapshot
from .data import BackwardPass, Flow, Step, Sum
from .operations import read
from .rules import Local, Rule, explain, gather, saved_names
from .trace import Outputs, Traced, check_names, check_outputs, follow

Gradients: TypeAlias = Sequence[torch.Tensor | None]


def record_backward(output: Any, /, *, gradient: Any = None, **named: torch.Tensor) -> BackwardPass:
    """Run a backward pass apart, and tell what each operation did in it.

    It runs in autograd's engine, with all hooks that the caller has set, but changes nothing: no
    `.grad` is touched, and the graph can still be used.

    Args:
        output: A tensor that requires a gradient, or a list, tuple or dict of such tensors.
        gradient: The v of `backward(v)`: a tensor of the output's shape; for several outputs a
            list or a dict of them, in which None stands for 1. Not needed for single numbers.
            A tensor that is itself part of the graph is no v, but gets the name "gradient" in it;
            to take it as v too, give its `clone()`.
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
    traced, gradient = follow_from(outputs, gradient, check_names(named))
    return pass_back(traced, outputs, gradient)


def follow_from(
    outputs: Outputs, gradient: Any, named: Mapping[str, torch.Tensor]
) -> tuple[Traced, Any]:
    """The graph, and v: a tensor that is part of the graph is none, but is named "gradient"."""
    if not isinstance(gradient, torch.Tensor):
        return follow(outputs, named, values=True), gradient
    traced = follow(outputs, {**named, "gradient": gradient}, values=True)
    return traced, None if "gradient" in traced.named else gradient


def pass_back(traced: Traced, outputs: Outputs, gradient: Any) -> BackwardPass:
    """What `record_backward` does once the graph is traced."""
    tensors = [tensor for _, tensor in outputs]
    seeds = _seeds(traced, outputs, gradient)
    events, gradients = _run(traced, tensors, seeds)
    moves = list(_moves(traced, events, seeds))
    ledger = _Ledger(traced, moves, seeds, gradients)
    steps = tuple(ledger.step(i, move) for i, move in enumerate(moves))
    return BackwardPass(traced.graph, steps, {i: snapshot(g) for i, g in gradients.items()})


def _seeds(traced: Traced, outputs: Outputs, gradient: Any) -> list[torch.Tensor]:
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
    taken = "gradient" in traced.named
    return [_seed(tensor, v, taken) for (_, tensor), v in zip(outputs, given, strict=True)]


def _seed(output: torch.Tensor, gradient: Any, taken: bool) -> torch.Tensor:
    shape = snapshot(output).shape
    if gradient is None:
        if output.numel() == 1 and not output.is_complex():
            return torch.ones_like(output, requires_grad=False)
        why = f"is not a single number: its shape is {shape}"
        hint = "output.sum() would be the same as all ones"
        if output.is_complex():
            why = "is complex, and PyTorch starts with 1 for real numbers only"
            hint = "torch.ones_like(output) is one that you can give"
        raise ValueError(
            f"gradient must be given, a tensor of shape {shape}, because output {why}. It is the v "
            f"of backward(v), which computes the vector–Jacobian product; {hint}."
            + " The tensor given is part of the graph, where it is called gradient: to take it "
            "as v, give its clone()." * taken
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


class _Event(NamedTuple):
    """One function that the engine ran, with the gradients of its results and of its inputs.

    Attributes:
        function: Its number.
        arriving: What it used.
        computed: What it made of that,
        leaving: and what hooks of the caller's made of that.
    """

    function: int
    arriving: Gradients
    computed: Gradients
    leaving: Gradients


def _run(
    traced: Traced, outputs: Sequence[torch.Tensor], seeds: Sequence[torch.Tensor]
) -> tuple[list[_Event], dict[int, torch.Tensor]]:
    """What the engine did, in its order, and the gradient of each leaf."""
    events: list[_Event] = []
    computed: dict[int, Gradients] = {}

    def listen_first(number: int, leaving: Gradients, arriving: Gradients) -> None:
        computed[number] = leaving

    def listen(number: int, leaving: Gradients, arriving: Gradients) -> None:
        events.append(_Event(number, arriving, computed.get(number, leaving), leaving))

    leaves = [node.id for node in traced.graph.leaves()]
    handles = []
    with _retained_restored(traced):
        try:
            for node in traced.graph.nodes[: len(traced.functions)]:
                if node.kind == "operation":
                    function = traced.functions[node.id]
                    handles.append(function.register_hook(partial(listen, node.id)))
                    if len(handles[-1].hooks_dict_ref()) > 1:
                        handles.append(_hook_first(function, partial(listen_first, node.id)))
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
            for handle in handles:
                handle.remove()
    found = zip(leaves, gradients, strict=True)
    return events, {leaf: gradient for leaf, gradient in found if gradient is not None}


def _hook_first(function: Any, hook: Any) -> Any:
    """Register a hook that runs before those that are there already."""
    handle = function.register_hook(hook)
    hooks = handle.hooks_dict_ref()
    others = [(key, other) for key, other in hooks.items() if key != handle.id]
    for key, other in others:  # autograd goes by the order of insertion
        del hooks[key]
        hooks[key] = other
    return handle


def _explain(error: RuntimeError) -> None:
    """Turn what torch says of a graph that cannot be used into what the caller can do."""
    if "second time" in str(error):
        raise ValueError(
            "output must have a graph that can still be used, but backward() has freed this one. "
            "Record the pass before backward(), or call backward(retain_graph=True)."
        ) from None
    if "use_reentrant" in str(error):
        raise ValueError(
            "output must have a graph that is whole, but torch.utils.checkpoint has left a part of "
            "this one out, to compute it again in backward(). Call checkpoint(…, "
            "use_reentrant=False), which keeps it."
        ) from None
    if "inplace operation" in str(error):
        raise ValueError(
            "output must have a graph that can still be used, but a tensor that it needs was "
            f"changed in place. torch says: {error}"
        ) from None


@contextmanager
def _retained_restored(traced: Traced) -> Iterator[None]:
    """Give tensors with `retain_grad()` back the `.grad` they had: the engine writes to it."""
    with torch._C.DisableTorchFunctionSubclass():
        held = [(tensor, tensor.grad) for tensor in _retaining(traced)]
    try:
        yield
    finally:
        with torch._C.DisableTorchFunctionSubclass():
            for tensor, gradient in held:
                tensor.grad = gradient


def _retaining(traced: Traced) -> list[torch.Tensor]:
    """The tensors of the graph with `retain_grad()`.

    Autograd keeps no list of them that Python could read. Where all operations were recorded,
    their results are known; otherwise Python's collector is asked for all tensors that there are,
    which takes some 30 ms.
    """
    operations = [node.id for node in traced.graph.nodes if node.kind == "operation"]
    if all(i in traced.records for i in operations):
        references = [ref for record in traced.records.values() for ref in record.results]
        found: Iterable[Any] = [reference() for reference in references]
    else:
        found = gc.get_referrers(*_classes(torch.Tensor))
    functions = set(traced.functions)
    return [
        tensor
        for tensor in found
        if issubclass(type(tensor), torch.Tensor)
        and not tensor.is_leaf
        and tensor.retains_grad
        and tensor.grad_fn in functions
    ]


def _classes(kind: Any) -> list[Any]:
    """A class and all that derive from it."""
    return [kind, *(found for derived in kind.__subclasses__() for found in _classes(derived))]


class _Sent(NamedTuple):
    """What a node sends along an edge.

    Attributes:
        edge: The edge's index, -1 for what a leaf is given by the caller,
        source: where the gradient goes,
        argument: and the edge's position among those of the node.
        computed: What the node computed,
        gradient: and what travels once hooks have changed it.
    """

    edge: int
    source: int
    argument: int
    computed: torch.Tensor
    gradient: torch.Tensor


class _Move(NamedTuple):
    """What a node does.

    Attributes:
        node: The node.
        used: The gradients of its results that it uses, by number of the result.
        sent: What it sends along its edges,
        silent: and where it sends nothing, though a gradient could come from there.
    """

    node: int
    used: dict[int, torch.Tensor]
    sent: list[_Sent]
    silent: list[int]


def _moves(
    traced: Traced, events: Iterable[_Event], seeds: Sequence[torch.Tensor]
) -> Iterator[_Move]:
    """The engine's events node by node: a named tensor hands on what it has gathered."""
    nodes = traced.graph.nodes
    edges = {
        (target, argument): (i, source)
        for i, (source, target, argument) in enumerate(traced.graph.edges)
        if nodes[source].kind != "constant"
    }
    named: dict[int, list[tuple[int, int]]] = {}
    for (function, number), node in traced.tensors.items():
        named.setdefault(function, []).append((number, node))
    for node, seed in zip(traced.outputs, seeds, strict=True):
        if nodes[node].kind == "leaf":
            yield _Move(node, {0: seed}, [_Sent(-1, node, 0, seed, seed)], [])
    for function, arriving, computed, leaving in events:
        used = {i: gradient for i, gradient in enumerate(arriving) if gradient is not None}
        for number, node in named.get(function, ()):
            if number in used:
                gradient = used[number]
                sent = _Sent(*edges[node, 0], 0, gradient, gradient)
                yield _Move(node, {0: gradient}, [sent], [])
        move = _Move(function, used, [], [])
        for i, (before, after) in enumerate(zip(computed, leaving, strict=True)):
            if (function, i) in edges:
                edge, source = edges[function, i]
                if after is None:
                    move.silent.append(source)
                else:
                    before = after if before is None else before
                    move.sent.append(_Sent(edge, source, i, before, after))
        yield move


class _Ledger:
    """Knows what has arrived where, and so makes steps of moves."""

    def __init__(
        self,
        traced: Traced,
        moves: Sequence[_Move],
        seeds: Sequence[torch.Tensor],
        gradients: Mapping[int, torch.Tensor],
    ) -> None:
        self._traced, self._gradients = traced, gradients
        self._leaves = {node.id for node in traced.graph.leaves()}
        self._missing = Counter(
            node for move in moves for node in (*move.silent, *(sent.source for sent in move.sent))
        )
        self._received: dict[tuple[int, int], list[torch.Tensor]] = defaultdict(list)
        self._waiting: dict[int, None] = {}
        self._totals: dict[int, torch.Tensor] = {}
        self._read: dict[int, Snapshot] = {}  # by the identity of tensors that `moves` holds
        for node, seed in zip(traced.outputs, seeds, strict=True):
            if node not in self._leaves:
                self._received[node, 0].append(seed)
                self._waiting |= {node: None} if self._missing[node] else {}

    def read(self, tensor: torch.Tensor) -> Snapshot:
        """A snapshot of a gradient, taken once."""
        if id(tensor) not in self._read:
            self._read[id(tensor)] = snapshot(tensor)
        return self._read[id(tensor)]

    def step(self, index: int, move: _Move) -> Step:
        """The next move as a step."""
        node = self._traced.graph.nodes[move.node]
        terms = {i: self._received[move.node, i] for i in move.used}
        sums = {i: _sum(parts) for i, parts in terms.items() if parts}
        hooked = not all(_same(total, move.used[i]) for i, total in sums.items())
        arriving = _joined(list(map(self.read, move.used.values())))
        unhooked = _joined(list(map(snapshot, sums.values()))) if hooked else None
        if node.kind == "operation":
            rules = self._explain(node.grad_fn, move, arriving)
        else:
            start = node.id in self._traced.outputs
            rule = gather(node.label, list(map(self.read, terms[0])), unhooked or arriving, start)
            rules = [rule._replace(hooked=arriving if hooked else None)]
        flows = tuple(
            Flow(sent.edge, self.read(sent.gradient), rule)
            for sent, rule in zip(move.sent, rules, strict=True)
            if sent.edge >= 0
        )
        reached = self._deliver(move)
        sums_ = tuple(self._gather(leaf, new) for leaf, new in reached.items())
        return Step(index, move.node, arriving, flows, sums_, tuple(self._waiting), unhooked)

    def _explain(self, grad_fn: str, move: _Move, arriving: Snapshot) -> list[Rule]:
        """The rule of each edge of an operation."""
        function = self._traced.functions[move.node]
        saved = {name: read(function, name) for name in saved_names(grad_fn)}
        known = {n: snapshot(v) if isinstance(v, torch.Tensor) else v for n, v in saved.items()}
        rules = []
        for sent in move.sent:
            result, gradient = self.read(sent.computed), self.read(sent.gradient)
            hooked = None if _same(sent.computed, sent.gradient) else gradient
            rules.append(explain(Local(grad_fn, known, sent.argument, arriving, result, hooked)))
        return rules

    def _deliver(self, move: _Move) -> dict[int, list[torch.Tensor]]:
        """Take note of what arrives where, and return what arrives at each leaf."""
        reached: dict[int, list[torch.Tensor]] = {}
        for edge, source, _, _, gradient in move.sent:
            if source in self._leaves:
                reached.setdefault(source, []).append(gradient)
            else:
                self._received[source, self._traced.results.get(edge, 0)].append(gradient)
                self._waiting[source] = None
        for source in (*move.silent, *(sent.source for sent in move.sent)):
            self._missing[source] -= 1
            if not self._missing[source]:
                self._waiting.pop(source, None)
        return reached

    def _gather(self, leaf: int, new: list[torch.Tensor]) -> Sum:
        """What a leaf has gathered once `new` gradients have come."""
        old = [self._totals[leaf]] if leaf in self._totals else []
        self._totals[leaf] = total = _sum([*old, *new])
        terms = tuple(map(snapshot, [*new, *old]))
        if self._missing[leaf]:
            return Sum(leaf, terms, snapshot(total))
        end = self._gradients.get(leaf, total)
        hooked = None if _same(total, end) else snapshot(end)
        variable = self._traced.functions[leaf].variable
        skipped = bool(getattr(variable, "_post_accumulate_grad_hooks", None))
        return Sum(leaf, terms, snapshot(total), hooked, skipped)


def _sum(terms: Sequence[torch.Tensor]) -> torch.Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two gradients are equal, but for rounding; of sparse ones that is not asked."""
    if a is b or a.layout is not torch.strided or b.layout is not torch.strided:
        return True
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return torch.equal(a, b) or torch.allclose(a, b, equal_nan=True)


def _joined(parts: Sequence[Snapshot]) -> Snapshot:
    """The gradients of an operation's results as one snapshot, one after the other."""
    if len(parts) == 1:
        return parts[0]
    size = sum(math.prod(part.shape) for part in parts)
    numbers = None
    if size <= MOST_NUMBERS:
        numbers = tuple(number for part in parts for number in part.numbers or ())
    return Snapshot((size,), parts[0].dtype if parts else "float32", numbers)
