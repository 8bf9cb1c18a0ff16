"""What stands in each node and on each edge of a stepper's picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from ..graph.data import Graph, Node
from ..graph.picture import Line, cut, title
from ..values import format_snapshot
from ._picture import Content, Plate, columns
from ._positions import Position
from ._words import broken, grad_lines


def contents(graph: Graph, runs: Sequence[Sequence[Position]]) -> list[Content]:
    """What stands in each node at the end of the first run, with room for all runs."""
    found = []
    waiting = {node for run in runs for position in run for node in position.waiting}
    for node in graph.nodes:
        grads = [position.leaves[node.id] for position in runs[0] if node.id in position.leaves]
        all_ = [p.leaves[node.id] for run in runs for p in run if node.id in p.leaves]
        spare = [lines for pair in all_ for lines in pair]
        if all_:
            spare.append(grad_lines(None))
        rows = max(map(len, spare), default=0)
        shown = [*(grads[-1][1] if grads else ()), *[""] * rows][:rows]
        lines = [*_lines(node), *(Line(line, "lp-sub") for line in shown)]
        texts = [line.text for line in lines] + [line for lines in spare for line in lines]
        wide = max(map(columns, texts))
        found.append(Content(node.kind, lines, wide, title(node), node.id in waiting))
    return found


def _lines(node: Node) -> list[Line]:
    """The lines of a node that never change: its name and its value, each with its class."""
    value = format_snapshot(node.snapshot) if node.snapshot else ""
    if node.kind == "operation":
        values = [Line(text, "lp-value") for text in broken(value) if text]
        return [Line(node.label, "lp-name"), *values]
    name = cut(node.name)
    text = f"{name} = {value}" if name and value else name or value or cut(node.label)
    return [Line(line, "lp-name") for line in broken(text)]


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
