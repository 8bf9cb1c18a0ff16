"""Where does each start end up? A map of starts and step sizes, and the path behind each point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..descent.objective import Array, Objective
from ..values import decimals_for, plain
from .figure import Figure, pack, within_budget
from .plane import (
    FLOW,
    INK,
    LEFT,
    MUTED,
    PATH_HEIGHT,
    RIGHT,
    WIDTH,
    Plane,
    label,
    paragraph,
    path_panels,
    picture,
    tag,
    ticks,
)
from .survey import THIN, Survey, limit_name, survey

STEP_SIZES = (
    0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0.055, 0.06, 0.07,
    0.08, 0.09, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3,
)  # fmt: skip
# ten steps of viridis, which colour-blind readers can order: from the lowest value to the highest
COLOURS = (
    "#fde725", "#b5de2b", "#6ece58", "#35b779", "#1f9e89",
    "#26828e", "#31688e", "#3e4989", "#482878", "#440154",
)  # fmt: skip
_GONE = "#9aa2ab"
_SHARES = np.linspace(0, 1, 101)
_COARSE = 500  # parts of the picture's width, to which the points on the way are kept
_MAP_HEIGHT = 300


def basin_map(
    objective: Objective,
    step_sizes: Sequence[float] = STEP_SIZES,
    starts: Sequence[float] | None = None,
    max_iter: int = 100,
    low: float = -5,
    high: float = 5,
    *,
    first: tuple[float, float] | None = None,
) -> Figure:
    """A map of starts and step sizes, coloured by the value that gradient descent reaches.

    The largest step that can rest in a minimum, 2/f″, is a line across its valley (see
    `find_minima`). Choosing a point of the map shows its path over the objective.

    Every path is computed here by torch, in float64 on the CPU. The page carries each end with
    four decimals, and the points on the way to a 500th of the picture's width: enough to draw.

    Args:
        objective: elementwise: takes n thetas, returns n values, each from its own theta alone.
        step_sizes: positive numbers that rise, one for each row of the map; by default 20, from
            0.01 to 0.3.
        starts: numbers from `low` to `high` that rise, one for each column; by default 101, evenly
            spaced.
        max_iter: number of updates of every path, 1 or more.
        low: left end of the picture.
        high: right end of the picture, above `low`.
        first: step size and start that are shown at first, both among the choices; by default
            0.05 and −3.5 where they are offered, else the middle ones.

    Returns:
        The figure; return it from a cell to see it.

    Raises:
        TypeError, ValueError: an argument is wrong, the objective is not 1-D or not finite between
            `low` and `high`, or there are more points than a page should carry. Of the default
            step sizes and starts as many are left out as it takes, and the caption says so.

    Example:
        >>> basin_map(lambda theta: theta**2, [0.5, 1.5], [-4, 4], 20, first=(0.5, 4))
        Gradient descent with 2 step sizes (0.5 to 1.5) from 2 starts (−4 to 4), 20 iterations each.
        Of the 4 paths 2 come to rest; the lowest value reached is 0.
        Step 0.5 from 4: rests at 0, value 0: the step 0.5 is below 2/f″ = 1.0000 there.
    """
    found = survey(objective, step_sizes, starts, max_iter, low, high, first, _SHARES)
    lighter = found.lighter(steps=step_sizes is STEP_SIZES, starts=starts is None)
    return within_budget(map(_figure, lighter), found.thetas.size, THIN)


def _figure(found: Survey) -> Figure:
    ends, bounds = found.values[..., -1], _bounds(found)
    counted = (
        f"Of the {ends.size} paths {found.rests.sum()} come to rest; the lowest value reached is "
        f"{found.value(ends.min())}."
    )
    coarse = (found.high - found.low) / _COARSE
    return Figure(
        kind="basins",
        label="Map of starts and step sizes: where gradient descent ends",
        data={
            **found.as_data(),
            "coarse": coarse,
            "thetas": pack(found.thetas / coarse, 0),
            "endThetas": pack(found.thetas[..., -1], found.decimals),
            "ends": pack(ends, found.value_decimals),
            "rests": "".join(np.where(found.rests.ravel(), "1", "0")),
            "bounds": bounds,
            "colours": COLOURS,
        },
        still=_still(found, bounds),
        alt=f"A map of starts and step sizes coloured by the value reached. "
        f"{counted} {found.story}",
        summary=f"{found.offer}\n{counted}\n{found.story}",
        extra_html=_limits(found),
        caption=(
            f"{ends.size:,} paths, computed by torch in float64. The page keeps their ends to "
            f"{found.decimals} decimals and the points on the way to a {_COARSE}th of the "
            f"picture's width.{found.notes}"
        ),
        parts=("plane",),
    )


def _bounds(found: Survey) -> list[float]:
    """Where one colour ends and the next begins; the last takes all that is higher."""
    bottom, top = found.frame
    ends = found.values[..., -1].clip(bottom, top)
    low, high = float(ends.min()), float(np.quantile(ends, 0.97))
    if high <= low:
        low, high = bottom, top
    places = decimals_for(high - low, 10)
    return [round(low + (high - low) * i / len(COLOURS), places) for i in range(1, len(COLOURS))]


def _limits(found: Survey) -> str:
    """For readers without the script: the minima and the largest step that each can hold."""
    rows = "".join(
        f"<tr><td>{found.theta(m.theta)}</td><td>{found.value(m.value)}</td>"
        f"<td>{limit_name(m)}</td></tr>"
        for m in found.minima
    )
    head = "<tr><th>minimum at</th><th>value</th><th>2/f″, the largest step it can hold</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _still(found: Survey, bounds: list[float]) -> str:
    """The map, what its colours mean, and under it the chosen path."""
    rows = (0.0, float(len(found.step_sizes)))
    area = Plane(LEFT, 30, WIDTH - LEFT - RIGHT, _MAP_HEIGHT, (found.low, found.high), rows)
    base = area.top + area.height
    heading = paragraph(found.story, base + 106)
    top = base + 100 + 18 * len(heading)
    parts = [
        label("step size", 14, 20, anchor="start", fill=INK),
        _hatch(),
        area.clipped("map", *_cells(area, found, bounds)),
        *_limit_lines(area, found),
        _cursor(area, found),
        area.x_axis("start", ticks(found.low, found.high, 10)),
        *_step_labels(area, found.step_sizes),
        *_scale(bounds, base + 50),
        *heading,
        *path_panels(found, top),
    ]
    return picture(top + PATH_HEIGHT, parts)


def _hatch() -> str:
    """Two lines side by side, one light and one dark, to be seen on every colour."""
    lines = [
        tag("path", d=f"M-1 {1 + low}l2-2M0 {6 + low}l6-6M5 {7 + low}l2-2", stroke=colour)
        for low, colour in ((0, "#ffffff99"), (1, "#00000066"))
    ]
    return tag("pattern", *lines, id="moving", width=6, height=6, patternUnits="userSpaceOnUse")


def _cells(area: Plane, found: Survey, bounds: list[float]) -> list[str]:
    """One path for each colour: level runs of cells, and a hatch over those that still move."""
    colour = np.digitize(found.values[..., -1], bounds)
    colour[found.last < found.iterations] = len(COLOURS)
    layers = [(colour == i, fill) for i, fill in enumerate([*COLOURS, _GONE])]
    layers.append((~found.rests, "url(#moving)"))
    return [tag("path", d=_runs(area, found, where), fill=fill) for where, fill in layers]


def _runs(area: Plane, found: Survey, where: Array) -> str:
    """Rectangles over every run of true cells in a row."""
    middles = (after + before for before, after in pairwise(found.starts))
    edges = np.array([found.low, *(middle / 2 for middle in middles), found.high])
    runs = []
    for row, cells in enumerate(where):
        turns = np.flatnonzero(np.diff(np.concatenate([[0], cells.astype(int), [0]])))
        for first, after in turns.reshape(-1, 2):
            (left, right), (upper, lower) = area.at(edges[[first, after]], [row + 1, row])
            runs.append(f"M{left:.0f} {upper:.0f}H{right:.0f}V{lower:.0f}H{left:.0f}z")
    return "".join(runs)


def _limit_lines(area: Plane, found: Survey) -> list[str]:
    """Across each valley, the limit of its minimum, where it is among the step sizes."""
    valleys = list(pairwise([found.low, *found.ridges, found.high]))
    steps = found.step_sizes
    parts = []
    for minimum in found.minima:
        valley = valleys[np.searchsorted(found.ridges, minimum.theta)]
        if not steps[0] <= minimum.step_limit <= steps[-1]:
            continue
        row = np.interp(minimum.step_limit, steps, np.arange(len(steps)) + 0.5)
        (x1, x2), y = area.at(valley, row)
        line = {"d": f"M{x1:.1f} {y:.1f}H{x2:.1f}"}
        parts.append(tag("path", **line, stroke="#ffffff", stroke_width=5))
        parts.append(tag("path", **line, stroke=INK, stroke_width=2.5))
        x = min(max(area.at(minimum.theta, 0)[0], LEFT + 26), WIDTH - RIGHT - 26)
        halo = {"paint_order": "stroke", "stroke": "#ffffff", "stroke_width": "4"}
        parts.append(label(limit_name(minimum), x, y - 6, fill=INK, font_weight=600, **halo))
    return parts


def _cursor(area: Plane, found: Survey) -> str:
    row, column = found.chosen
    x, y = area.at(found.starts[column], row + 0.5)
    box = {"x": f"{x - 6:.1f}", "y": f"{y - 9:.1f}", "width": 12, "height": 18}
    return tag("rect", **box, fill="none", stroke=FLOW, stroke_width=2.5)


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
