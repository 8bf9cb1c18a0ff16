"""What stands in each node and on each edge of a stepper's picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from ..graph import Graph, Node
from ..values import format_snapshot
from ._picture import Box, Plate, columns
from ._positions import Position
from ._words import broken, called, grad_lines

_LONGEST_NAME = 20
"""A longer name is cut in the picture; the sentences have it whole."""


def boxes(graph: Graph, runs: Sequence[Sequence[Position]]) -> list[Box]:
    """What stands in each node at the end of the first run, with room for all runs."""
    found = []
    for node in graph.nodes:
        grads = [position.leaves[node.id] for position in runs[0] if node.id in position.leaves]
        all_ = [p.leaves[node.id] for run in runs for p in run if node.id in p.leaves]
        spare = [lines for pair in all_ for lines in pair]
        if all_:
            spare.append(grad_lines(None))
        rows = max(map(len, spare), default=0)
        shown = [*(grads[-1][1] if grads else ()), *[""] * rows][:rows]
        lines = [*_lines(node), *(("lp-sub", line) for line in shown)]
        texts = [text for _, text in lines] + [line for lines in spare for line in lines]
        found.append(Box(node.kind, lines, max(map(columns, texts)), _tip(node)))
    return found


def _lines(node: Node) -> list[tuple[str, str]]:
    """The lines of a node that never change: its name and its value, each with its class."""
    value = format_snapshot(node.snapshot) if node.snapshot else ""
    if node.kind == "operation":
        return [("lp-name", node.label), *(("lp-value", line) for line in broken(value) if line)]
    name = _cut(node.name)
    text = f"{name} = {value}" if name and value else name or value or _cut(node.label)
    return [("lp-name", line) for line in broken(text)]


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _tip(node: Node) -> str:
    """What a pointer that rests on a node is told."""
    value = node.snapshot
    tensor = f"{value.dtype}, shape {value.shape}" if value else "value not recorded"
    return f"{node.grad_fn or called(node)}: {tensor}"


def plates(runs: Sequence[Sequence[Position]]) -> dict[int, Plate]:
    """What stands on each edge at the end of the first run, with room for all runs."""
    spare: dict[int, list[Sequence[str]]] = {}
    for position in (p for run in runs for p in run):
        for edge, lines in position.leaving.items():
            spare.setdefault(edge, []).append(lines)
    last = {edge: lines for position in runs[0] for edge, lines in position.leaving.items()}
    return {
        edge: Plate(last.get(edge, ()), max(map(columns, chain(*all_))), max(map(len, all_)))
        for edge, all_ in sorted(spare.items())
    }
