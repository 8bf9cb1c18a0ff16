"""Reads the graph that autograd builds: names, constants and values are put in."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch.autograd.graph import get_gradient_edge

from .._arguments import refuse
from ..values import Snapshot, format_snapshot, number_snapshot, snapshot
from .data import Edge, Graph, Node
from .operations import ARGUMENTS, WITH_OPTIONS, plain_name, read, read_all
from .record import Constant, Record, recorded_among

MOST_OPERATIONS = 20_000
"""A larger graph is refused: torch frees recursively what Python has looked at, whoever looked. A
chain takes 200 bytes of the stack for each operation: 8 MB, which is usual, overflow at 42,000."""

Outputs = list[tuple[str, torch.Tensor]]


def trace(output: Any, /, **named: torch.Tensor) -> Graph:
    """Read the computation graph behind `output`.

    It takes one walk without recursion, works before and after `backward()`, and touches neither
    gradients nor what autograd needs for them.
    Constants and the values of operations are known inside `with record():`; autograd itself
    keeps few of them.

    Args:
        output: A tensor that requires a gradient, or a list, tuple or dict of such tensors.
        named: Tensors under the names that they get in the graph. A named result of an operation
            becomes a node of kind "intermediate"; a tensor that is not part of the graph, or a
            constant that cannot be told apart, is left out.

    Returns:
        The graph, its nodes numbered in the order of the visit: operations and leaves from the
        output on, then constants, then named tensors and outputs.

    Raises:
        TypeError: `output` or a named value is no tensor.
        ValueError: `output` is empty, has no graph, or one of more than 20,000 operations.

    Example:
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> [node.label for node in trace(torch.sin(x), x=x).nodes]
        ['sin', 'x', 'output']
    """
    return follow(check_outputs(output), check_names(named)).graph


def check_outputs(output: Any) -> Outputs:
    """The tensors in `output`, each with the key under which a dict holds it."""
    allowed = "a tensor that requires a gradient, or a list, tuple or dict of such tensors"
    if isinstance(output, Mapping):
        items = [(key, tensor, f"output[{key!r}]") for key, tensor in output.items()]
    elif isinstance(output, list | tuple):
        items = [("", tensor, f"output[{i}]") for i, tensor in enumerate(output)]
    else:
        items = [("", output, "output")]
    if not items:
        refuse("output", output, allowed)
    for key, tensor, place in items:
        if not isinstance(tensor, torch.Tensor):
            refuse(place, tensor, allowed, TypeError)
        if not isinstance(key, str):
            refuse("a key of output", key, "a string", TypeError)
        if not tensor.requires_grad:
            why = "nothing that it was computed from has requires_grad=True, or detach() or "
            why += "no_grad() cut it off."
            if not (tensor.is_floating_point() or tensor.is_complex()):
                why = f"its dtype is {tensor.dtype}, and only floating-point tensors can have one."
            raise ValueError(f"{place} must be {allowed}, but this one has no graph: {why}")
    return [(key, tensor) for key, tensor, _ in items]


def check_names(named: Mapping[str, Any]) -> Mapping[str, torch.Tensor]:
    """The named tensors, if that is what they are."""
    for name, tensor in named.items():
        if not isinstance(tensor, torch.Tensor):
            refuse(name, tensor, "a tensor, to be named in the graph", TypeError)
    return named


def names_apart(
    function: Any, named: Mapping[str, Any], **options: Any
) -> tuple[list[Any], Mapping[str, torch.Tensor]]:
    """A function's options, and the names: a tensor under an option's name is named by it.

    Args:
        function: Whose options these are; one whose name a tensor took is as by default.
        named: The names that are no option's.
        options: What was given for each option.

    Example:
        >>> def draw(*, limit=300, **named): ...
        >>> names_apart(draw, {}, limit=torch.tensor(2.0))
        ([300], {'limit': tensor(2.)})
    """
    defaults = function.__kwdefaults__
    tensors = {name: v for name, v in options.items() if isinstance(v, torch.Tensor)}
    settings = [defaults[name] if name in tensors else v for name, v in options.items()]
    return settings, check_names({**named, **tensors})


class Traced(NamedTuple):
    """A graph beside what it was read from; not to be kept, since it holds autograd's graph.

    Attributes:
        graph: The graph.
        functions: Autograd's functions; the function of node `i` has index `i`.
        results: Of an edge that comes from another result of its function than the first, by its
            index: which.
        records: What was recorded of the functions, by index.
        tensors: By function and number of its result, the node of a named tensor or an output.
        outputs: The node of each output.
        named: The names that something in the graph got.
    """

    graph: Graph
    functions: list[Any]
    results: dict[int, int]
    records: dict[int, Record]
    tensors: dict[tuple[int, int], int]
    outputs: tuple[int, ...]
    named: set[str]


def follow(outputs: Outputs, named: Mapping[str, torch.Tensor], *, values: bool = False) -> Traced:
    """What `trace` does; with `values`, constants are also read from what autograd saved."""
    walked = _walk(_function(tensor) for _, tensor in outputs)
    records = recorded_among(walked.functions)
    tensors, keys = _name_results(walked, outputs, named)
    wanted = {name: tensor for name, tensor in named.items() if not tensor.requires_grad}
    unknown, constants = _find_constants(walked, records, list(wanted.values()), values)

    nodes = _function_nodes(walked, records, tensors)
    edges = list(walked.edges)
    for target, argument in unknown:
        edges.append(Edge(len(nodes), target, argument))
        nodes.append(Node(len(nodes), "constant", "constant", "", "", None))
    uses = _merge(constants, wanted)
    for tensor, places in uses:
        edges += [Edge(len(nodes), target, argument) for target, argument in places]
        nodes.append(tensor.node(len(nodes)))
    ids: dict[tuple[int, int], int] = {}
    for key, tensor in tensors.items():
        if tensor.kind != "leaf":
            ids[key] = len(nodes)
            walked.results[len(edges)] = key[1]
            edges.append(Edge(key[0], len(nodes), 0))
            nodes.append(tensor.node(len(nodes)))
    if ids.keys() - {(0, 0)}:  # the users of a named tensor take their value from it
        for i, (source, target, argument) in enumerate(walked.edges):
            source = ids.get((source, walked.results.get(i, 0)), source)
            edges[i] = Edge(source, target, argument)

    graph = Graph(tuple(nodes), tuple(edges))
    all_ = [*tensors.values(), *(tensor for tensor, _ in uses)]
    names = {name for tensor in all_ for name in tensor.names}
    ends = tuple(ids.get(key, key[0]) for key in keys)
    return Traced(graph, walked.functions, walked.results, records, ids, ends, names)


class _Walk(NamedTuple):
    """Autograd's functions, numbered in the order of the visit.

    Attributes:
        functions: The functions,
        places: and the number of each.
        edges: The arrows between them.
        results: As in `Traced`.
        gaps: Target and position of each input that requires no gradient.
        leaves: By its identity, the number of the function that gathers a leaf's gradient.
    """

    functions: list[Any]
    places: dict[Any, int]
    edges: list[Edge]
    results: dict[int, int]
    gaps: list[tuple[int, int]]
    leaves: dict[int, int]


def _walk(roots: Iterable[Any]) -> _Walk:
    """Visit all functions that `roots` lead to."""
    functions = list(dict.fromkeys(roots))
    places = {function: place for place, function in enumerate(functions)}
    edges: list[Edge] = []
    results, gaps, leaves = dict[int, int](), list[tuple[int, int]](), dict[int, int]()
    for target, function in enumerate(functions):  # the list grows while it is read
        inputs = function.next_functions
        if not inputs and type(function).__name__ == "AccumulateGrad":
            leaves[id(function.variable)] = target
        for argument, (source, result) in enumerate(inputs):
            if source is None:
                gaps.append((target, argument))
                continue
            place = places.setdefault(source, len(functions))
            if place == len(functions):
                functions.append(source)
            if result:
                results[len(edges)] = result
            edges.append(Edge(place, target, argument))
        if target - len(leaves) >= MOST_OPERATIONS:
            raise ValueError(
                f"output must come from at most {MOST_OPERATIONS:,} operations, but this graph has "
                "more: cut it with detach(), or take an intermediate result."
            )
    return _Walk(functions, places, edges, results, gaps, leaves)


def _function(tensor: torch.Tensor) -> Any:
    """The function whose result `tensor` is, for a leaf the one that gathers its gradient."""
    return get_gradient_edge(tensor).node if tensor.grad_fn is None else tensor.grad_fn


class _Tensor(NamedTuple):
    """What becomes a node for a tensor, while the names that it gets are still coming in."""

    kind: str
    label: str
    value: Snapshot | None
    names: list[str]

    def node(self, place: int) -> Node:
        name = " = ".join(self.names)
        return Node(place, self.kind, name or self.label, name, "", self.value)


def _name_results(
    walked: _Walk, outputs: Outputs, named: Mapping[str, torch.Tensor]
) -> tuple[dict[tuple[int, int], _Tensor], list[tuple[int, int]]]:
    """Named tensors and outputs, by function and number of its result; and where outputs are."""
    found: dict[tuple[int, int], _Tensor] = {}
    keys = []

    def key_of(tensor: torch.Tensor) -> tuple[int, int]:
        function = tensor.grad_fn
        found = walked.leaves.get(id(tensor)) if function is None else walked.places.get(function)
        return -1 if found is None else found, tensor.output_nr

    for name, tensor in named.items():
        key = key_of(tensor)
        if tensor.requires_grad and key[0] >= 0:
            kind = "leaf" if tensor.grad_fn is None else "intermediate"
            found.setdefault(key, _Tensor(kind, "", snapshot(tensor), [])).names.append(name)
    for number, (name, tensor) in enumerate(outputs, 1):
        key = key_of(tensor)
        keys.append(key)
        names = found[key].names if key in found else []
        names += [name] if name and not names else []
        kind = "leaf" if tensor.grad_fn is None else "output"
        label = "output" if len(outputs) == 1 else f"output {number}"
        found[key] = _Tensor(kind, label, snapshot(tensor), names)
    return found, keys


def _function_nodes(
    walked: _Walk, records: Mapping[int, Record], tensors: Mapping[tuple[int, int], _Tensor]
) -> list[Node]:
    """A node for each operation and each leaf."""
    leaves = set(walked.leaves.values())
    # a leaf may have been changed in place since
    used = {
        source: records[target].leaves[argument]
        for source, target, argument in (walked.edges if records else ())
        if target in records and argument in records[target].leaves
    }
    types = list(map(type, walked.functions))
    # a type is asked once: it makes its name anew each time
    called = {kind: (kind.__name__, plain_name(kind.__name__)) for kind in set(types)}
    nodes = []
    for i, kind in enumerate(types):
        if i in leaves:
            value = used[i] if i in used else snapshot(walked.functions[i].variable)
            names = tensors[i, 0].names if (i, 0) in tensors else []
            nodes.append(_Tensor("leaf", format_snapshot(value), value, names).node(i))
            continue
        results = records[i].values if i in records else {}
        result = next(iter(results.values())) if len(results) == 1 else None
        grad_fn, label = called[kind]
        nodes.append(Node(i, "operation", label, "", grad_fn, result))
    return nodes


def _merge(
    constants: Sequence[tuple[int, Constant]], wanted: Mapping[str, torch.Tensor]
) -> list[tuple[_Tensor, list[tuple[int, int]]]]:
    """One tensor for all uses of a constant, unless it was changed in between; and the uses."""
    merged: dict[tuple[int, Snapshot], tuple[_Tensor, list[tuple[int, int]]]] = {}
    for i, (target, constant) in enumerate(constants):
        # Python has one weak reference to a tensor at most, also when that is gone
        key = (id(constant.tensor) if constant.tensor else -i, constant.value)
        if key not in merged:
            tensor = constant.tensor() if constant.tensor else None
            names = [name for name, known in wanted.items() if known is tensor]
            shown = format_snapshot(constant.value)
            merged[key] = _Tensor("constant", shown, constant.value, names), []
        merged[key][1].append((target, constant.argument))
    return list(merged.values())


def _find_constants(
    walked: _Walk, records: Mapping[int, Record], wanted: Sequence[torch.Tensor], values: bool
) -> tuple[list[tuple[int, int]], list[tuple[int, Constant]]]:
    """The operands without a gradient: target and position of the unknown ones, and the others.

    Args:
        walked: The graph.
        records: What was recorded of it.
        wanted: Tensors to look for among those that autograd saved.
        values: Whether to take whatever autograd saved.
    """
    kinds = {kind: plain_name(kind.__name__) for kind in set(map(type, walked.functions))}
    names = [kinds[type(function)] for function in walked.functions]
    gaps = [gap for gap in walked.gaps if names[gap[0]] not in WITH_OPTIONS]
    if not (values or wanted or records):
        return gaps, []
    empty: dict[int, list[int]] = {}
    for target, argument in gaps:
        empty.setdefault(target, []).append(argument)
    found: list[tuple[int, Constant]] = []
    for target, function in enumerate(walked.functions):
        record = records.get(target)
        constants = list(record.constants) if record else []
        if (wanted or values) and not (record and record.whole):
            missing = empty.get(target, ())
            constants += _saved(function, names[target], constants, missing, wanted, values)
        found += [(target, constant) for constant in constants]
    known = {(target, constant.argument) for target, constant in found}
    known |= {gap for gap in gaps if gap[0] in records and records[gap[0]].whole}
    return [gap for gap in gaps if gap not in known], found


def _saved(
    function: Any,
    name: str,
    found: Sequence[Constant],
    gaps: Sequence[int],
    wanted: Sequence[torch.Tensor],
    values: bool,
) -> Iterator[Constant]:
    """The constants among what an operation saved, beyond those that were `found` already."""
    taken = {constant.argument for constant in found}
    known = [constant.tensor() for constant in found if constant.tensor is not None]
    order = ARGUMENTS.get(name, ())
    saved = read_all(function) if wanted else {key: read(function, key) for key in order}
    for key, value in saved.items():
        if not isinstance(value, torch.Tensor):
            if values and name == "pow" and isinstance(value, int | float | complex):
                yield Constant(-1, number_snapshot(value), None)  # the 2 of `x ** 2` or `2 ** x`
            continue
        if value.requires_grad:
            continue
        place = order.index(key) if key in order else -1
        if place not in gaps or place in taken:
            free = [gap for gap in gaps if gap not in taken and gap >= len(order)]
            place = free[0] if free else -1
        tensor = _alike(value, wanted)
        if any(tensor is other for other in known if other is not None):
            continue
        if tensor is not None or (values and place >= 0):
            taken.add(place)
            yield Constant(place, snapshot(value), weakref.ref(value if tensor is None else tensor))


def _alike(saved: torch.Tensor, wanted: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """The wanted tensor that was saved: the very one, or one with the same memory."""
    for tensor in wanted:
        if tensor is saved:
            return tensor
    for tensor in wanted:
        if (
            tensor.dtype == saved.dtype
            and tensor.numel() == saved.numel() > 0
            and tensor.device == saved.device
            and _address(tensor) == _address(saved) != 0
        ):
            return tensor
    return None


def _address(tensor: torch.Tensor) -> int:
    try:
        return tensor.data_ptr()
    except RuntimeError:  # a tensor without memory of its own
        return 0
