"""Still pictures as SVG text: a plane with axes, and a path of descent in it and in time.

What plane.js draws alive, in the colours of figure.css on a white plate.
"""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..descent.objective import Array
from ..values import plain
from .survey import Survey, limit_name

INK, MUTED, LINE, FAINT = "#1f2328", "#57606a", "#76808c", "#d5dae0"
VALUE, FLOW, LEAF, PAPER = "#0a5fb0", "#b34700", "#0b7055", "#ffffff"
WIDTH = 720
LEFT, RIGHT = 48, 16
PATH_HEIGHT = 440
_FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
_BORDER = {"stroke": LINE, "stroke_dasharray": "2 4"}  # of a valley: a ridge
_MOST_NAMES = 12  # more names than this would only hide the curve


class Plane(NamedTuple):
    """A rectangle of pixels that shows a rectangle of numbers."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]  # the numbers at the left and the right edge
    y: tuple[float, float]  # the numbers at the lower and the upper edge

    def at(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Pixels of a point, or of many; those far outside are moved to just outside."""
        across = (np.asarray(x, float) - self.x[0]) / (self.x[1] - self.x[0])
        up = (np.asarray(y, float) - self.y[0]) / (self.y[1] - self.y[0])
        return (
            self.left + self.width * across.clip(-1, 2),
            self.top + self.height * (1 - up.clip(-1, 2)),
        )

    def line(self, xs: Array, ys: Array, **style: Any) -> str:
        """A line through points."""
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(*self.at(xs, ys), strict=True))
        return tag("polyline", points=points, fill="none", stroke_linejoin="round", **style)

    def dots(self, xs: Array, ys: Array, **style: Any) -> str:
        """Round marks at points, as wide as the stroke."""
        places = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(*self.at(xs, ys), strict=True))
        return tag("path", d=places, stroke_linecap="round", **style)

    def mark(self, x: float, y: float, r: float, **style: Any) -> str:
        """A round mark at one point."""
        px, py = self.at(x, y)
        return tag("circle", cx=f"{px:.1f}", cy=f"{py:.1f}", r=r, **style)

    def across(self, y: float, **style: Any) -> str:
        """A level line from edge to edge."""
        return tag("path", d=f"M{self.left} {self.at(0, y)[1]:.1f}h{self.width}", **style)

    def down(self, x: float, **style: Any) -> str:
        """An upright line from edge to edge."""
        return tag("path", d=f"M{self.at(x, 0)[0]:.1f} {self.top}v{self.height}", **style)

    def clipped(self, name: str, *parts: str) -> str:
        """`parts` without what lies outside; `name` is this rectangle's own in the picture."""
        box = tag("rect", x=self.left, y=self.top, width=self.width, height=self.height)
        return tag("clipPath", box, id=name) + tag("g", *parts, clip_path=f"url(#{name})")

    def x_axis(self, name: str, marks: Iterable[float]) -> str:
        """Numbers under the lower edge, and the axis' name at its end."""
        base = self.top + self.height
        parts = [self.across(self.y[0], stroke=LINE)]
        for x, mark in ((self.at(mark, 0)[0], mark) for mark in marks):
            parts.append(tag("path", d=f"M{x:.1f} {base}v4", stroke=LINE))
            parts.append(label(plain(mark), x, base + 18))
        parts.append(label(name, self.left + self.width, base + 34, anchor="end", fill=INK))
        return "".join(parts)

    def y_axis(self, name: str, marks: Iterable[float], rules: bool = True) -> str:
        """Numbers left of the left edge, faint level lines, and the axis' name above."""
        parts = []
        for mark in marks:
            parts.append(self.across(mark, stroke=FAINT) if rules else "")
            parts.append(label(plain(mark), self.left - 8, self.at(0, mark)[1] + 4, anchor="end"))
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


def picture(height: float, parts: Iterable[str]) -> str:
    """A whole SVG document on a white plate, so that it is legible on any page."""
    plate = tag("rect", width=WIDTH, height=height, rx=8, fill=PAPER)
    return tag(
        "svg", plate, *parts,
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height:g}",
        width=WIDTH, height=f"{height:g}", font_family=_FONT, font_size=13,
    )  # fmt: skip


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


def path_panels(found: Survey, top: float) -> list[str]:
    """The chosen path over the objective and in time, `PATH_HEIGHT` high, from `top` on."""
    low, high = found.frame
    room = (high - low or 1.0) * 0.16
    sides = (LEFT, top + 24, WIDTH - LEFT - RIGHT, 216)
    above = Plane(*sides, (found.low, found.high), (low - room, high + room))
    below = above._replace(top=above.top + 216 + 24, height=110, y=(float(found.iterations), 0.0))
    last = int(found.last[found.chosen])
    thetas, values = (each[found.chosen][: last + 1] for each in (found.thetas, found.values))
    end = min(max(thetas[-1], found.low), found.high)
    return [
        *(p.down(m.theta, stroke=FAINT) for m in found.minima for p in (above, below)),
        *(p.down(ridge, **_BORDER) for ridge in _few(found.ridges) for p in (above, below)),
        above.y_axis("value", ticks(low, high, 4)),
        below.y_axis("iteration", ticks(0, found.iterations, 2)),
        below.x_axis("θ", ticks(found.low, found.high, 10)),
        above.clipped(
            "above",
            above.line(found.across, found.curve, stroke=LINE, stroke_width=2),
            above.line(thetas, values, stroke=VALUE, opacity=0.35),
            above.dots(thetas, values, stroke=VALUE, stroke_width=5, opacity=0.6),
            above.mark(thetas[0], values[0], 5, fill=PAPER, stroke=VALUE, stroke_width=2),
            above.mark(thetas[-1], values[-1], 6.5, fill=FLOW, stroke=PAPER, stroke_width=1.5),
        ),
        below.clipped(
            "below", below.line(thetas, np.arange(last + 1), stroke=VALUE, stroke_width=1.25)
        ),
        below.mark(end, last, 4.5, fill=FLOW),
        *_minima(above, found),
        *_legend(top + PATH_HEIGHT - 12),
    ]


def _minima(plane: Plane, found: Survey) -> list[str]:
    """Marks on the curve, filled where the step can rest, and the limit under each."""
    parts = []
    for minimum in found.minima:
        fill = LEAF if minimum.step_limit > found.step_sizes[found.chosen[0]] else PAPER
        style = {"fill": fill, "stroke": LEAF, "stroke_width": 2}
        parts.append(plane.mark(minimum.theta, minimum.value, 4.5, **style))
    for minimum in _few(found.minima):
        x, y = plane.at(minimum.theta, minimum.value)
        parts.append(label(limit_name(minimum), x, y + 20, fill=LEAF))
    return parts


def _few(places: Any) -> Any:
    """The same, if they are few enough not to hide the curve; otherwise none."""
    return places if len(places) <= _MOST_NAMES else places[:0]


def _legend(y: float) -> list[str]:
    marks = [
        (16, {"fill": PAPER, "stroke": VALUE}, "start"),
        (76, {"fill": FLOW, "stroke": FLOW}, "end"),
        (126, {"fill": LEAF, "stroke": LEAF}, "can hold this step"),
        (264, {"fill": PAPER, "stroke": LEAF}, "cannot"),
    ]
    parts = [tag("path", d=f"M622 {y + 2}v-14", **_BORDER)]
    for x, style, words in marks:
        parts.append(tag("circle", cx=x, cy=y - 4, r=4.5, stroke_width=2, **style))
        parts.append(label(words, x + 10, y, anchor="start"))
    parts.append(label("number: 2/f″, the largest step it can hold", 336, y, anchor="start"))
    parts.append(label("ridge", 630, y, anchor="start"))
    return parts
