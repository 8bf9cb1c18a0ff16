"""What autograd keeps for the backward pass, as nodes of a graph and as lines in them."""

from __future__ import annotations

from typing import Any

import torch

from ..values import format_snapshot, snapshot
from .data import Edge, Graph, Node
from .operations import Lost, read_all
from .trace import Traced


def _saved_items(traced: Traced, node: Node) -> list[tuple[str, Any]]:
    """What an operation saved, tensors in tuples one by one."""
    items: list[tuple[str, Any]] = []
    for name, value in read_all(traced.functions[node.id]).items():
        if isinstance(value, list | tuple) and any(isinstance(v, torch.Tensor) for v in value):
            items += [(f"{name}[{i}]", v) for i, v in enumerate(value)]
        else:
            items.append((name, value))
    return items


def _operations(traced: Traced) -> list[Node]:
    return [node for node in traced.graph.nodes if node.kind == "operation"]


def with_saved(graph: Graph, traced: Traced, most: int) -> tuple[Graph, str]:
    """The graph with a node for each saved tensor, and what they are in words."""
    nodes, edges, told = list(graph.nodes), list(graph.edges), []
    for operation in _operations(traced):
        for name, value in _saved_items(traced, operation):
            if not isinstance(value, torch.Tensor | Lost):
                continue
            held = snapshot(value) if isinstance(value, torch.Tensor) else None
            lost = f": {value.why}" if isinstance(value, Lost) else ""
            label = f"saved {name}{lost}"
            edges.append(Edge(len(nodes), operation.id, -1))
            nodes.append(Node(len(nodes), "saved", label, "", "", held))
            equals = f" = {format_snapshot(held, most)}" if held is not None else ""
            told.append(f"{operation.label}: {label}{equals}")
    words = f" Saved for the backward pass: {'; '.join(told)}." if told else ""
    return Graph(tuple(nodes), tuple(edges)), words


def saved_numbers(traced: Traced) -> dict[int, list[str]]:
    """The plain numbers that operations saved, by id of the node."""
    return {
        node.id: [
            f"{name.replace('_sym_', ' ')} = {_plain(value)}"
            for name, value in _saved_items(traced, node)
            if value is not None and not isinstance(value, torch.Tensor | Lost)
        ]
        for node in _operations(traced)
    }


def _plain(value: Any) -> str:
    """A saved number; negative ones come out of C++ as huge ones."""
    if isinstance(value, int) and value >= 2**63:
        return str(value - 2**64)
    return "end" if value == 2**63 - 1 else str(value)
