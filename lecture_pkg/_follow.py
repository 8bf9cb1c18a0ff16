"""From autograd's functions to a `Graph`: names, constants and values are put in."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

import torch
from torch.autograd.graph import get_gradient_edge

from ._arguments import refuse
from ._constants import WITH_OPTIONS, find_constants
from ._outputs import check_outputs
from ._release import free_in_order
from ._saved import plain_name
from ._walk import Walk, walk
from .graph import Edge, Graph, Node
from .recording import Constant, Record, recorded_among
from .values import Snapshot, format_snapshot, number_snapshot, snapshot

_MOST_DETAILED = 10_000
"""In a graph of more functions no value is read: nobody could look at them all."""

_new_node: Any = partial(tuple.__new__, Node)  # several times faster than Node(...)
_new_edge: Any = partial(tuple.__new__, Edge)


class Traced(NamedTuple):
    """A graph beside what it was read from; not to be kept, since it holds autograd's graph.

    Attributes:
        graph: The graph.
        functions: Autograd's functions; the function of node `i` has index `i`.
        records: What was recorded of them, by index.
        tensors: By function and number of its output, the node of a named tensor or an output.
        outputs: The node of each output.
    """

    graph: Graph
    functions: list[Any]
    records: dict[int, Record]
    tensors: dict[tuple[int, int], int]
    outputs: tuple[int, ...]


def follow(output: Any, named: Mapping[str, Any], *, values: bool = False) -> Traced:
    """What `trace` does; with `values`, constants are also read from what autograd saved."""
    outputs = check_outputs(output)
    for name, tensor in named.items():
        if not isinstance(tensor, torch.Tensor):
            refuse(name, tensor, "a tensor, to be named in the graph", TypeError)
    with no_collection():
        ends = [get_gradient_edge(tensor)[:2] for _, tensor in outputs]
        roots = list(dict.fromkeys(function for function, _ in ends))
        builder = _Builder(walk(roots), named)
        if not builder.detailed:
            free_in_order(roots, builder.found.functions)
        keys = [
            builder.add_output(name, tensor, end)
            for (name, tensor), end in zip(outputs, ends, strict=True)
        ]
        builder.add_constants(values)
        return builder.build(keys)


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep Python's garbage collector from going through growing data again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class _Tensor:
    """A node for a tensor, while the names that it gets are still coming in."""

    def __init__(self, kind: str, value: Snapshot | None) -> None:
        self.kind, self.value = kind, value
        self.label = "output" if kind == "output" else _shown(value, "constant")
        self.names: list[str] = []


class _Builder:
    """Collects a graph's parts, and makes all its nodes and edges in one go at the end."""

    def __init__(self, found: Walk, named: Mapping[str, torch.Tensor]) -> None:
        self.found = found
        self.detailed = len(found.functions) <= _MOST_DETAILED
        self.records = recorded_among(found.functions) if self.detailed else {}
        self.types = [type(function).__name__ for function in found.functions]
        self.results: dict[tuple[int, int], _Tensor] = {}
        self.leaves: dict[int, list[str]] = {}
        self.constants: dict[object, _Tensor] = {}
        self.uses: list[tuple[object, int, int]] = []  # constant, operation, argument
        self.unknown: tuple[list[int], list[int]] = [], []  # operation, argument: nothing is known
        self.known = [(name, t) for name, t in named.items() if not t.requires_grad]
        for name, tensor in named.items():
            if tensor.requires_grad:
                self._add_name(name, tensor)

    def _add_name(self, name: str, tensor: torch.Tensor) -> None:
        function, number = get_gradient_edge(tensor)[:2]
        place = self.found.numbers.get(function)
        if place is None:
            return
        if tensor.grad_fn is None:
            self.leaves.setdefault(place, []).append(name)
            return
        if (place, number) not in self.results:
            self.results[place, number] = _Tensor("intermediate", snapshot(tensor))
        self.results[place, number].names.append(name)

    def add_output(self, name: str, tensor: torch.Tensor, end: tuple[Any, int]) -> tuple[int, int]:
        """Add an output, and say by which function and number it is found again."""
        place, number = self.found.numbers[end[0]], end[1]
        if tensor.grad_fn is None:
            if name:
                self.leaves.setdefault(place, [name])
            return place, number
        if (place, number) not in self.results:
            self.results[place, number] = _Tensor("output", snapshot(tensor))
        result = self.results[place, number]
        result.kind = result.label = "output"
        if name and not result.names:
            result.names.append(name)
        return place, number

    def add_constants(self, values: bool) -> None:
        """Add the operands that require no gradient, with what is known of them."""
        silent = {name for name in set(self.types) if plain_name(name) in WITH_OPTIONS}
        wanted = [tensor for _, tensor in self.known]
        targets, arguments = self.found.gap_targets, self.found.gap_arguments
        if silent:
            heard = [i for i, target in enumerate(targets) if self.types[target] not in silent]
            targets, arguments = [targets[i] for i in heard], [arguments[i] for i in heard]
        if not (self.detailed and (values or wanted or self.records)):
            self.unknown = targets, arguments
            return
        gaps: dict[int, list[int]] = {}
        for target, argument in zip(targets, arguments, strict=True):
            gaps.setdefault(target, []).append(argument)
        for target, function in enumerate(self.found.functions):
            record, empty = self.records.get(target), gaps.get(target, [])
            constants = find_constants(function, record, empty, wanted, values)
            for constant in constants:
                self._add_constant(target, constant)
            filled = {constant.argument for constant in constants}
            if record is None or not record.whole:
                for argument in empty:
                    if argument not in filled:
                        self.unknown[0].append(target)
                        self.unknown[1].append(argument)

    def _add_constant(self, target: int, constant: Constant) -> None:
        tensor = constant.tensor() if constant.tensor is not None else None
        value = constant.value
        if not isinstance(value, Snapshot):
            value = number_snapshot(value)
        # one node for a tensor that is used twice, unless it was changed in between
        key = ("number", len(self.uses)) if tensor is None else (id(tensor), value)
        if key not in self.constants:
            self.constants[key] = _Tensor("constant", value)
            self.constants[key].names = [name for name, known in self.known if known is tensor]
        self.uses.append((key, target, constant.argument))

    def build(self, outputs: Sequence[tuple[int, int]]) -> Traced:
        """Make the graph."""
        if len(outputs) > 1:
            for number, key in enumerate(outputs, 1):
                if key in self.results:
                    self.results[key].label = f"output {number}"
        nodes = self._function_nodes()
        first = len(nodes)
        rest = range(first, first + len(self.unknown[0]))
        constant = repeat("constant"), repeat("constant"), repeat(""), repeat(""), repeat(None)
        nodes += map(_new_node, zip(rest, *constant))  # noqa: B905 - they repeat without end
        ids: dict[object, int] = {}
        both: list[tuple[object, _Tensor]] = [*self.constants.items(), *self.results.items()]
        for place, tensor in both:
            ids[place] = len(nodes)
            name = " = ".join(tensor.names)
            label = name or tensor.label
            nodes.append(Node(ids[place], tensor.kind, label, name, "", tensor.value))
        graph = Graph(tuple(nodes), tuple(self._edges(ids, first)))
        results = {key: ids[key] for key in self.results}
        ends = tuple(results.get(key, key[0]) for key in outputs)
        return Traced(graph, self.found.functions, self.records, results, ends)

    def _function_nodes(self) -> list[Node]:
        labels = map({name: plain_name(name) for name in set(self.types)}.__getitem__, self.types)
        numbers, kind, nothing = range(len(self.types)), repeat("operation"), repeat(None)
        columns = zip(numbers, kind, labels, repeat(""), self.types, nothing)
        nodes: list[Node] = list(map(_new_node, columns))
        for i, record in self.records.items():
            if len(record.values) == 1:
                nodes[i] = nodes[i]._replace(snapshot=next(iter(record.values.values())))
        for i in self.found.ends:
            if self.types[i] == "AccumulateGrad":
                nodes[i] = self._leaf(i)
        return nodes

    def _leaf(self, place: int) -> Node:
        value = snapshot(self.found.functions[place].variable) if self.detailed else None
        name = " = ".join(self.leaves.get(place, ()))
        return Node(place, "leaf", name or _shown(value, "leaf"), name, "", value)

    def _edges(self, ids: Mapping[object, int], first: int) -> list[Edge]:
        found = self.found
        sources = found.sources
        inner = {place for place, _ in self.results}
        if inner != {0}:  # the users of a named tensor take their value from it
            sources = list(sources)
            for i in [i for i, source in enumerate(sources) if source in inner]:
                sources[i] = ids.get((sources[i], found.outputs.get(i, 0)), sources[i])
        columns = zip(sources, found.targets, found.arguments, strict=True)
        edges: list[Edge] = list(map(_new_edge, columns))
        unknown = range(first, first + len(self.unknown[0]))
        edges += map(_new_edge, zip(unknown, *self.unknown, strict=True))
        edges += [Edge(ids[key], target, argument) for key, target, argument in self.uses]
        edges += [Edge(key[0], ids[key], 0) for key in self.results]
        return edges


def _shown(value: Snapshot | None, otherwise: str) -> str:
    return otherwise if value is None else format_snapshot(value)
