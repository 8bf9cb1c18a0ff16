"""Try a step size and a start: where does gradient descent go, and why?"""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from ..descent.objective import Objective
from ..values import plain
from .figure import Figure, pack, within_budget
from .plane import PATH_HEIGHT, paragraph, path_panels, picture
from .survey import THIN, Survey, survey

STEP_SIZES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3)
_SHARES = (np.arange(10) + 0.5) / 10


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
        step_sizes: positive numbers that rise, the choices of the first slider; by default 14,
            from 0.01 to 0.3.
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
            `low` and `high`, or there are more points than a page should carry. Of the default
            step sizes and starts as many are left out as it takes, and the caption says so.

    Example:
        >>> explore_descent(lambda theta: theta**2, [0.5, 1.5], [-4, 4], 20, first=(0.5, 4))
        Gradient descent with 2 step sizes (0.5 to 1.5) from 2 starts (−4 to 4), 20 iterations each.
        Step 0.5 from 4: rests at 0, value 0: the step 0.5 is below 2/f″ = 1.0000 there.
    """
    found = survey(objective, step_sizes, starts, max_iter, low, high, first, _SHARES)
    lighter = found.lighter(steps=step_sizes is STEP_SIZES, starts=starts is None)
    return within_budget(map(_figure, lighter), 3 * found.thetas.size, THIN)


def _figure(found: Survey) -> Figure:
    return Figure(
        kind="explorer",
        label="Gradient descent: try a step size and a start",
        data={
            **found.as_data(),
            "thetas": pack(found.thetas, found.decimals),
            "values": pack(found.values, found.value_decimals),
            "slopes": pack(found.slopes, found.value_decimals),
        },
        still=_still(found),
        alt=f"The objective with its minima and a path of gradient descent. {found.story}",
        summary=f"{found.offer}\n{found.story}",
        extra_html=_listing(found),
        caption=(
            f"{found.last.size:,} paths, computed by torch in float64, "
            f"kept to {found.decimals} decimals.{found.notes}"
        ),
        parts=("plane",),
    )


def _still(found: Survey) -> str:
    heading = paragraph(found.story, 28)
    top = 24 + 18 * len(heading)
    return picture(top + PATH_HEIGHT, [*heading, *path_panels(found, top)])


def _listing(found: Survey) -> str:
    """For readers without the script: what each step size does from the chosen start."""
    start = found.chosen[1]
    said = found.sentences[start :: len(found.starts)]
    rows = "".join(
        f"<li><b>{plain(step)}</b>: {html.escape(words)}</li>"
        for step, words in zip(found.step_sizes, said, strict=True)
    )
    return f"<p>From {plain(found.starts[start])}, with the step</p><ul>{rows}</ul>"
