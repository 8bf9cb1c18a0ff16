"""Several optimizers from one start on a surface with more than one valley, side by side."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import torch

from .._arguments import integer, refuse
from ..descent.objective import Objective
from ._encode import pack, within_budget
from ._plane import plain
from ._race import Factory, Race, outcome, run_race
from ._race_still import draw_race
from ._surface import bands, pair, survey_surface
from .figure import Figure

OPTIMIZERS: Mapping[str, Factory] = {
    "plain": lambda params: torch.optim.SGD(params, lr=0.01),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.01, momentum=0.9),
    "RMSprop": lambda params: torch.optim.RMSprop(params, lr=0.05),
    "Adam": lambda params: torch.optim.Adam(params, lr=0.1),
}
MOST = 4
_LONGEST = 10_000
_THIN = "Give fewer optimizers or a smaller max_iter"


def compare_optimizers(
    objective: Objective,
    optimizers: Mapping[str, Factory] | None = None,
    init: tuple[float, float] = (0.0, -3.0),
    max_iter: int = 100,
    low: float | tuple[float, float] = -5,
    high: float | tuple[float, float] = 5,
) -> Figure:
    """A figure in which several optimizers walk over one surface, seen from above, in step.

    Every path is computed here by torch.optim, in float64 on the CPU, and its points and values
    are embedded with four decimals; the page only shows them.

    Args:
        objective: takes a tensor of two numbers, returns a tensor with one.
        optimizers: one to four, by the name to show: functions from the list of parameters to an
            optimizer. By default plain gradient descent and momentum 0.9, both with learning rate
            0.01, RMSprop with 0.05 and Adam with 0.1.
        init: where all of them start.
        max_iter: number of steps each of them takes, 1 or more.
        low: lower end of the picture, one number for both directions or one for each.
        high: upper end of the picture, above `low`.

    Returns:
        The figure; return it from a cell to see it.

    Raises:
        TypeError, ValueError: an argument is wrong, the objective does not make one number of two
            or is not finite between `low` and `high`, or there are too many points for a page.

    Example:
        >>> def bowl(theta):
        ...     return (theta**2).sum()
        >>> compare_optimizers(bowl, {"plain": lambda p: torch.optim.SGD(p, lr=0.5)}, (2, 1), 10)
        1 optimizer from (2, 1), 10 steps.
        plain: rests at (0, 0), value 0.
    """
    chosen = _checked_optimizers(OPTIMIZERS if optimizers is None else optimizers)
    start = pair("init", init)
    steps = integer("max_iter", max_iter, at_least=1)
    if steps > _LONGEST:
        refuse("max_iter", max_iter, f"at most {_LONGEST:,}; a page should carry no more")
    surface = survey_surface(objective, low, high)
    inside = zip(surface.low, start, surface.high, strict=True)
    if not all(a <= value <= b for a, value, b in inside):
        refuse("init", init, f"between low = {low} and high = {high}")
    race = run_race(objective, surface, chosen, start, steps)
    said = [outcome(race, i) for i in range(len(race.names))]
    story = " ".join(f"{name}: {words}" for name, words in zip(race.names, said, strict=True))
    shapes = bands(surface)
    count = f"{len(said)} optimizer{'s' if len(said) > 1 else ''}"
    place = ", ".join(map(plain, start))
    figure = Figure(
        kind="optimizers",
        label="Optimizers on one surface, step by step",
        data={
            "low": surface.low,
            "high": surface.high,
            "decimals": race.decimals,
            "valueDecimals": race.value_decimals,
            "iterations": steps,
            "names": race.names,
            "rates": race.rates,
            "last": race.last,
            "thetas": pack(race.thetas.transpose(0, 2, 1), race.decimals),
            "values": pack(race.values, race.value_decimals),
            "said": said,
        },
        still=draw_race(race, surface, shapes),
        alt=f"The paths of {count} from ({place}) over the contours of the objective. {story}",
        summary=f"{count} from ({place}), {steps} steps.\n{story}",
        extra_html=_table(race, said),
        caption=(
            f"Computed by torch.optim in float64 and kept to {race.decimals} decimals. "
            "The denser the shading, the lower the value."
        ),
        parts=("plane",),
    )
    return within_budget(figure, 3 * race.values.size, _THIN)


def _checked_optimizers(optimizers: Any) -> dict[str, Factory]:
    allowed = "a dict from names to functions that make an optimizer of the list of parameters"
    if not isinstance(optimizers, Mapping):
        refuse("optimizers", optimizers, allowed, TypeError)
    if not 1 <= len(optimizers) <= MOST:
        refuse("optimizers", optimizers, f"a dict with one to {MOST} entries")
    for name, factory in optimizers.items():
        if not isinstance(name, str) or not callable(factory):
            refuse(f"optimizers[{name!r}]", factory, allowed, TypeError)
    return dict(optimizers)


def _table(race: Race, said: list[str]) -> str:
    """For readers without the script: where each optimizer ended."""
    rows = "".join(
        f"<li><b>{html.escape(name)}</b>: {words}</li>"
        for name, words in zip(race.names, said, strict=True)
    )
    return f"<ul>{rows}</ul>"
