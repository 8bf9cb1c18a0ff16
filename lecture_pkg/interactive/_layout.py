"""Where the nodes and lines of a picture go, from Graphviz, for shapes of a given size.

Graphviz is told every size and no text, so the layout does not depend on a machine's fonts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import pygraphviz

Point = tuple[float, float]
Line = tuple[list[Point], list[Point], list[Point]]
"""The Bézier points of a line, and the corners of the arrowhead at its end and at its start."""

_MARGIN = 10
_HEAD, _HALF_ANGLE = 9, 0.42
"""Length of an arrowhead in pixels, half of the angle at its tip in radians."""


class Shape(NamedTuple):
    """A box with rounded corners, in pixels."""

    wide: float
    high: float
    corner: float

    def distance(self, x: float, y: float) -> float:
        """How far a point lies outside (or, below zero, inside) of the box around the origin."""
        beside = abs(x) - self.wide / 2 + self.corner
        above = abs(y) - self.high / 2 + self.corner
        outside = math.hypot(max(beside, 0), max(above, 0))
        return outside + min(max(beside, above), 0) - self.corner


def lay_out(
    ways: Sequence[Sequence[str]], shapes: Mapping[str, Shape]
) -> tuple[int, int, dict[str, Point], list[Line]]:
    """Lay a graph out from top to bottom.

    Args:
        ways: For each line the names of the shapes that it joins, from first to last. What stands
            between the two ends is strung on the line, and nothing else comes near it.
        shapes: The shapes by name.

    Returns:
        Width and height in pixels, the centre of each shape, and each line.
    """
    found = _graphviz(ways, shapes)
    width, height = (72 * float(size) for size in found[0][2:4])

    def point(x: str, y: str) -> Point:
        return 72 * float(x) + _MARGIN, height - 72 * float(y) + _MARGIN

    centres, pieces = {}, dict[tuple[str, str], list[list[Point]]]()
    for kind, *rest in found:
        if kind == "node":
            centres[rest[0]] = point(*rest[1:3])
        elif kind == "edge":
            numbers = rest[3 : 3 + 2 * int(rest[2])]
            points = [point(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            pieces.setdefault((rest[0], rest[1]), []).append(points)
    lines = []
    for way in ways:
        points = _joined([pieces[pair].pop(0) for pair in pairwise(way)])
        ends = [(shapes[name], centres[name]) for name in (way[-1], way[0])]
        trail = _along(points)
        lines.append((points, _head(trail[::-1], *ends[0]), _head(trail, *ends[1])))
    return round(width) + 2 * _MARGIN, round(height) + 2 * _MARGIN, centres, lines


def _graphviz(ways: Sequence[Sequence[str]], shapes: Mapping[str, Shape]) -> list[list[str]]:
    """Graphviz's plain answer, line by line, each split into words; lengths are in inches."""
    nodes = [
        f"{name} [width={shape.wide / 72:.4f} height={shape.high / 72:.4f}"
        # a line that aims at an ellipse goes on to the box with round ends about it
        f" shape={'ellipse' if 2 * shape.corner >= shape.high else 'box'}]"
        for name, shape in shapes.items()
    ]
    strung = {name for way in ways for name in way[1:-1]}
    lines = [
        # straight up and down through what is strung on a line
        f"{a}{':s' if a in strung else ''} -> {b}{':n' if b in strung else ''}"
        for way in ways
        for a, b in pairwise(way)
    ]
    dot = (
        "digraph { nodesep=0.22; ranksep=0.16; edge [dir=none]; "
        f'node [fixedsize=true label=""]; {"; ".join([*nodes, *lines])} }}'
    )
    plain = pygraphviz.AGraph(string=dot).draw(format="plain", prog="dot").decode()
    # Graphviz breaks long lines with a backslash
    return [line.split() for line in plain.replace("\\\n", "").splitlines()]


def _joined(pieces: list[list[Point]]) -> list[Point]:
    """One run of Bézier points; straight lines bridge the shapes between the pieces."""
    points = pieces[0]
    for piece in pieces[1:]:
        points = [*points, points[-1], piece[0], *piece]
    return points


def _along(points: Sequence[Point], steps: int = 12) -> list[Point]:
    """Points on a run of cubic Bézier curves."""
    trail = [points[0]]
    for first in range(0, len(points) - 1, 3):
        curve = points[first : first + 4]
        for step in range(1, steps + 1):
            t = step / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            x, y = (sum(w * p[i] for w, p in zip(weights, curve, strict=True)) for i in (0, 1))
            trail.append((x, y))
    return trail


def _head(trail: Sequence[Point], shape: Shape, centre: Point) -> list[Point]:
    """The arrowhead where a line that starts in a shape, or at its border, comes out of it."""
    away = [shape.distance(x - centre[0], y - centre[1]) for x, y in trail]
    out = next((i for i, distance in enumerate(away) if distance > 0), 1)
    inner, outer = trail[max(out - 1, 0)], trail[out]
    share = 0.0 if out == 0 else -away[out - 1] / (away[out] - away[out - 1])
    tip = tuple(a + share * (b - a) for a, b in zip(inner, outer, strict=True))
    far = next((p for p in trail[out:] if math.dist(p, tip) >= _HEAD), trail[-1])
    angle = math.atan2(tip[1] - far[1], tip[0] - far[0])
    sides = [
        (tip[0] - _HEAD * math.cos(angle + turn), tip[1] - _HEAD * math.sin(angle + turn))
        for turn in (-_HALF_ANGLE, _HALF_ANGLE)
    ]
    return [(tip[0], tip[1]), *sides]
