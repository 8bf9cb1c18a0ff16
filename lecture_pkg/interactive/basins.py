"""Where does each start end up? A map of starts and step sizes, and the path behind each point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..descent.objective import Objective
from ._encode import decimals_for, pack, within_budget
from ._landscape import Landscape, limit_name, survey
from ._map_still import COLOURS, draw_map
from ._paths import THIN, Paths, choice, described, paths_as_data, settled, walk_all
from ._verdict import told, verdicts
from .figure import Figure

STEP_SIZES = (
    0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0.055, 0.06, 0.07,
    0.08, 0.09, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3,
)  # fmt: skip


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
        step_sizes: positive numbers that rise, one for each row of the map.
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
            `low` and `high`, or there are more points than a page should carry.

    Example:
        >>> basin_map(lambda theta: theta**2, [0.5, 1.5], [-4, 4], 20, first=(0.5, 4))
        Gradient descent with 2 step sizes (0.5 to 1.5) from 2 starts (−4 to 4), 20 iterations each.
        Of the 4 paths 2 come to rest; the lowest value reached is 0.
        Step 0.5 from 4: rests at 0, value 0: the step 0.5 is below 2/f″ = 1.0000 there.
    """
    land = survey(objective, low, high)
    even = np.linspace(land.low, land.high, 101).round(land.decimals)
    paths = walk_all(objective, land, step_sizes, even if starts is None else starts, max_iter)
    chosen = choice(paths, first)
    words = verdicts(land, paths)
    story = told(paths, words, chosen)
    rests, bounds = settled(land, paths), _bounds(land, paths)
    counted = (
        f"Of the {rests.size} paths {rests.sum()} come to rest; the lowest value reached is "
        f"{land.value(paths.values[..., -1].min())}."
    )
    coarse = (land.high - land.low) / 500
    figure = Figure(
        kind="basins",
        label="Map of starts and step sizes: where gradient descent ends",
        data={
            **land.as_data(),
            **paths_as_data(paths, words, chosen),
            "coarse": coarse,
            "thetas": pack(paths.thetas / coarse, 0),
            "endThetas": pack(paths.thetas[..., -1], land.decimals),
            "ends": pack(paths.values[..., -1], land.value_decimals),
            "rests": "".join(np.where(rests.ravel(), "1", "0")),
            "bounds": bounds,
            "colours": COLOURS,
            "ridges": land.ridges.tolist(),
        },
        still=draw_map(land, paths, chosen, rests, bounds, story),
        alt=f"A map of starts and step sizes coloured by the value reached. {counted} {story}",
        summary=f"{described(paths)}\n{counted}\n{story}",
        extra_html=_limits(land),
        caption=(
            f"{rests.size:,} paths, computed by torch in float64. The page keeps their ends to "
            f"{land.decimals} decimals and the points on the way to a 500th of the picture's width."
        ),
        parts=("plane",),
    )
    return within_budget(figure, paths.thetas.size, THIN)


def _bounds(land: Landscape, paths: Paths) -> list[float]:
    """Where one colour ends and the next begins; the last takes all that is higher."""
    top = float(land.values.max())
    ends = paths.values[..., -1].clip(max=top)
    low, high = float(ends.min()), float(np.quantile(ends, 0.97))
    if high <= low:
        low, high = float(land.values.min()), top
    places = max(0, decimals_for(high - low) - 3)
    return [round(low + (high - low) * i / len(COLOURS), places) for i in range(1, len(COLOURS))]


def _limits(land: Landscape) -> str:
    """For readers without the script: the minima and the largest step that each can hold."""
    rows = "".join(
        f"<tr><td>{land.theta(m.theta)}</td><td>{land.value(m.value)}</td>"
        f"<td>{limit_name(m)}</td></tr>"
        for m in land.minima
    )
    head = "<tr><th>minimum at</th><th>value</th><th>2/f″, the largest step it can hold</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
