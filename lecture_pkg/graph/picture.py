"""Draws a laid-out graph as SVG that is legible on white and on near-black pages alike.

An image does not know the page's theme. So all text stands on light plates, and lines have a grey
with a contrast of more than 3 : 1 to both. Every node and edge carries its number (`data-node`,
`data-edge`), by which a script finds it again, and classes, by which a page's style colours it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from html import escape
from typing import NamedTuple

from .data import Graph, Node
from .layout import Box, Point, lay_out

_SIZE = 13
_LINE = 17.0

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Look(NamedTuple):
    """How a kind of node looks: its colours, its shape, and DOT attributes that say the same."""

    fill: str
    stroke: str
    shape: str
    dot: str


LOOKS = {
    "leaf": Look("#d8f3e3", "#0b7055", "ellipse", "shape=ellipse"),
    "constant": Look("#eef0f3", "#5d6773", "dashed", 'shape=box style="filled,dashed"'),
    "operation": Look("#dcebfb", "#0a5fb0", "stadium", 'shape=box style="filled,rounded"'),
    "intermediate": Look("#eee4fa", "#6f42c1", "hexagon", "shape=hexagon"),
    "output": Look("#ffe9c7", "#945300", "double", "shape=box peripheries=2"),
    "saved": Look("#fff9d6", "#7a6a00", "note", "shape=note"),
}
GRADIENT = Look("#fff1e6", "#a63c00", "plate", "")

_STYLE = (
    f".lp-sub,.lp-plate text{{fill:{GRADIENT.stroke}}}"
    ".lp-line{fill:none;stroke:#7d8590;stroke-width:1.5}.lp-down{fill:#7d8590}"
    ".lp-up,.lp-wait{display:none}"
)


class Line(NamedTuple):
    """A line of text and its classes: "lp-name", "lp-value", "lp-small", "lp-sub", or none."""

    text: str
    style: str = ""


class Content(NamedTuple):
    """What stands in a node.

    Attributes:
        kind: The kind of the node.
        lines: Its lines of text.
        wide: The room that they need.
        title: What a pointer that rests on the node is told.
        waits: Whether the node ever waits for gradients, and needs a badge to say so.
    """

    kind: str
    lines: Sequence[Line]
    wide: float
    title: str
    waits: bool = False


class Plate(NamedTuple):
    """What stands on an edge: the gradient's lines, and the room and the lines that it needs."""

    lines: Sequence[str]
    wide: float
    rows: int = 1


class Frame(NamedTuple):
    """What a whole picture looks like.

    Attributes:
        style: The text's style, as CSS.
        margin: The room about the graph.
        direction: "TB" from top to bottom, "LR" from left to right.
        gap: The least room between one row of boxes and the next.
        upright: Whether lines lead straight down through the gradients on them ("TB" only).
        legend: Whether the kinds of nodes that occur are explained.
    """

    style: str
    margin: int
    direction: str = "TB"
    gap: float = 21.6
    upright: bool = False
    legend: bool = False


def draw_svg(
    graph: Graph, contents: Sequence[Content], plates: Mapping[int, Plate], frame: Frame
) -> str:
    """The picture of `graph`, with `contents` by node id and `plates` by index of the edge."""
    boxes = {f"n{i}": _box(content) for i, content in enumerate(contents)}
    boxes |= {f"e{i}": _plate_box(plate) for i, plate in plates.items()}
    ways = [
        [f"n{edge.source}", *([f"e{i}"] if i in plates else []), f"n{edge.target}"]
        for i, edge in enumerate(graph.edges)
    ]
    found = lay_out(boxes, ways, frame.direction, frame.gap, frame.upright)
    at = found.centres
    parts = [_edge(i, path, i in plates) for i, path in enumerate(found.paths)]
    parts += [_node(i, content, at[f"n{i}"]) for i, content in enumerate(contents)]
    parts += [_plate(i, plate, at[f"e{i}"]) for i, plate in plates.items()]
    body, width, height = "".join(parts), found.width, found.height
    if frame.legend:
        used = {content.kind for content in contents}
        kinds = (*(kind for kind in LOOKS if kind in used), *(["gradient"] if plates else []))
        key, key_width, key_height = _legend(kinds, max(width, 340))
        width, height = max(width, key_width), height + 14 + key_height
        body = _at(((width - found.width) / 2, 0), body)
        body += _at(((width - key_width) / 2, found.height + 14), key)
    wide, high = (round(size) + 2 * frame.margin for size in (width, height))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="{-frame.margin} {-frame.margin} {wide} {high}" class="lp-graph">'
        f"<style>{frame.style}{_STYLE}</style>{body}</svg>"
    )


def text_width(text: str, size: float = _SIZE) -> float:
    """More room than `text` takes in any usual font without serifs, bold ones included."""
    return size * sum(_character_width(character) for character in text)


@cache
def _character_width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in "il.,:;|'![]()jI ":
        return 0.4
    return 0.98 if character in "mwMW%@—…" else 0.76 if character.isupper() else 0.68


def cut(text: str, most: int = 24) -> str:
    """`text` without line breaks, and with an ellipsis if it is long."""
    text = " ".join(text.split()) or text.strip()
    return text if len(text) <= most else f"{text[: most - 1]}…"


def printable(text: str) -> str:
    """`text` without what no document may hold: a name can be anything, control characters too."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _clean(text: str) -> str:
    """Text as it may stand in XML."""
    return escape(printable(text))


def title(node: Node) -> str:
    """What a pointer that rests on a node is told."""
    value = node.snapshot
    tensor = f"{value.dtype}, shape {value.shape}" if value is not None else "value not recorded"
    return f"{node.name or node.label} ({node.grad_fn or node.kind}): {tensor}"


def _box(content: Content) -> Box:
    """The room that the shape of a kind of node needs about its text."""
    wide, high = content.wide, _LINE * len(content.lines)
    look = LOOKS[content.kind].shape
    if look == "ellipse":  # the corners of the text must fit in
        return Box(max(wide * 1.2 + 22, 48), high * 1.25 + 12, ellipse=True)
    beside, above = {"hexagon": (32, 10), "double": (26, 16)}.get(look, (22, 10))
    return Box(max(wide + beside, 40), high + above)


def _plate_box(plate: Plate) -> Box:
    return Box(14 + plate.wide, 6 + _LINE * plate.rows)


def _edge(index: int, points: Sequence[Point], both_ways: bool) -> str:
    # whole pixels are fine enough for lines, and keep a large picture light
    start, *rest = (f"{round(x)} {round(y)}" for x, y in points)
    up = _arrowhead("lp-up", points[::-1]) if both_ways else ""
    return (
        f'<g class="lp-edge" data-edge="{index}"><path class="lp-line" '
        f'd="M{start}C{" ".join(rest)}"/>{_arrowhead("lp-down", points)}{up}</g>'
    )


def _arrowhead(name: str, points: Sequence[Point]) -> str:
    """The arrowhead at the end of a line."""
    tip = points[-1]
    before = next((p for p in reversed(points) if math.dist(p, tip) > 1), points[0])
    turn = round(math.degrees(math.atan2(tip[1] - before[1], tip[0] - before[0])))
    place = f"translate({_short(tip[0])} {_short(tip[1])})rotate({turn})"
    return f'<path class="{name}" d="M0 0-8-4V4Z" transform="{place}"/>'


def _node(index: int, content: Content, centre: Point) -> str:
    box = _box(content)
    body = f"<title>{_clean(content.title)}</title>{_shape(content.kind, box)}"
    body += _text(content.lines)
    if content.waits:
        # on the upper edge, at the right: gradients come from below
        corner = max(0, box.wide / 2 - 30), -6 - box.high / 2
        badge = _shape("gradient", Box(60, 18)) + _text([Line("")])
        body += _at(corner, badge, ' class="lp-wait"')
    return _at(centre, body, f' class="lp-node lp-{content.kind}" data-node="{index}"')


def _plate(index: int, plate: Plate, centre: Point) -> str:
    lines = [Line(text) for text in [*plate.lines, *[""] * (plate.rows - len(plate.lines))]]
    body = _shape("gradient", _plate_box(plate)) + _text(lines)
    return _at(centre, body, f' class="lp-plate" data-edge="{index}"')


def _shape(kind: str, box: Box) -> str:
    """The outline of a kind of node, or of a "gradient", about the origin."""
    look = GRADIENT if kind == "gradient" else LOOKS[kind]
    x, y = box.wide / 2, box.high / 2
    paint = f'fill="{look.fill}" stroke="{look.stroke}" stroke-width="1.5"'
    if look.shape == "ellipse":
        return f'<ellipse rx="{_short(x)}" ry="{_short(y)}" {paint}/>'
    if look.shape == "hexagon":
        side = x - min(10, x / 3)
        corners = [(-x, 0), (-side, -y), (side, -y), (x, 0), (side, y), (-side, y)]
        return _polygon(corners, paint)
    if look.shape == "note":
        fold = min(8, y)
        corners = [(-x, -y), (x - fold, -y), (x, fold - y), (x, y), (-x, y)]
        corner = [(x - fold, -y), (x - fold, fold - y), (x, fold - y)]
        return _polygon(corners, paint) + _polygon(corner, paint)
    if look.shape == "double":
        inner = f'fill="none" stroke="{look.stroke}"'
        return _rect(x, y, 2, paint) + _rect(x - 3.5, y - 3.5, 1, inner)
    dashes = ' stroke-dasharray="4 3"' if look.shape == "dashed" else ""
    rounding = {"stadium": min(y, 13), "plate": 5.0}.get(look.shape, 2.0)
    return _rect(x, y, rounding, paint + dashes)


def _polygon(corners: Sequence[Point], paint: str) -> str:
    points = " ".join(f"{_short(x)},{_short(y)}" for x, y in corners)
    return f'<polygon points="{points}" {paint}/>'


def _rect(x: float, y: float, corner: float, paint: str) -> str:
    size = f'width="{_short(2 * x)}" height="{_short(2 * y)}" rx="{_short(corner)}"'
    return f'<rect x="{_short(-x)}" y="{_short(-y)}" {size} {paint}/>'


def _text(lines: Sequence[Line]) -> str:
    """Lines of text about the origin."""
    top = 4.5 - _LINE * (len(lines) - 1) / 2
    parts = []
    for i, (text, style) in enumerate(lines):
        name = f' class="{style}"' if style else ""
        parts.append(f'<text{name} y="{_short(top + _LINE * i)}">{_clean(text)}</text>')
    return "".join(parts)


@lru_cache  # most pictures of a page have the same
def _legend(kinds: tuple[str, ...], room: float) -> tuple[str, float, float]:
    """A panel with a small sample of each kind, as wide as the picture or a phone allows."""
    rows: list[list[tuple[str, float]]] = [[]]
    used = 0.0
    for kind in kinds:
        wide = 36 + text_width(kind, 10)
        if used + wide > room and rows[-1]:
            rows.append([])
            used = 0.0
        rows[-1].append((kind, wide))
        used += wide
    width = max(sum(wide for _, wide in row) for row in rows) + 12
    height = 22.0 * len(rows) + 8
    panel = _rect(width / 2, height / 2, 4, 'fill="#fff" stroke="#7d8590"')
    parts = [_at((width / 2, height / 2), panel)]
    for i, row in enumerate(rows):
        x = 8.0
        for kind, wide in row:
            sample = _at((x + 13, 15 + 22 * i), _shape(kind, Box(24, 14)))
            place = f'x="{_short(x + 30)}" y="{19 + 22 * i}"'
            parts.append(f'{sample}<text class="lp-small lp-key" {place}>{kind}</text>')
            x += wide
    return "".join(parts), width, height


def _at(place: Point, body: str, attributes: str = "") -> str:
    moved = f"translate({_short(place[0])} {_short(place[1])})"
    return f'<g{attributes} transform="{moved}">{body}</g>'


def _short(number: float) -> str:
    """A length to a tenth, in as few characters as that takes."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
