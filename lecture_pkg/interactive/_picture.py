"""The stepper's picture: a graph from top to bottom, with room for a gradient on each edge.

Every node and edge carries its number (`data-node`, `data-edge`), by which the script finds it
again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from ..graph import Graph
from ._layout import Point, Shape, lay_out

_WIDE, _HIGH = 7.9, 17.0
"""The room that one character and one line take, in pixels, at the picture's font size."""

# Legible on white and on near-black: an image does not know the page's theme.
_STILL_STYLE = (
    "text{font:500 13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "text-anchor:middle;fill:#1f2328}.lp-name{font-weight:700}"
    "rect{fill:#fff;stroke:#76808c;stroke-width:1.5}"
    ".lp-leaf rect{fill:#def3eb;stroke:#0b7055}.lp-output rect{fill:#e5f0fb;stroke:#0a5fb0}"
    ".lp-constant rect{fill:#f3f5f8;stroke-dasharray:4 3}"
    ".lp-value{fill:#0a5fb0}.lp-sub,.lp-plate text{fill:#b34700}"
    ".lp-plate rect{fill:#fff4ea;stroke:#b34700}"
    ".lp-line{fill:none;stroke:#7d8590;stroke-width:1.5}.lp-down{fill:#7d8590}"
    ".lp-up,.lp-wait{display:none}"
)


class Box(NamedTuple):
    """What stands in a node: lines of text, each with its class, and how wide they may grow."""

    kind: str
    lines: Sequence[tuple[str, str]]
    columns: int
    title: str


class Plate(NamedTuple):
    """What stands on an edge: the gradient's lines, and how large they may grow."""

    lines: Sequence[str]
    columns: int
    rows: int


def columns(text: str) -> int:
    """How many columns a fixed-width font needs for `text`."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def draw_picture(graph: Graph, boxes: Sequence[Box], plates: Mapping[int, Plate]) -> str:
    """An SVG of the graph with its `boxes` by node id and its `plates` by index of the edge."""
    shapes = {f"n{i}": _box_shape(box) for i, box in enumerate(boxes)}
    shapes |= {f"e{i}": _plate_shape(plate) for i, plate in plates.items()}
    ways = [
        [f"n{edge.source}", *([f"e{i}"] if i in plates else []), f"n{edge.target}"]
        for i, edge in enumerate(graph.edges)
    ]
    width, height, centres, lines = lay_out(ways, shapes)
    parts = [_edge(i, *line) for i, line in enumerate(lines)]
    parts += [_node(i, box, centres[f"n{i}"]) for i, box in enumerate(boxes)]
    parts += [_plate(i, plate, centres[f"e{i}"]) for i, plate in plates.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" class="lp-graph"><style>{_STILL_STYLE}</style>'
        f"{''.join(parts)}</svg>"
    )


def _box_shape(box: Box) -> Shape:
    wide, high = 20 + _WIDE * max(box.columns, 3), 14 + _HIGH * len(box.lines)
    corner = {"operation": high / 2, "constant": 2, "intermediate": 2}.get(box.kind, 9)
    return Shape(wide, high, corner)


def _plate_shape(plate: Plate) -> Shape:
    return Shape(14 + _WIDE * max(plate.columns, 3), 6 + _HIGH * plate.rows, 6)


def _edge(index: int, points: list[Point], down: list[Point], up: list[Point]) -> str:
    start, *rest = map(_at, points)
    line = f"M{start}C{' '.join(rest)}"
    heads = "".join(
        f'<path class="{name}" d="M{"L".join(map(_at, corners))}Z"/>'
        for name, corners in (("lp-down", down), ("lp-up", up))
    )
    return f'<g class="lp-edge" data-edge="{index}"><path class="lp-line" d="{line}"/>{heads}</g>'


def _node(index: int, box: Box, centre: Point) -> str:
    shape = _box_shape(box)
    return (
        f'<g class="lp-node lp-{box.kind}" data-node="{index}" transform="{_move(centre)}">'
        f"<title>{escape(box.title)}</title>{_rect(shape)}"
        f"{_texts(box.lines)}"
        f'<g class="lp-wait" transform="{_move((0, shape.high / 2 + 5))}">{_rect(Shape(60, 18, 9))}'
        f"{_texts([('', '')])}</g></g>"
    )


def _plate(index: int, plate: Plate, centre: Point) -> str:
    spare = [""] * (plate.rows - len(plate.lines))
    lines = [("", line) for line in [*plate.lines, *spare]]
    return (
        f'<g class="lp-plate" data-edge="{index}" transform="{_move(centre)}">'
        f"{_rect(_plate_shape(plate))}{_texts(lines)}</g>"
    )


def _rect(shape: Shape) -> str:
    x, y = _short(-shape.wide / 2), _short(-shape.high / 2)
    size = f'width="{_short(shape.wide)}" height="{_short(shape.high)}"'
    return f'<rect x="{x}" y="{y}" {size} rx="{_short(shape.corner)}"/>'


def _texts(lines: Sequence[tuple[str, str]]) -> str:
    """Lines of text about the origin, each with its class."""
    top = 4.5 - _HIGH * (len(lines) - 1) / 2
    texts = []
    for i, (name, line) in enumerate(lines):
        named = f' class="{name}"' if name else ""
        texts.append(f'<text{named} y="{_short(top + _HIGH * i)}">{escape(line)}</text>')
    return "".join(texts)


def _move(point: Point) -> str:
    return f"translate({_at(point)})"


def _at(point: Point) -> str:
    return f"{_short(point[0])} {_short(point[1])}"


def _short(number: float) -> str:
    """A length to a tenth of a pixel, in as few characters as that takes."""
    return f"{round(number, 1) + 0.0:g}"
