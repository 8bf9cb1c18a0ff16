"""Try a step size and a start: where does gradient descent go, and why?"""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from ..descent.objective import Objective
from ._encode import pack, within_budget
from ._landscape import Landscape, survey
from ._path_still import PATH_HEIGHT, WIDTH, draw_path
from ._paths import THIN, Paths, choice, described, paths_as_data, walk_all
from ._plane import paragraph, picture, plain
from ._verdict import told, verdicts
from .figure import Figure

STEP_SIZES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3)


def explore_descent(
    objective: Objective,
    step_sizes: Sequence[float] = STEP_SIZES,
    starts: Sequence[float] | None = None,
    max_iter: int = 100,
    low: float = -5,
    high: float = 5,
    *,
    first: tuple[float, float] | None = None,
) -> Figure:
    """A figure with sliders for step size, start and iteration of gradient descent.

    Every path is computed here by torch, in float64 on the CPU, and its points, values and slopes
    are embedded; the page only shows them. A sentence says what happened to the path, and how the
    step compares with 2/f″, the largest that can rest in a minimum (see `find_minima`).

    Args:
        objective: elementwise: takes n thetas, returns n values, each from its own theta alone.
        step_sizes: positive numbers that rise, the choices of the first slider.
        starts: numbers from `low` to `high` that rise, the choices of the second slider; by
            default ten, evenly spaced: −4.5, −3.5, … 4.5.
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
        >>> explore_descent(lambda theta: theta**2, [0.5, 1.5], [-4, 4], 20, first=(0.5, 4))
        Gradient descent with 2 step sizes (0.5 to 1.5) from 2 starts (−4 to 4), 20 iterations each.
        Step 0.5 from 4: rests at 0, value 0: the step 0.5 is below 2/f″ = 1.0000 there.
    """
    land = survey(objective, low, high)
    middles = land.low + (land.high - land.low) * (np.arange(10) + 0.5) / 10
    paths = walk_all(objective, land, step_sizes, middles if starts is None else starts, max_iter)
    chosen = choice(paths, first)
    words = verdicts(land, paths)
    story = told(paths, words, chosen)
    figure = Figure(
        kind="explorer",
        label="Gradient descent: try a step size and a start",
        data={
            **land.as_data(),
            **paths_as_data(paths, words, chosen),
            "thetas": pack(paths.thetas, land.decimals),
            "values": pack(paths.values, land.value_decimals),
            "slopes": pack(paths.slopes, land.value_decimals),
        },
        still=_still(land, paths, chosen, story),
        alt=f"The objective with its minima and a path of gradient descent. {story}",
        summary=f"{described(paths)}\n{story}",
        extra_html=_outcomes(paths, words, chosen),
        caption=(
            f"{len(words):,} paths, computed by torch in float64, kept to {land.decimals} decimals."
        ),
        parts=("plane",),
    )
    return within_budget(figure, 3 * paths.thetas.size, THIN)


def _still(land: Landscape, paths: Paths, chosen: tuple[int, int], words: str) -> str:
    heading = paragraph(words, 28)
    top = 24 + 18 * len(heading)
    return picture(WIDTH, top + PATH_HEIGHT, [*heading, *draw_path(land, paths, chosen, top)])


def _outcomes(paths: Paths, words: list[str], chosen: tuple[int, int]) -> str:
    """For readers without the script: what each step size does from the chosen start."""
    own = words[chosen[1] :: len(paths.starts)]
    rows = "".join(
        f"<li><b>{plain(step)}</b>: {html.escape(said)}</li>"
        for step, said in zip(paths.step_sizes, own, strict=True)
    )
    return f"<p>From {plain(paths.starts[chosen[1]])}, with the step</p><ul>{rows}</ul>"
