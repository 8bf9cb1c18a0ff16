"""The map of starts and step sizes, with one path under it, as a still picture."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ..descent.objective import Array
from ._landscape import Landscape, limit_name
from ._path_still import LEFT, PATH_HEIGHT, RIGHT, WIDTH, draw_path
from ._paths import Paths
from ._plane import FLOW, INK, MUTED, Plane, label, paragraph, picture, plain, tag

# ten steps of viridis, which colour-blind readers can order: from the lowest value to the highest
COLOURS = (
    "#fde725", "#b5de2b", "#6ece58", "#35b779", "#1f9e89",
    "#26828e", "#31688e", "#3e4989", "#482878", "#440154",
)  # fmt: skip
_GONE = "#9aa2ab"
_MAP_HEIGHT = 300


def draw_map(
    land: Landscape,
    paths: Paths,
    chosen: tuple[int, int],
    rests: Array,
    bounds: list[float],
    words: str,
) -> str:
    """The map, what its colours mean, and under it the chosen path."""
    rows = len(paths.step_sizes)
    area = Plane(
        LEFT, 30, WIDTH - LEFT - RIGHT, _MAP_HEIGHT, (land.low, land.high), (0.0, float(rows))
    )
    heading = paragraph(words, area.top + _MAP_HEIGHT + 106)
    top = area.top + _MAP_HEIGHT + 100 + 18 * len(heading)
    parts = [
        label("step size", 14, 20, anchor="start", fill=INK),
        tag("defs", area.clip("map"), _hatch()),
        tag("g", *_cells(area, paths, rests, bounds), clip_path="url(#map)"),
        *_limit_lines(area, land, paths),
        _cursor(area, paths, chosen),
        area.x_axis("start"),
        *_step_labels(area, paths.step_sizes),
        *_scale(bounds, area.top + _MAP_HEIGHT + 50),
        *heading,
        *draw_path(land, paths, chosen, top),
    ]
    return picture(WIDTH, top + PATH_HEIGHT, parts)


def _cells(area: Plane, paths: Paths, rests: Array, bounds: list[float]) -> list[str]:
    """One path for each colour: level runs of cells, and a hatch over those that still move."""
    colour = np.digitize(paths.values[..., -1], bounds)
    colour[paths.last < paths.iterations] = len(COLOURS)
    fills = [*COLOURS, _GONE]
    layers = [(colour == i, fill) for i, fill in enumerate(fills)] + [(~rests, "url(#moving)")]
    return [tag("path", d=_runs(area, paths, where), fill=fill) for where, fill in layers]


def _cursor(area: Plane, paths: Paths, chosen: tuple[int, int]) -> str:
    x, y = area.at(paths.starts[chosen[1]], chosen[0] + 0.5)
    box = {"x": f"{x - 6:.1f}", "y": f"{y - 9:.1f}", "width": 12, "height": 18}
    return tag("rect", **box, fill="none", stroke=FLOW, stroke_width=2.5)


def _runs(area: Plane, paths: Paths, where: Array) -> str:
    """Rectangles over every run of true cells in a row."""
    starts = np.array(paths.starts)
    middles = (starts[1:] + starts[:-1]) / 2
    edges = np.concatenate([[area.x[0]], middles, [area.x[1]]])
    runs = []
    for row, cells in enumerate(where):
        turns = np.flatnonzero(np.diff(np.concatenate([[0], cells.astype(int), [0]])))
        for first, after in turns.reshape(-1, 2):
            (left, right), (upper, lower) = area.at(edges[[first, after]], np.array([row + 1, row]))
            runs.append(f"M{left:.0f} {upper:.0f}H{right:.0f}V{lower:.0f}H{left:.0f}z")
    return "".join(runs)


def _hatch() -> str:
    """Two lines side by side, one light and one dark, to be seen on every colour."""
    lines = [
        tag("path", d=f"M-1 {1 + low}l2-2M0 {6 + low}l6-6M5 {7 + low}l2-2", stroke=colour)
        for low, colour in ((0, "#ffffff99"), (1, "#00000066"))
    ]
    return tag("pattern", *lines, id="moving", width=6, height=6, patternUnits="userSpaceOnUse")


def _limit_lines(area: Plane, land: Landscape, paths: Paths) -> list[str]:
    """Across each valley, the limit of its minimum, where it is among the step sizes."""
    valleys = pairwise([land.low, *land.ridges, land.high])
    steps = paths.step_sizes
    parts = []
    for minimum, valley in zip(land.minima, valleys, strict=False):
        if not steps[0] <= minimum.step_limit <= steps[-1]:
            continue
        row = np.interp(minimum.step_limit, steps, np.arange(len(steps)) + 0.5)
        (x1, x2), y = area.at(np.array(valley), row)
        for width, colour in ((5, "#ffffff"), (2.5, INK)):
            parts.append(
                tag("path", d=f"M{x1:.1f} {y:.1f}H{x2:.1f}", stroke=colour, stroke_width=width)
            )
        x = min(max(area.at(minimum.theta, 0)[0], LEFT + 26), WIDTH - RIGHT - 26)
        halo = {"paint_order": "stroke", "stroke": "#ffffff", "stroke_width": "4"}
        parts.append(label(limit_name(minimum), x, y - 6, fill=INK, font_weight=600, **halo))
    return parts


def _step_labels(area: Plane, steps: list[float]) -> list[str]:
    every = math.ceil(len(steps) * 14 / area.height)
    return [
        label(plain(step), area.left - 6, area.at(0, row + 0.5)[1] + 4, anchor="end", font_size=12)
        for row, step in enumerate(steps)
        if row % every == 0
    ]


def _scale(bounds: list[float], y: float) -> list[str]:
    parts = [label("value reached:", LEFT, y + 11, anchor="start")]
    for i, colour in enumerate(COLOURS):
        parts.append(tag("rect", x=LEFT + 100 + 34 * i, y=y, width=34, height=14, fill=colour))
    for i, bound in enumerate(bounds):
        parts.append(label(plain(bound), LEFT + 134 + 34 * i, y + 28, font_size=11))
    x = LEFT + 456
    parts.append(tag("rect", x=x, y=y, width=22, height=14, fill=MUTED))
    parts.append(tag("rect", x=x, y=y, width=22, height=14, fill="url(#moving)"))
    parts.append(label("still moving", x + 28, y + 11, anchor="start"))
    parts.append(tag("path", d=f"M{x + 116} {y + 7}h24", stroke=INK, stroke_width=2.5))
    parts.append(label("2/f″", x + 146, y + 11, anchor="start"))
    return parts
