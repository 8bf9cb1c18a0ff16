"""One backward pass as an ordered list of steps, as plain data."""

from __future__ import annotations

from typing import NamedTuple

from .graph import Graph
from .values import Snapshot


class Flow(NamedTuple):
    """A gradient that leaves a node against the direction of an arrow.

    Attributes:
        edge: Index into `Graph.edges`; the gradient travels from its target to its source.
        gradient: The gradient that travels.
        rule: Where it comes from, in words and numbers ("sin: 3.0 × cos 5.0 = 0.8510").
    """

    edge: int
    gradient: Snapshot
    rule: str


class Step(NamedTuple):
    """What one node does in the backward pass.

    Attributes:
        index: 0 for the step that hands the first gradient to the output, then 1, 2, …
        node: Id of the node that runs: an operation, or a named tensor or output, which passes
            its gradient on.
        arriving: The sum of all gradients that have arrived at the node; for an operation with
            several results, the gradients of those that were used, one after the other.
        leaving: The gradients that it sends on.
        accumulated: For each leaf reached in this step: its id, the sum so far, and that sum
            in words, new gradients first ("0.8510 + 1.0 = 1.8510").
        waiting: Ids of the nodes that have received some of their gradients, but not yet all.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    node: int
    arriving: Snapshot
    leaving: tuple[Flow, ...]
    accumulated: tuple[tuple[int, Snapshot, str], ...]
    waiting: tuple[int, ...]


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
