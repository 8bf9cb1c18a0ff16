"""Still pictures as SVG text: a plane with axes, in the colours of figure.css on a white plate."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..descent.objective import Array

INK, MUTED, LINE, FAINT = "#1f2328", "#57606a", "#76808c", "#d5dae0"
VALUE, FLOW, LEAF = "#0a5fb0", "#b34700", "#0b7055"
_FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"


class Plane(NamedTuple):
    """A rectangle of pixels that shows a rectangle of numbers."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]  # the numbers at the left and the right edge
    y: tuple[float, float]  # the numbers at the lower and the upper edge

    def at(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Pixels of a point, or of many."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + self.width * across, self.top + self.height * (1 - up)

    def line(self, xs: Array, ys: Array, **style: Any) -> str:
        """A line through points; those far outside are drawn just outside."""
        px, py = self.at(np.asarray(xs, float), np.asarray(ys, float))
        px = px.clip(self.left - self.width, self.left + 2 * self.width)
        py = py.clip(self.top - self.height, self.top + 2 * self.height)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True))
        return tag("polyline", points=points, fill="none", stroke_linejoin="round", **style)

    def dot(self, x: float, y: float, r: float, **style: Any) -> str:
        """A round mark at a point."""
        px, py = self.at(x, y)
        return tag("circle", cx=f"{px:.1f}", cy=f"{py:.1f}", r=r, **style)

    def across(self, y: float, **style: Any) -> str:
        """A level line from edge to edge."""
        _, py = self.at(0.0, y)
        ends = {"x1": self.left, "x2": self.left + self.width}
        return tag("line", **ends, y1=f"{py:.1f}", y2=f"{py:.1f}", **style)

    def down(self, x: float, **style: Any) -> str:
        """An upright line from edge to edge."""
        px, _ = self.at(x, 0.0)
        ends = {"y1": self.top, "y2": self.top + self.height}
        return tag("line", x1=f"{px:.1f}", x2=f"{px:.1f}", **ends, **style)

    def clip(self, name: str) -> str:
        """The definition of a clip path that is this rectangle."""
        box = tag("rect", x=self.left, y=self.top, width=self.width, height=self.height)
        return tag("clipPath", box, id=name)

    def x_axis(self, name: str, marks: Iterable[float] | None = None) -> str:
        """Numbers under the lower edge, and the axis' name at its end."""
        base = self.top + self.height
        parts = [self.across(self.y[0], stroke=LINE)]
        for mark in ticks(*self.x, 10) if marks is None else marks:
            px = f"{self.at(mark, 0.0)[0]:.1f}"
            parts.append(tag("line", x1=px, x2=px, y1=base, y2=base + 4, stroke=LINE))
            parts.append(label(plain(mark), float(px), base + 18))
        parts.append(label(name, self.left + self.width, base + 34, anchor="end", fill=INK))
        return "".join(parts)

    def y_axis(self, name: str, marks: Iterable[float] | None = None) -> str:
        """Numbers left of the left edge, faint level lines, and the axis' name above."""
        parts = []
        for mark in ticks(min(self.y), max(self.y), 4) if marks is None else marks:
            parts.append(self.across(mark, stroke=FAINT))
            parts.append(label(plain(mark), self.left - 8, self.at(0.0, mark)[1] + 4, anchor="end"))
        parts.append(label(name, self.left - 34, self.top - 10, anchor="start", fill=INK))
        return "".join(parts)


def tag(name: str, *children: str, **attributes: Any) -> str:
    """An SVG element; `stroke_width` becomes `stroke-width`, and values are escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def label(text: str, x: float, y: float, anchor: str = "middle", **style: Any) -> str:
    """Text at a place, muted unless told otherwise."""
    style = {"fill": MUTED, "text_anchor": anchor, **style}
    return tag("text", html.escape(text), x=f"{x:.1f}", y=f"{y:.1f}", **style)


def paragraph(words: str, y: float, wide: int = 96) -> list[str]:
    """Text in lines of at most `wide` letters, the first at height y, from the left edge on."""
    lines = textwrap.wrap(words, wide)
    return [label(line, 16, y + 18 * i, anchor="start", fill=INK) for i, line in enumerate(lines)]


def picture(width: float, height: float, parts: Iterable[str]) -> str:
    """A whole SVG document on a white plate, so that it is legible on any page."""
    plate = tag("rect", width=width, height=height, rx=8, fill="#ffffff")
    return tag(
        "svg", plate, *parts,
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}", height=f"{height:g}", font_family=_FONT, font_size=13,
    )  # fmt: skip


def plain(value: float) -> str:
    """A number as short as it can be, with the minus sign of print.

    >>> plain(-0.25), plain(100.0)
    ('−0.25', '100')
    """
    return f"{value:.12g}".replace("-", "−")


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` + 1 round numbers from `low` to `high`, evenly spaced.

    >>> ticks(-5, 5, 5)
    [-4.0, -2.0, 0.0, 2.0, 4.0]
    """
    if high <= low:
        return [low]
    raw = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]
