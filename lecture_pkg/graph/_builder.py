"""Puts a `Graph` together from autograd's functions, names, constants and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ..values import Snapshot, format_snapshot, number_snapshot, snapshot
from ._constants import WITH_OPTIONS, find_constants
from ._rows import Rows
from ._walk import Walk
from .data import Edge, Graph, Node
from .operations import plain_name
from .record import Constant, recorded_among

_MOST_DETAILED = 10_000
"""In a graph of more functions no value is read: nobody could look at them all."""


class _Tensor:
    """A node for a tensor, while the names that it gets are still coming in."""

    def __init__(self, kind: str, value: Snapshot | None) -> None:
        self.kind, self.value = kind, value
        self.label = "output" if kind == "output" else _shown(value, "constant")
        self.names: list[str] = []


class Builder:
    """Collects a graph's parts, and puts them together as columns at the end."""

    def __init__(self, found: Walk, named: Mapping[str, torch.Tensor]) -> None:
        self.found = found
        self.detailed = len(found.functions) <= _MOST_DETAILED
        self.records = recorded_among(found.functions) if self.detailed else {}
        self.types = [type(function) for function in found.functions]
        # a type is asked once: it would make its name anew each time
        self.grad_fns = {kind: kind.__name__ for kind in set(self.types)}
        self.results: dict[tuple[int, int], _Tensor] = {}
        self.leaves: dict[int, list[str]] = {}
        self.constants: dict[object, _Tensor] = {}
        self.uses: list[tuple[object, int, int]] = []  # constant, operation, argument
        self.unknown: tuple[list[int], list[int]] = [], []  # operation, argument: nothing is known
        self.known = [(name, t) for name, t in named.items() if not t.requires_grad]
        leaves = [i for i in found.ends if self.grad_fns[self.types[i]] == "AccumulateGrad"]
        self.variables = {i: found.functions[i].variable for i in leaves}
        self.places = {id(variable): i for i, variable in self.variables.items()}
        for name, tensor in named.items():
            if tensor.requires_grad:
                self._add_name(name, tensor)

    def _find(self, tensor: torch.Tensor) -> tuple[int | None, int]:
        """The function whose result a tensor is, None if it is not in the graph; which result."""
        if tensor.grad_fn is None:
            return self.places.get(id(tensor)), 0
        return self.found.numbers.get(tensor.grad_fn), tensor.output_nr

    def _add_name(self, name: str, tensor: torch.Tensor) -> None:
        place, number = self._find(tensor)
        if place is None:
            return
        if tensor.grad_fn is None:
            self.leaves.setdefault(place, []).append(name)
            return
        if (place, number) not in self.results:
            self.results[place, number] = _Tensor("intermediate", snapshot(tensor))
        self.results[place, number].names.append(name)

    def add_output(self, name: str, tensor: torch.Tensor) -> tuple[int, int]:
        """Add an output, and say by which function and number it is found again."""
        place, number = self._find(tensor)
        assert place is not None  # the walk began there
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
        named = self.grad_fns.items()
        silent = {kind for kind, grad_fn in named if plain_name(grad_fn) in WITH_OPTIONS}
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

    def build(self, outputs: Sequence[tuple[int, int]]) -> tuple[Graph, dict[tuple[int, int], int]]:
        """The graph, and by function and number of its output the node of each tensor added."""
        if len(outputs) > 1:
            for number, key in enumerate(outputs, 1):
                if key in self.results:
                    self.results[key].label = f"output {number}"
        columns = self._function_columns()
        first, size = len(self.types), len(self.unknown[0])
        for column, value in zip(columns, ("constant", "constant", "", "", None), strict=True):
            column += [value] * size
        ids: dict[object, int] = {}
        both: list[tuple[object, _Tensor]] = [*self.constants.items(), *self.results.items()]
        for place, tensor in both:
            ids[place] = len(columns[0])
            name = " = ".join(tensor.names)
            row = tensor.kind, name or tensor.label, name, "", tensor.value
            for column, field in zip(columns, row, strict=True):
                column.append(field)
        nodes = Rows(Node, [range(len(columns[0])), *columns])
        graph = Graph(nodes, self._edges(ids, range(first, first + size)))
        return graph, {key: ids[key] for key in self.results}

    def _function_columns(self) -> list[list[Any]]:
        """The fields of the functions' nodes after the id: kind, label, name, grad_fn, snapshot."""
        size = len(self.types)
        plain = {kind: plain_name(grad_fn) for kind, grad_fn in self.grad_fns.items()}
        kinds, names = ["operation"] * size, [""] * size
        labels = [plain[kind] for kind in self.types]
        grad_fns = [self.grad_fns[kind] for kind in self.types]
        values: list[Snapshot | None] = [None] * size
        for i, record in self.records.items():
            if len(record.values) == 1:
                values[i] = next(iter(record.values.values()))
        for i, variable in self.variables.items():
            values[i] = snapshot(variable) if self.detailed else None
            kinds[i], grad_fns[i], names[i] = "leaf", "", " = ".join(self.leaves.get(i, ()))
            labels[i] = names[i] or _shown(values[i], "leaf")
        return [kinds, labels, names, grad_fns, values]

    def _edges(self, ids: Mapping[object, int], unknown: Sequence[int]) -> Rows[Edge]:
        found = self.found
        sources = [*found.sources, *unknown]
        inner = {place for place, _ in self.results}
        if inner != {0}:  # the users of a named tensor take their value from it
            for i in [i for i, source in enumerate(found.sources) if source in inner]:
                sources[i] = ids.get((sources[i], found.outputs.get(i, 0)), sources[i])
        targets = [*found.targets, *self.unknown[0]]
        arguments = [*found.arguments, *self.unknown[1]]
        rest = [(ids[key], target, argument) for key, target, argument in self.uses]
        rest += [(key[0], ids[key], 0) for key in self.results]
        for source, target, argument in rest:
            sources.append(source)
            targets.append(target)
            arguments.append(argument)
        return Rows(Edge, [sources, targets, arguments])


def _shown(value: Snapshot | None, otherwise: str) -> str:
    return otherwise if value is None else format_snapshot(value)
