"""Several optimizers from one start on a surface with more than one valley, side by side."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from .._arguments import integer, number, refuse
from ..descent.objective import (
    Array,
    Objective,
    OtherDtypeError,
    called,
    checked_value,
    computing_in,
)
from ..descent.path import DivergedError, gradient_descent
from ..values import fixed, plain, rounded
from .figure import Figure, figure_decimals, on_cpu, pack, spread, within_budget
from .plane import INK, MUTED, PAPER, Plane, label, picture, tag, ticks
from .survey import FAR, tail_of

Factory = Callable[[list[torch.Tensor]], torch.optim.Optimizer]
End = Literal["diverged", "far", "rests", "maximum", "saddle", "creeps", "moves"]

OPTIMIZERS: Mapping[str, Factory] = {
    "plain": lambda params: torch.optim.SGD(params, lr=0.01),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.01, momentum=0.9),
    "RMSprop": lambda params: torch.optim.RMSprop(params, lr=0.05),
    "Adam": lambda params: torch.optim.Adam(params, lr=0.1),
}
_MOST = 4
_LONGEST = 10_000
_THIN = "Give fewer optimizers or a smaller max_iter"

# the four series of figure.css; each has a dash and a shape of its own, in optimizers.js too
_COLOURS = ("#0a5fb0", "#b34700", "#0b7055", "#9b3b8c")
_DASHES = ("none", "7 3", "2 3", "10 3 2 3")
_SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-5-5h10v10h-10z",
    "M0-6l6 10.5h-12z",
    "M0-7l6 7l-6 7l-6-7z",
)
_SIDE = 400  # of the square that shows the surface
_TOP, _LEFT, _RIGHT = 34, 44, 486
_GRID = 61
_SHARES = (np.arange(14, 0, -1) / 14) ** 2
"""How much of the square lies below each level: the levels crowd towards the minima."""


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
    start = _pair("init", init)
    steps = integer("max_iter", max_iter, at_least=1)
    if steps > _LONGEST:
        refuse("max_iter", max_iter, f"at most {_LONGEST:,}; a page should carry no more")
    objective = computing_in(torch.float64, objective, "cpu")
    surface = survey_surface(objective, low, high)
    inside = zip(surface.low, start, surface.high, strict=True)
    if not all(a <= value <= b for a, value, b in inside):
        refuse("init", init, f"between low = {low} and high = {high}")
    lanes = [_lane(objective, surface, *each, start, steps) for each in chosen.items()]
    said = [_outcome(lane, surface) for lane in lanes]
    story = " ".join(f"{lane.name}: {words}" for lane, words in zip(lanes, said, strict=True))
    count = f"{len(lanes)} optimizer{'s' if len(lanes) > 1 else ''}"
    place = ", ".join(map(plain, start))
    figure = Figure(
        kind="optimizers",
        label="Optimizers on one surface, step by step",
        data={
            "low": surface.low,
            "high": surface.high,
            "decimals": surface.decimals,
            "valueDecimals": surface.value_decimals,
            "iterations": steps,
            "names": [lane.name for lane in lanes],
            "rates": [lane.rate for lane in lanes],
            "last": [lane.last for lane in lanes],
            "thetas": pack(np.stack([lane.thetas.T for lane in lanes]), surface.decimals),
            "values": pack(np.stack([lane.values for lane in lanes]), surface.value_decimals),
            "said": said,
        },
        still=_still(lanes, surface),
        alt=f"The paths of {count} from ({place}) over the contours of the objective. {story}",
        summary=f"{count} from ({place}), {steps} steps.\n{story}",
        extra_html=_listing(lanes, said),
        caption=(
            f"Computed by torch.optim in float64 and kept to {surface.decimals} decimals. "
            "The denser the shading, the lower the value."
        ),
        parts=("plane",),
    )
    return within_budget([figure], 3 * len(lanes) * (steps + 1), _THIN)


class Surface(NamedTuple):
    """The objective over a rectangle."""

    low: tuple[float, float]
    high: tuple[float, float]
    values: Array  # [61, 61], the second number along the first axis

    @property
    def decimals(self) -> int:
        """Of a theta."""
        return figure_decimals(min(b - a for a, b in zip(self.low, self.high, strict=True)))

    @property
    def value_decimals(self) -> int:
        """Of a value."""
        return figure_decimals(spread(self.values.ravel()))


class Lane(NamedTuple):
    """The path of one optimizer, as far as it can be followed."""

    name: str
    rate: float | None  # the learning rate, where it has one
    thetas: Array  # [iterations + 1, 2]; the last point followed is repeated
    values: Array  # [iterations + 1]
    last: int  # the last iteration followed
    end: End  # what it does in the end

    @property
    def followed(self) -> tuple[Array, Array, Array]:
        """Both numbers of θ and the values, up to the last iteration followed."""
        x, y = self.thetas[: self.last + 1].T
        return x, y, self.values[: self.last + 1]


def _checked_optimizers(optimizers: Any) -> dict[str, Factory]:
    allowed = "a dict from names to functions that make an optimizer of the list of parameters"
    if not isinstance(optimizers, Mapping):
        refuse("optimizers", optimizers, allowed, TypeError)
    if not 1 <= len(optimizers) <= _MOST:
        refuse("optimizers", optimizers, f"a dict with one to {_MOST} entries")
    for name, factory in optimizers.items():
        if not isinstance(name, str) or not callable(factory):
            refuse(f"optimizers[{name!r}]", factory, allowed, TypeError)
    return dict(optimizers)


def _pair(argument: str, value: Any) -> tuple[float, float]:
    """`value` as two finite numbers.

    >>> _pair("init", (0, -3))
    (0.0, -3.0)
    """
    try:
        first, second = value.tolist() if hasattr(value, "tolist") else value
    except (TypeError, ValueError):
        refuse(argument, value, "two finite numbers", TypeError)
    return number(f"{argument}[0]", first), number(f"{argument}[1]", second)


@on_cpu()
def survey_surface(objective: Objective, low: Any, high: Any) -> Surface:
    """Evaluate `objective`, which takes a tensor of two numbers, on a grid between two corners.

    Raises:
        TypeError, ValueError: a bound is wrong, or the objective does not make one number of two,
            or is not finite somewhere on the grid.
    """
    corners = [
        _pair(name, value if np.ndim(value) else (value, value))
        for name, value in (("low", low), ("high", high))
    ]
    if not all(a < b for a, b in zip(*corners, strict=True)):
        refuse("high", high, f"above low = {low} in both numbers")
    (x0, y0), (x1, y1) = corners
    across = torch.linspace(x0, x1, _GRID, dtype=torch.float64)
    up = torch.linspace(y0, y1, _GRID, dtype=torch.float64)
    points = torch.stack(torch.meshgrid(across, up, indexing="xy"), -1).reshape(-1, 2)
    _checked_pairwise(objective, points[0].clone().requires_grad_())
    with torch.no_grad():
        values = torch.stack([objective(point).reshape(()) for point in points])
    if not values.isfinite().all():
        where = points[int((~values.isfinite()).nonzero()[0])].tolist()
        raise ValueError(
            f"objective must be finite from low = {low} to high = {high}, but at {where} it is "
            "not. Give another low or high."
        )
    return Surface((x0, y0), (x1, y1), values.reshape(_GRID, _GRID).numpy())


def _checked_pairwise(objective: Objective, point: torch.Tensor) -> None:
    try:
        value = called(objective, point)
    except OtherDtypeError:
        raise
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            "objective must take a tensor of two numbers and return one; for theta of shape (2,) "
            f"it raised {type(error).__name__}: {error}"
        ) from error
    checked_value(value)


@on_cpu()
def _lane(
    objective: Objective,
    surface: Surface,
    name: str,
    factory: Factory,
    start: tuple[float, float],
    steps: int,
) -> Lane:
    """Let an optimizer take its steps, and stop following what runs away."""
    init = torch.tensor(start, dtype=torch.float64)
    try:
        path, diverged = gradient_descent(objective, 1, steps, init, optimizer=factory), False
    except DivergedError as error:
        path, diverged = error.path, True
    reach = FAR * (np.array(surface.high) - surface.low)
    near = (np.abs(path.thetas - np.array(surface.low)) < reach).all(1)
    last = len(near) - 1 if near.all() else int(near.argmin()) - 1
    thetas, values = (each[np.minimum(np.arange(steps + 1), last)] for each in path)
    end: End = "diverged" if diverged and near.all() else "far" if last < steps else "moves"
    if end == "moves":
        moves = np.diff(tail_of(thetas.T))
        if np.abs(moves).max() < 10.0**-surface.decimals:
            end = _place(objective, thetas[-1], 10.0**-surface.decimals)
    return Lane(name, _rate(factory), thetas, values, last, end)


def _place(objective: Objective, theta: Array, unit: float) -> End:
    """What kind of place it is where an optimizer hardly moves, by slope and curvature there."""
    at = torch.from_numpy(theta)
    derivatives: Any = (torch.autograd.functional.jacobian, torch.autograd.functional.hessian)
    slope, bend = (each(lambda t: objective(t).reshape(()), at) for each in derivatives)
    curved, ways = torch.linalg.eigh(bend)
    along = (ways.T @ slope).abs()  # the slope in the direction of each curvature
    flat = curved.abs() <= 1e-9 * curved.abs().max()
    # as far off as the bottom, or the top, of a parabola with this slope and curvature
    if (along > torch.where(flat, 1e-12, 1.5 * unit * curved.abs())).any():
        return "creeps"
    falling = ~flat & (curved < 0)
    return "rests" if not falling.any() else "maximum" if falling.all() else "saddle"


def _rate(factory: Factory) -> float | None:
    """The learning rate that a factory sets."""
    rate = factory([torch.zeros(2, requires_grad=True)]).param_groups[0].get("lr")
    return float(rate) if isinstance(rate, int | float) else None


def _outcome(lane: Lane, surface: Surface) -> str:
    """What became of one optimizer, in a sentence."""
    place = ", ".join(rounded(value, surface.decimals) for value in lane.thetas[-1])
    where = f"at ({place}), value {rounded(lane.values[-1], surface.value_decimals)}"
    match lane.end:
        case "diverged":
            return f"diverged at iteration {lane.last + 1}: no longer a finite number."
        case "far":
            return (
                f"left the picture: at iteration {lane.last + 1} it is more than {FAR} times the "
                "picture's size away, and is not followed further."
            )
        case "rests":
            return f"rests {where}."
        case "maximum" | "saddle":
            return f"hardly moves, {where}: the slope is 0 there, but this is a {lane.end}."
        case "creeps":
            return f"hardly moves, {where}, but has not arrived in a minimum."
        case "moves":
            return f"is still moving, {where}."


def _listing(lanes: list[Lane], said: list[str]) -> str:
    """For readers without the script: where each optimizer ended."""
    rows = "".join(
        f"<li><b>{html.escape(lane.name)}</b>: {words}</li>"
        for lane, words in zip(lanes, said, strict=True)
    )
    return f"<ul>{rows}</ul>"


def bands(surface: Surface) -> list[str]:
    """The regions below some levels, the whole first, as paths in a square of side `_SIDE`.

    Drawn over one another, each a little transparent, they get denser towards the minima.
    """
    from contourpy import FillType, contour_generator  # matplotlib's own; not needed before

    scale = np.linspace(0, _SIDE, _GRID)
    generator: Any = contour_generator(
        scale, scale[::-1], surface.values, fill_type=FillType.OuterOffset
    )
    lowest = float(surface.values.min() - max(1, np.ptp(surface.values)))
    levels = np.quantile(surface.values, _SHARES)
    paths = []
    for level in np.unique(levels)[::-1]:
        polygons, offsets = generator.filled(lowest, float(level))
        rings = [
            polygon[a:b]
            for polygon, offset in zip(polygons, offsets, strict=True)
            for a, b in pairwise(offset)
        ]
        paths.append("".join(map(_ring, rings)))
    return paths


def _ring(points: Array) -> str:
    """A closed path in whole pixels, each point as the move from the one before."""
    whole = np.rint(points).astype(int)
    moves = np.diff(whole, axis=0)
    moves = moves[np.abs(moves).sum(1) > 0]
    return f"M{whole[0, 0]} {whole[0, 1]}l" + " ".join(f"{x} {y}" for x, y in moves) + "z"


def _still(lanes: list[Lane], surface: Surface) -> str:
    """The whole picture: the surface with the paths on it, where they end, their values."""
    (x0, y0), (x1, y1) = surface.low, surface.high
    area = Plane(_LEFT, _TOP, _SIDE, _SIDE, (x0, x1), (y0, y1))
    look = {"fill": MUTED, "fill_opacity": 0.06, "stroke": MUTED, "stroke_opacity": 0.35}
    shades = [
        tag("path", d=band, **look, stroke_width=0.5, fill_rule="evenodd")
        for band in bands(surface)
    ]
    x, y = lanes[0].thetas[0]
    parts = [
        tag("g", *shades, class_="lp-surface", transform=f"translate({_LEFT} {_TOP})"),
        area.x_axis("θ₁", ticks(x0, x1, 5)),
        area.y_axis("θ₂", ticks(y0, y1, 5), rules=False),
        area.clipped(
            "surface",
            *(part for i, lane in enumerate(lanes) for part in _path(area, i, lane)),
            area.mark(x, y, 4, fill=PAPER, stroke=INK, stroke_width=2),
        ),
        *(part for i, lane in enumerate(lanes) for part in _key(i, lane, surface)),
        *_values(lanes),
    ]
    return picture(_TOP + _SIDE + 48, parts)


def _line(i: int) -> dict[str, Any]:
    return {"stroke": _COLOURS[i], "stroke_width": 2, "stroke_dasharray": _DASHES[i]}


def _badge(i: int, x: float, y: float) -> str:
    place = f"translate({x:.1f} {y:.1f})"
    return tag("path", d=_SHAPES[i], fill=_COLOURS[i], stroke=PAPER, transform=place)


def _path(area: Plane, i: int, lane: Lane) -> list[str]:
    x, y, _ = lane.followed
    return [
        area.line(x, y, stroke=PAPER, stroke_width=4, opacity=0.6),
        area.line(x, y, **_line(i)),
        _badge(i, *area.at(x[-1], y[-1])),
    ]


def _key(i: int, lane: Lane, surface: Surface) -> list[str]:
    """The look of a path, its name, and where and how high it ends."""
    y = _TOP + 10 + 44 * i
    place = ", ".join(fixed(value, 2) for value in lane.thetas[-1])
    value = rounded(lane.values[-1], surface.value_decimals)
    name = lane.name + ("" if lane.rate is None else f", lr {plain(lane.rate)}")
    name = name if len(name) <= 26 else f"{name[:25]}…"
    return [
        tag("path", d=f"M{_RIGHT - 20} {y - 4}h36", **_line(i)),
        _badge(i, _RIGHT - 2, y - 4),
        label(name, _RIGHT + 26, y, anchor="start", fill=INK, font_weight=600),
        label(f"{value} at ({place})", _RIGHT + 26, y + 18, anchor="start"),
    ]


def _values(lanes: list[Lane]) -> list[str]:
    """The values in time, from the lowest to a little above the start: some climb out of sight."""
    top = _TOP + 44 * len(lanes) + 44
    steps = len(lanes[0].values) - 1
    low, start = min(float(lane.values.min()) for lane in lanes), float(lanes[0].values[0])
    room = (start - low) * 0.05 or 1.0
    range_ = (low - room, start + 3 * room)
    area = Plane(_RIGHT + 24, top, 190, _TOP + _SIDE - top, (0, steps), range_)
    lines = (
        area.line(np.arange(lane.last + 1), lane.followed[2], **_line(i))
        for i, lane in enumerate(lanes)
    )
    return [
        area.y_axis("value", ticks(*range_, 4)),
        area.x_axis("iteration", ticks(0, steps, 3)),
        area.clipped("values", *lines),
    ]
