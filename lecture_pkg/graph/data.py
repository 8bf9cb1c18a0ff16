"""A computation graph, and a backward pass through it, as plain data."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ..values import Snapshot, format_snapshot
from .rules import Rule, is_small

_MOST_LISTED = 30
"""Of a graph with more operations or tensors they are counted, not listed."""


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
        return _describe(self)


def _describe(graph: Graph) -> str:
    """What there is in a graph, and how each operation follows from what came before."""
    ordered = _forward_order(graph)
    results = [graph.nodes[i] for i in ordered if graph.nodes[i].kind == "output"]
    parts = [f"Computation graph of {listed([_with_value(node) for node in results])}"]
    if not results:
        parts = ["Computation graph of a leaf, without operations"]
    for kind, word, words in (("leaf", "Leaf", "Leaves"), ("constant", "Constant", "Constants")):
        nodes = [_with_value(node) for node in graph.nodes if node.kind == kind]
        if len(nodes) > _MOST_LISTED:
            parts.append(f"{len(nodes)} {words.lower()}")
        elif nodes:
            parts.append(f"{word if len(nodes) == 1 else words}: {listed(nodes)}")
    operations = [i for i in ordered if graph.nodes[i].kind == "operation"]
    if len(operations) > _MOST_LISTED:
        counts = Counter(graph.nodes[i].label for i in operations).most_common()
        kinds = listed([f"{count} {label}" for label, count in counts])
        parts.append(f"{len(operations)} operations: {kinds}")
    elif operations:
        parts.append("Operations: " + "; ".join(_operations(graph, operations)))
    return ". ".join(parts) + "."


def _forward_order(graph: Graph) -> list[int]:
    """Ids in an order in which every node comes after its inputs."""
    missing = Counter(edge.target for edge in graph.edges)
    users: dict[int, list[int]] = {}
    for edge in graph.edges:
        users.setdefault(edge.source, []).append(edge.target)
    # the visit starts at the output: what has a larger number tends to come earlier
    ready = [-node.id for node in graph.nodes if not missing[node.id]]
    heapq.heapify(ready)
    ordered = []
    while ready:
        ordered.append(-heapq.heappop(ready))
        for user in users.get(ordered[-1], ()):
            missing[user] -= 1
            if not missing[user]:
                heapq.heappush(ready, -user)
    return ordered


def _operations(graph: Graph, operations: Sequence[int]) -> list[str]:
    number = {i: f"({place})" for place, i in enumerate(operations, 1)}
    sentences = []
    for i in operations:
        inputs = [number.get(j, graph.nodes[j].label) for j in graph.inputs(i)]
        users = [graph.nodes[j] for j in graph.consumers(i)]
        names = [user.label for user in users if user.kind in ("intermediate", "output")]
        called = f", which is {listed(names)}" if names else ""
        value = graph.nodes[i].snapshot
        equals = f" = {format_snapshot(value)}" if value is not None else ""
        of = f" of {listed(inputs)}" if inputs else ""
        sentences.append(f"{number[i]} {graph.nodes[i].label}{of}{equals}{called}")
    return sentences


def _with_value(node: Node) -> str:
    value = format_snapshot(node.snapshot) if node.snapshot is not None else ""
    return f"{node.label} = {value}" if value and value != node.label else node.label


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


class Flow(NamedTuple):
    """A gradient that leaves a node against the direction of an arrow.

    Attributes:
        edge: Index into `Graph.edges`; the gradient travels from its target to its source.
        gradient: The gradient that travels.
        local: Where it comes from, as data: operation, formula, factors, result.
        rule: The same in words and numbers ("sin: 3.0 × cos 5.0 = 0.8510").
    """

    edge: int
    gradient: Snapshot
    local: Rule

    @property
    def rule(self) -> str:
        """The rule in words."""
        return str(self.local)


class Sum(NamedTuple):
    """What a leaf has gathered of its gradient.

    Attributes:
        leaf: Id of the leaf.
        terms: What is added up: first what is new, then what was there before.
        total: The sum so far.
        hooked: What a hook of the leaf makes of it in the end, None where there is none.
        skipped: Whether the leaf has a hook that `backward()` runs on `.grad` itself, which is not
            run here.
    """

    leaf: int
    terms: tuple[Snapshot, ...]
    total: Snapshot
    hooked: Snapshot | None = None
    skipped: bool = False

    def __str__(self) -> str:
        """The sum in words and numbers: "0.8510 + 1.0 = 1.8510"."""
        words = format_snapshot(self.total)
        if len(self.terms) > 1 and is_small(self.total):
            words = f"{' + '.join(map(format_snapshot, self.terms))} = {words}"
        elif len(self.terms) > 1:
            words = f"{len(self.terms)} gradients of shape {self.total.shape} added up"
        if self.hooked:
            to = f" to {format_snapshot(self.hooked)}" if self.hooked.numbers is not None else ""
            words += f", which a hook changes{to}"
        return words + ", before a hook that backward() runs on .grad" * self.skipped


class Step(NamedTuple):
    """What one node does in the backward pass.

    Attributes:
        index: 0 for the step that hands the first gradient to the output, then 1, 2, …
        node: Id of the node that runs: an operation, or a named tensor or output, which passes
            its gradient on.
        arriving: The sum of all gradients that have arrived at the node; for an operation with
            several results, the gradients of those that were used, one after the other.
        leaving: The gradients that it sends on.
        sums: What each leaf reached in this step has gathered, as data.
        waiting: Ids of the nodes that have received some of their gradients, but not yet all.
        unhooked: What had arrived before a hook made `arriving` of it, None where there is none.
        accumulated: The `sums` as people read them, for each leaf: its id, the sum so far, and that
            sum in words, new gradients first ("0.8510 + 1.0 = 1.8510").
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    node: int
    arriving: Snapshot
    leaving: tuple[Flow, ...]
    sums: tuple[Sum, ...]
    waiting: tuple[int, ...]
    unhooked: Snapshot | None = None

    @property
    def accumulated(self) -> tuple[tuple[int, Snapshot, str], ...]:
        """The sums of the leaves reached: id, sum so far, and the sum in words."""
        return tuple((sum_.leaf, sum_.hooked or sum_.total, str(sum_)) for sum_ in self.sums)


class BackwardPass(NamedTuple):
    """A whole backward pass as plain data.

    Attributes:
        graph: The graph that the gradients travelled through.
        steps: What happened, in the order in which autograd's engine did it.
        gradients: For each leaf's id, its gradient at the end; a leaf that gets none is missing.
    """

    graph: Graph
    steps: tuple[Step, ...]
    gradients: dict[int, Snapshot]
