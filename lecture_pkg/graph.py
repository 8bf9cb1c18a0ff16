"""The graph that autograd builds, read as plain data."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .values import Snapshot


class Node(NamedTuple):
    """One node of a computation graph.

    Attributes:
        id: Its number, which is also its index in `Graph.nodes`.
        kind: "leaf", "constant", "operation", "intermediate", "output" or "saved".
        label: The operation's plain name ("sin"), or the caller's name or the value of a tensor.
        name: The name that the caller gave, or "".
        grad_fn: What autograd calls the operation ("SinBackward0"), or "".
        snapshot: The value in the forward pass, None where it is not known.
    """

    id: int
    kind: str
    label: str
    name: str
    grad_fn: str
    snapshot: Snapshot | None


class Edge(NamedTuple):
    """An arrow in the direction of the computation, from an input to what uses it.

    Attributes:
        source: Id of the node that the value comes from.
        target: Id of the node that uses it.
        argument: Its position among the target's `next_functions`, or -1 for a constant to
            which autograd gives no position (such as the 2 in `x ** 2`).
    """

    source: int
    target: int
    argument: int


class Graph(NamedTuple):
    """A computation graph as plain data: nothing in it keeps a tensor or autograd alive.

    Attributes:
        nodes: The nodes; each node's id is its index.
        edges: The arrows.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def inputs(self, node: int) -> tuple[int, ...]:
        """Ids of the nodes whose values `node` uses, in the order of its arguments."""
        edges = [edge for edge in self.edges if edge.target == node]
        edges.sort(key=lambda edge: (edge.argument < 0, edge.argument))
        return tuple(edge.source for edge in edges)

    def consumers(self, node: int) -> tuple[int, ...]:
        """Ids of the nodes that use the value of `node`, once for each use."""
        return tuple(edge.target for edge in self.edges if edge.source == node)

    def leaves(self) -> tuple[Node, ...]:
        """The tensors that gather a gradient in `.grad`."""
        return tuple(node for node in self.nodes if node.kind == "leaf")

    def describe(self) -> str:
        """The graph in words, for readers who cannot see a picture of it."""
        from ._describe import describe

        return describe(self)


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
    from ._follow import follow  # it builds what is defined here

    return follow(output, named).graph
