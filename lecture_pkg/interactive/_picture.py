"""The stepper's picture: a graph from top to bottom, with room for a gradient on each edge.

Shapes and places are those of `show_graph`. Every node and edge carries its number (`data-node`,
`data-edge`), by which the script finds it again, and classes, by which the page's style colours it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..graph.data import Graph
from ..graph.layout import Box, Point, lay_out
from ..graph.picture import Line, box_around, clean, draw_shape, short, write_lines

_WIDE, _HIGH = 7.9, 17.0
"""The room that one character and one line take, in pixels, at the picture's font size."""
_MARGIN = 16

_STILL_STYLE = (
    "text{font:500 13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "text-anchor:middle;fill:#1f2328}.lp-name{font-weight:700}.lp-value{fill:#0a5fb0}"
    ".lp-sub,.lp-plate text{fill:#a63c00}"
    ".lp-line{fill:none;stroke:#7d8590;stroke-width:1.5}.lp-down{fill:#7d8590}"
    ".lp-up,.lp-wait{display:none}"
)


class Content(NamedTuple):
    """What stands in a node.

    Attributes:
        kind: The kind of the node.
        lines: Its lines of text.
        columns: How wide they may grow, in characters.
        title: What a pointer that rests on the node is told.
        waits: Whether the node ever waits for gradients, and needs a badge to say so.
    """

    kind: str
    lines: Sequence[Line]
    columns: int
    title: str
    waits: bool


class Plate(NamedTuple):
    """What stands on an edge: the gradient's lines, and how large they may grow."""

    lines: Sequence[str]
    columns: int
    rows: int


def columns(text: str) -> int:
    """How many columns a fixed-width font needs for `text`."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def draw_picture(graph: Graph, contents: Sequence[Content], plates: Mapping[int, Plate]) -> str:
    """An SVG of the graph with `contents` by node id and `plates` by index of the edge."""
    boxes = {f"n{i}": _box(content) for i, content in enumerate(contents)}
    boxes |= {f"e{i}": _plate_box(plate) for i, plate in plates.items()}
    ways = [
        [f"n{edge.source}", *([f"e{i}"] if i in plates else []), f"n{edge.target}"]
        for i, edge in enumerate(graph.edges)
    ]
    found = lay_out(boxes, ways, gap=12, upright=True)
    at = found.centres
    parts = [_edge(i, path, i in plates) for i, path in enumerate(found.paths)]
    parts += [_node(i, content, at[f"n{i}"]) for i, content in enumerate(contents)]
    parts += [_plate(i, plate, at[f"e{i}"]) for i, plate in plates.items()]
    width, height = (round(size) + 2 * _MARGIN for size in found[:2])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{-_MARGIN} {-_MARGIN} {width} {height}" class="lp-graph">'
        f"<style>{_STILL_STYLE}</style>{''.join(parts)}</svg>"
    )


def _box(content: Content) -> Box:
    # two lines lie near the middle of an ellipse, where it is wide enough without a margin
    spare = 16 if content.kind == "leaf" and len(content.lines) == 2 else 0
    wide = _WIDE * max(content.columns, 3) - spare
    return box_around(content.kind, wide, _HIGH * len(content.lines))


def _plate_box(plate: Plate) -> Box:
    return Box(14 + _WIDE * max(plate.columns, 3), 6 + _HIGH * plate.rows)


def _edge(index: int, points: Sequence[Point], both_ways: bool) -> str:
    # whole pixels are fine enough for lines, and keep a large picture light
    start, *rest = (f"{round(x)} {round(y)}" for x, y in points)
    up = _head("lp-up", points[::-1]) if both_ways else ""
    return (
        f'<g class="lp-edge" data-edge="{index}">'
        f'<path class="lp-line" d="M{start}C{" ".join(rest)}"/>{_head("lp-down", points)}{up}</g>'
    )


def _head(name: str, points: Sequence[Point]) -> str:
    """The arrowhead at the end of a line."""
    tip = points[-1]
    before = next((p for p in reversed(points) if math.dist(p, tip) > 1), points[0])
    turn = round(math.degrees(math.atan2(tip[1] - before[1], tip[0] - before[0])))
    moved = f"translate({short(tip[0])} {short(tip[1])})rotate({turn})"
    return f'<path class="{name}" d="M0 0-8-4V4Z" transform="{moved}"/>'


def _node(index: int, content: Content, centre: Point) -> str:
    box = _box(content)
    badge = ""
    if content.waits:
        # on the upper edge, at the right: gradients come from below
        corner = _moved((max(0, box.wide / 2 - 30), -6 - box.high / 2))
        shape = draw_shape("gradient", Box(60, 18))
        badge = f'<g class="lp-wait" {corner}>{shape}{write_lines([Line("")])}</g>'
    return (
        f'<g class="lp-node lp-{content.kind}" data-node="{index}" {_moved(centre)}>'
        f"<title>{clean(content.title)}</title>{draw_shape(content.kind, box)}"
        f"{write_lines(content.lines)}{badge}</g>"
    )


def _plate(index: int, plate: Plate, centre: Point) -> str:
    texts = [*plate.lines, *[""] * (plate.rows - len(plate.lines))]
    shape = draw_shape("gradient", _plate_box(plate))
    return (
        f'<g class="lp-plate" data-edge="{index}" {_moved(centre)}>'
        f"{shape}{write_lines([Line(text) for text in texts])}</g>"
    )


def _moved(place: Point) -> str:
    return f'transform="translate({short(place[0])} {short(place[1])})"'
