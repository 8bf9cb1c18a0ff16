"""The graph that autograd builds, read as plain data."""

from __future__ import annotations

from typing import NamedTuple

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
