"""Where the boxes and lines of a graph's picture go: Graphviz decides.

Graphviz sees sizes only, no text: so the places are the same on every machine, whatever its fonts.
The program is that of the package graphviz-pure: one file that needs nothing of the system.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]

PROGRAM = "LECTURE_DOT"
"""The environment variable that names another Graphviz, such as `/usr/bin/dot`."""

MOST_SECONDS = 10.0
"""How long one picture may take: where lines cross a lot, Graphviz can search for hours."""

_INCH = 72.0  # Graphviz reckons in inches; a picture's unit is a 72nd of one


class Box(NamedTuple):
    """Something that needs room: its width and height, and whether lines end at an ellipse."""

    wide: float
    high: float
    ellipse: bool = False


class Layout(NamedTuple):
    """Places in a picture, from its top left corner.

    Attributes:
        width: The picture's width,
        height: and its height.
        centres: The centre of each box.
        paths: For each way, the points of cubic Bézier curves, one after the other.
    """

    width: float
    height: float
    centres: dict[str, Point]
    paths: list[list[Point]]


def lay_out(
    boxes: Mapping[str, Box],
    ways: Sequence[Sequence[str]],
    direction: str = "TB",
    gap: float = 21.6,
    upright: bool = False,
) -> Layout:
    """Find places for boxes and for the ways between them.

    Args:
        boxes: What needs room, by a name of letters and digits.
        ways: Each from one box to another, over the boxes in between if there are any.
        direction: "TB" from top to bottom, "LR" from left to right.
        gap: The least room between one row of boxes and the next.
        upright: Whether ways lead straight down through the boxes in between ("TB" only).

    Raises:
        ValueError: Graphviz found no places within `MOST_SECONDS`.
        RuntimeError: There is no Graphviz, or it failed.

    Example:
        >>> found = lay_out({"a": Box(40, 20), "b": Box(40, 20)}, [("a", "b")])
        >>> found.centres["a"][1] < found.centres["b"][1]
        True
    """
    lines = _lines(graphviz(_request(boxes, ways, direction, gap, upright), "plain"))
    width, height = (_INCH * float(size) for size in lines[0][2:4])

    def point(x: str, y: str) -> Point:
        return _INCH * float(x), height - _INCH * float(y)

    centres: dict[str, Point] = {}
    pieces: dict[tuple[str, str], list[list[Point]]] = {}
    for kind, *rest in lines:
        if kind == "node":
            centres[rest[0]] = point(*rest[1:3])
        elif kind == "edge":
            numbers = rest[3 : 3 + 2 * int(rest[2])]
            points = [point(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            pieces.setdefault((rest[0], rest[1]), []).append(points)
    paths = [_joined([pieces[pair].pop(0) for pair in pairwise(way)]) for way in ways]
    return Layout(width, height, centres, paths)


def _request(
    boxes: Mapping[str, Box],
    ways: Sequence[Sequence[str]],
    direction: str,
    gap: float,
    upright: bool,
) -> str:
    between = {name for way in ways for name in way[1:-1]} if upright else set()
    parts = [
        f"rankdir={direction}; nodesep=0.22; ranksep={gap / _INCH:.4f}; edge [dir=none]",
        'node [shape=box fixedsize=true label=""]',
    ]
    for name, (wide, high, ellipse) in boxes.items():
        shape = " shape=ellipse" if ellipse else ""
        parts.append(f'{name} [width="{wide / _INCH:.4f}" height="{high / _INCH:.4f}"{shape}]')
    for a, b in (pair for way in ways for pair in pairwise(way)):
        parts.append(f"{a}{':s' if a in between else ''} -> {b}{':n' if b in between else ''}")
    return f"digraph {{ {'; '.join(parts)} }}"


def _lines(plain: str) -> list[list[str]]:
    """Graphviz's plain answer, line by line, each split into words."""
    # Graphviz breaks long lines with a backslash
    return [line.split() for line in plain.replace("\\\n", "").splitlines()]


def graphviz(dot: str, form: str) -> str:
    """What Graphviz makes of a graph in its language.

    Args:
        dot: The graph.
        form: The form of the answer: "plain" for places, "svg" for a picture.

    Raises:
        ValueError: It took longer than `MOST_SECONDS`.
        RuntimeError: There is no Graphviz, or it refused `dot`.

    Example:
        >>> graphviz("digraph { a -> b }", "plain").split()[0]
        'graph'
    """
    try:
        done = subprocess.run(
            [_program(), f"-T{form}"], input=dot.encode(), capture_output=True, timeout=MOST_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise ValueError(
            f"Graphviz found no places for this graph within {MOST_SECONDS:g} seconds: too many of "
            "its lines cross. Draw a part of the computation, or print trace(output).describe()."
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
        raise RuntimeError(f"Graphviz could not draw this graph: {said.splitlines()[0]}")
    return done.stdout.decode()


def _program() -> str:
    """The path of the Graphviz to use: the one that `LECTURE_DOT` names, else graphviz-pure's."""
    if named := os.environ.get(PROGRAM):
        if found := shutil.which(named):
            return found
        raise RuntimeError(f"{PROGRAM} names {named!r}, but there is no such program.")
    if found := _installed():
        return found
    raise RuntimeError(
        "A picture of a graph needs the package graphviz-pure. Install it: pip install "
        f"graphviz-pure. Or name a Graphviz that you have: {PROGRAM}=/usr/bin/dot."
    )


@cache
def _installed() -> str | None:
    """The program of the package graphviz-pure, wherever pip put it."""
    try:
        files = distribution("graphviz-pure").files or ()
    except PackageNotFoundError:
        return None
    programs = (file for file in files if file.stem == "graphviz-pure")
    return next((str(file.locate()) for file in programs), None)


def _joined(pieces: Sequence[list[Point]]) -> list[Point]:
    """One run of points; straight lines lead through the boxes between the pieces."""
    points = list(pieces[0])
    for piece in pieces[1:]:
        points += [points[-1], piece[0], *piece]
    return points
