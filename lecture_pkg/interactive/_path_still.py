"""The objective with one path of descent on it, and the path in time, as a still picture."""

from __future__ import annotations

import numpy as np

from ._landscape import Landscape, limit_name
from ._paths import Paths
from ._plane import FAINT, FLOW, LEAF, LINE, VALUE, Plane, label, tag, ticks

WIDTH = 720
LEFT, RIGHT = 48, 16
PATH_HEIGHT = 440
_MOST_NAMES = 12  # more names than this would only hide the curve


def draw_path(land: Landscape, paths: Paths, chosen: tuple[int, int], top: float) -> list[str]:
    """The two panels and what they mean, `PATH_HEIGHT` high, from `top` on."""
    low, high = float(land.values.min()), float(land.values.max())
    room = (high - low or 1.0) * 0.16
    above = Plane(
        LEFT, top + 24, WIDTH - LEFT - RIGHT, 216, (land.low, land.high), (low - room, high + room)
    )
    below = above._replace(top=above.top + 216 + 24, height=110, y=(float(paths.iterations), 0.0))
    guides = [p.down(m.theta, stroke=FAINT) for m in land.minima for p in (above, below)]
    return [
        tag("defs", above.clip("above"), below.clip("below")),
        *guides,
        above.y_axis("value", ticks(low, high, 4)),
        below.y_axis("iteration", ticks(0, paths.iterations, 2)),
        below.x_axis("θ"),
        tag(
            "g",
            above.line(land.thetas, land.values, stroke=LINE, stroke_width=2),
            clip_path="url(#above)",
        ),
        *_the_path(above, below, paths, chosen),
        *_minima(above, land, paths.step_sizes[chosen[0]]),
        *_legend(top + PATH_HEIGHT - 12),
    ]


def _the_path(above: Plane, below: Plane, paths: Paths, chosen: tuple[int, int]) -> list[str]:
    last = int(paths.last[chosen])
    thetas, values = paths.thetas[chosen][: last + 1], paths.values[chosen][: last + 1]
    dots = [above.dot(x, y, 2.5) for x, y in zip(thetas, values, strict=True)]
    return [
        tag(
            "g",
            above.line(thetas, values, stroke=VALUE, opacity=0.35),
            tag("g", *dots, fill=VALUE, opacity=0.6),
            above.dot(thetas[0], values[0], 5, fill="#ffffff", stroke=VALUE, stroke_width=2),
            above.dot(thetas[-1], values[-1], 6.5, fill=FLOW, stroke="#ffffff", stroke_width=1.5),
            clip_path="url(#above)",
        ),
        tag(
            "g",
            below.line(thetas, np.arange(last + 1.0), stroke=VALUE, stroke_width=1.25),
            clip_path="url(#below)",
        ),
        below.dot(min(max(thetas[-1], below.x[0]), below.x[1]), last, 4.5, fill=FLOW),
    ]


def _minima(plane: Plane, land: Landscape, step: float) -> list[str]:
    """Marks on the curve, filled where the step can rest, and the limit under each."""
    parts = []
    for minimum in land.minima:
        fill = LEAF if minimum.step_limit > step else "#ffffff"
        parts.append(
            plane.dot(minimum.theta, minimum.value, 4.5, fill=fill, stroke=LEAF, stroke_width=2)
        )
        if len(land.minima) <= _MOST_NAMES:
            x, y = plane.at(minimum.theta, minimum.value)
            parts.append(label(limit_name(minimum), x, y + 20, fill=LEAF))
    return parts


def _legend(y: float) -> list[str]:
    marks = [
        (LEFT, {"fill": "#ffffff", "stroke": VALUE}, "start"),
        (112, {"fill": FLOW, "stroke": FLOW}, "end"),
        (166, {"fill": LEAF, "stroke": LEAF}, "can hold this step"),
        (308, {"fill": "#ffffff", "stroke": LEAF}, "cannot"),
        (380, None, "number: 2/f″, the largest step it can hold"),
    ]
    parts = []
    for x, style, words in marks:
        if style:
            parts.append(tag("circle", cx=x, cy=y - 4, r=4.5, stroke_width=2, **style))
        parts.append(label(words, x + 10, y, anchor="start"))
    return parts
