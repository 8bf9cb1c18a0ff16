"""Draws a laid-out graph as SVG that is legible on white and on near-black pages alike.

An image does not know the page's theme. So all text stands on light plates, and lines have a grey
with a contrast of more than 3 : 1 to both.
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
_MARGIN = 6.0


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
    f"text{{font:{_SIZE}px system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
    "text-anchor:middle;fill:#1f2328}.name{font-weight:600}"
    f".small{{font-size:11px}}.key{{text-anchor:start}}.gradient{{fill:{GRADIENT.stroke}}}"
    ".line{fill:none;stroke:#7d8590;stroke-width:1.5}.head{fill:#7d8590}"
)


class Line(NamedTuple):
    """A line of text and its class: "", "name", "small" or "gradient"."""

    text: str
    style: str = ""


def draw_svg(
    graph: Graph,
    texts: Sequence[Sequence[Line]],
    plates: Mapping[int, str],
    direction: str,
) -> str:
    """The picture.

    Args:
        graph: What is drawn.
        texts: The lines in each node.
        plates: By index of the edge, what stands on it.
        direction: "TB" or "LR".
    """
    boxes = {f"n{node.id}": _box(node.kind, texts[node.id]) for node in graph.nodes}
    boxes |= {f"e{i}": Box(text_width(text) + 12, _LINE + 4) for i, text in plates.items()}
    ways = [
        [f"n{edge.source}", *([f"e{i}"] if i in plates else []), f"n{edge.target}"]
        for i, edge in enumerate(graph.edges)
    ]
    found = lay_out(boxes, ways, direction)
    used = {node.kind for node in graph.nodes}
    kinds = (*(kind for kind in LOOKS if kind in used), *(["gradient"] if plates else []))
    key, key_width, key_height = _legend(kinds, max(found.width, 340))
    width = max(found.width, key_width)
    parts = [_edge(path) for path in found.paths]
    for node in graph.nodes:
        box, centre = boxes[f"n{node.id}"], found.centres[f"n{node.id}"]
        shape = draw_shape(node.kind, box)
        body = f"<title>{clean(title(node))}</title>{shape}{write_lines(texts[node.id])}"
        parts.append(_at(centre, body))
    for i, text in plates.items():
        body = draw_shape("gradient", boxes[f"e{i}"]) + write_lines([Line(text, "gradient")])
        parts.append(_at(found.centres[f"e{i}"], body))
    height = found.height + 14 + key_height
    picture = _at(((width - found.width) / 2, 0), "".join(parts))
    legend = _at(((width - key_width) / 2, found.height + 14), key)
    wide, high = math.ceil(width + 2 * _MARGIN), math.ceil(height + 2 * _MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-_MARGIN:g} {-_MARGIN:g} {wide} {high}"'
        f' width="{wide}" height="{high}"><style>{_STYLE}</style>{picture}{legend}</svg>'
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


def clean(text: str) -> str:
    """Text as it may stand in XML."""
    return escape(printable(text))


def title(node: Node) -> str:
    """What a pointer that rests on a node is told."""
    value = node.snapshot
    tensor = f"{value.dtype}, shape {value.shape}" if value is not None else "value not recorded"
    return f"{node.name or node.label} ({node.grad_fn or node.kind}): {tensor}"


def _box(kind: str, lines: Sequence[Line]) -> Box:
    wide = max(text_width(line.text, 11 if line.style == "small" else _SIZE) for line in lines)
    return box_around(kind, wide, _LINE * len(lines))


def box_around(kind: str, wide: float, high: float) -> Box:
    """The room that the shape of a kind of node needs about a text of this size."""
    look = LOOKS[kind].shape
    if look == "ellipse":  # the corners of the text must fit in
        return Box(max(wide * 1.2 + 22, 48), high * 1.25 + 12, ellipse=True)
    beside, above = {"hexagon": (32, 10), "double": (26, 16)}.get(look, (22, 10))
    return Box(max(wide + beside, 40), high + above)


def draw_shape(kind: str, box: Box) -> str:
    """The outline of a kind of node, or of a "gradient", about the origin."""
    look = GRADIENT if kind == "gradient" else LOOKS[kind]
    x, y = box.wide / 2, box.high / 2
    paint = f'fill="{look.fill}" stroke="{look.stroke}" stroke-width="1.5"'
    if look.shape == "ellipse":
        return f'<ellipse rx="{short(x)}" ry="{short(y)}" {paint}/>'
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
    points = " ".join(f"{short(x)},{short(y)}" for x, y in corners)
    return f'<polygon points="{points}" {paint}/>'


def _rect(x: float, y: float, corner: float, paint: str) -> str:
    size = f'width="{short(2 * x)}" height="{short(2 * y)}" rx="{short(corner)}"'
    return f'<rect x="{short(-x)}" y="{short(-y)}" {size} {paint}/>'


def write_lines(lines: Sequence[Line]) -> str:
    """Lines of text about the origin."""
    top = 4.5 - _LINE * (len(lines) - 1) / 2
    parts = []
    for i, (text, style) in enumerate(lines):
        name = f' class="{style}"' if style else ""
        parts.append(f'<text{name} y="{short(top + _LINE * i)}">{clean(text)}</text>')
    return "".join(parts)


def _edge(points: Sequence[Point]) -> str:
    start, *rest = (f"{short(x)} {short(y)}" for x, y in points)
    return (
        f'<path class="line" d="M{start}C{" ".join(rest)}"/>'
        f'<path class="head" d="{arrow_head(points)}"/>'
    )


def arrow_head(points: Sequence[Point]) -> str:
    """The path of an arrowhead at the end of a line."""
    tip = points[-1]
    before = next((p for p in reversed(points) if math.dist(p, tip) > 1), points[0])
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    wings = [
        f"{short(tip[0] - 9 * math.cos(angle + turn))} {short(tip[1] - 9 * math.sin(angle + turn))}"
        for turn in (-0.42, 0.42)
    ]
    return f"M{short(tip[0])} {short(tip[1])}L{wings[0]} {wings[1]}Z"


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
            sample = _at((x + 13, 15 + 22 * i), draw_shape(kind, Box(24, 14)))
            word = f'<text class="small key" x="{short(x + 30)}" y="{19 + 22 * i}">{kind}</text>'
            parts.append(sample + word)
            x += wide
    return "".join(parts), width, height


def _at(place: Point, body: str) -> str:
    return f'<g transform="translate({short(place[0])} {short(place[1])})">{body}</g>'


def short(number: float) -> str:
    """A length to a tenth, in as few characters as that takes."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
