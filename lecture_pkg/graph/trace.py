"""Reads the graph that autograd builds: names, constants and values are put in."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.autograd.graph import get_gradient_edge

from .._arguments import refuse
from ._builder import Builder
from ._outputs import check_outputs
from ._release import free_in_order
from ._walk import walk
from .data import Graph
from .record import Record


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
        ValueError: `output` is empty or has no graph.

    Example:
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> [node.label for node in trace(torch.sin(x), x=x).nodes]
        ['sin', 'x', 'output']
    """
    return follow(output, named).graph


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
        roots = list(dict.fromkeys(_function(tensor) for _, tensor in outputs))
        builder = Builder(walk(roots), named)
        if not builder.detailed:
            free_in_order(roots, builder.found.functions)
        keys = [builder.add_output(name, tensor) for name, tensor in outputs]
        builder.add_constants(values)
        graph, nodes = builder.build(keys)
        if values:  # somebody is going to look at each node, and more than once
            graph = Graph(tuple(graph.nodes), tuple(graph.edges))
    ends = tuple(nodes.get(key, key[0]) for key in keys)
    return Traced(graph, builder.found.functions, builder.records, nodes, ends)


def _function(tensor: torch.Tensor) -> Any:
    """The function whose result `tensor` is, for a leaf the one that gathers its gradient."""
    return get_gradient_edge(tensor).node if tensor.grad_fn is None else tensor.grad_fn


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
