"""The paths of several optimizers over a surface, and their values in time, as a still picture."""

from __future__ import annotations

import numpy as np

from ._landscape import written
from ._plane import INK, MUTED, Plane, label, picture, plain, tag, ticks
from ._race import Race
from ._surface import SIDE, Surface

# the four series of figure.css; each has a dash and a shape of its own, in optimizers.js too
COLOURS = ("#0a5fb0", "#b34700", "#0b7055", "#9b3b8c")
DASHES = ("none", "7 3", "2 3", "10 3 2 3")
SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-5-5h10v10h-10z",
    "M0-6l6 10.5h-12z",
    "M0-7l6 7l-6 7l-6-7z",
)
_TOP, _LEFT, _RIGHT = 34, 44, 486


def draw_race(race: Race, surface: Surface, shapes: list[str]) -> str:
    """The whole picture: the surface with the paths on it, where they end, their values."""
    (x0, y0), (x1, y1) = surface.low, surface.high
    area = Plane(_LEFT, _TOP, SIDE, SIDE, (x0, x1), (y0, y1))
    marks = ticks(y0, y1, 5)
    bands = [tag("path", d=d, fill=MUTED, fill_opacity=0.06, stroke=MUTED, stroke_opacity=0.35,
                 stroke_width=0.5, fill_rule="evenodd") for d in shapes]  # fmt: skip
    parts = [
        tag("defs", area.clip("surface")),
        tag("g", *bands, class_="lp-surface", transform=f"translate({_LEFT} {_TOP})"),
        area.x_axis("θ₁", ticks(x0, x1, 5)),
        *(label(plain(m), _LEFT - 8, area.at(0, m)[1] + 4, anchor="end") for m in marks),
        label("θ₂", _LEFT - 34, _TOP - 12, anchor="start", fill=INK),
        tag("g", *_paths(area, race), clip_path="url(#surface)"),
        *_ends(race),
        *_values(race),
    ]
    return picture(720, _TOP + SIDE + 48, parts)


def _paths(area: Plane, race: Race) -> list[str]:
    parts = []
    for i, last in enumerate(race.last):
        xs, ys = race.thetas[i, : last + 1].T
        style = {"stroke": COLOURS[i], "stroke_width": 2, "stroke_dasharray": DASHES[i]}
        parts.append(area.line(xs, ys, stroke="#ffffff", stroke_width=4, opacity=0.6))
        parts.append(area.line(xs, ys, **style))
        parts.append(_mark(i, *area.at(xs[-1], ys[-1])))
    x, y = race.thetas[0, 0]
    return [*parts, area.dot(x, y, 4, fill="#ffffff", stroke=INK, stroke_width=2)]


def _mark(i: int, x: float, y: float) -> str:
    place = f"translate({x:.1f} {y:.1f})"
    return tag("path", d=SHAPES[i], fill=COLOURS[i], stroke="#ffffff", transform=place)


def _ends(race: Race) -> list[str]:
    """The key: name, and where and how high each path ends."""
    parts = []
    for i, name in enumerate(race.names):
        y = _TOP + 10 + 44 * i
        line = {"stroke": COLOURS[i], "stroke_width": 2, "stroke_dasharray": DASHES[i]}
        parts.append(tag("path", d=f"M{_RIGHT - 20} {y - 4}h36", **line))
        parts.append(_mark(i, _RIGHT - 2, y - 4))
        place = ", ".join(f"{value:.2f}".replace("-", "−") for value in race.thetas[i, -1])
        value = written(race.values[i, -1], race.value_decimals)
        rate = race.rates[i]
        name += "" if rate is None else f", lr {plain(rate)}"
        shown = name if len(name) <= 26 else f"{name[:25]}…"
        parts.append(label(shown, _RIGHT + 26, y, anchor="start", fill=INK, font_weight=600))
        parts.append(label(f"{value} at ({place})", _RIGHT + 26, y + 18, anchor="start"))
    return parts


def _values(race: Race) -> list[str]:
    top = _TOP + 44 * len(race.names) + 44
    low, high = value_range(race)
    steps = race.values.shape[1] - 1
    area = Plane(_RIGHT + 24, top, 190, _TOP + SIDE - top, (0, steps), (low, high))
    lines = [
        area.line(np.arange(last + 1.0), race.values[i, : last + 1],
                  stroke=COLOURS[i], stroke_width=2, stroke_dasharray=DASHES[i])
        for i, last in enumerate(race.last)
    ]  # fmt: skip
    return [
        tag("defs", area.clip("values")),
        area.y_axis("value"),
        area.x_axis("iteration", ticks(0, steps, 3)),
        tag("g", *lines, clip_path="url(#values)"),
    ]


def value_range(race: Race) -> tuple[float, float]:
    """From the lowest value to a little above the start, since some paths climb out of sight."""
    low, start = float(race.values.min()), float(race.values[0, 0])
    room = (start - low) * 0.05 or 1.0
    return low - room, start + 3 * room
