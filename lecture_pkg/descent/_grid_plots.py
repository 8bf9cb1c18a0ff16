"""Still pictures of many descents: their paths, and where each start ends up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from .._arguments import refuse
from ._plotting import (
    COLOURS,
    DASHES,
    GREY,
    draw_legend,
    label_right,
    padded,
    styled,
    text,
)
from .grid import GridDescent
from .minima import Minimum, find_minima
from .objective import Array, Objective

_LOST = "#c9ccd1"
_MOST_STEP_SIZES = 8
_MOST_PATHS = 400


def plot_paths(grid: GridDescent, objective: Objective, *, ax: Axes | None = None) -> Axes:
    """Draw θ over the iterations for every path of a grid, with the objective's minima as lines.

    Args:
        grid: what `descend_grid` returned with keep="path", for at most 8 step sizes.
        objective: the function that was descended.
        ax: the axes to draw into; by default those of a new figure.

    Returns:
        The axes; the step sizes differ in colour and dash.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> from lecture_pkg import descend_grid
        >>> bowl = lambda theta: theta**2
        >>> ax = plot_paths(descend_grid(bowl, [0.1, 0.9], [-3.0, 3.0]), bowl)
        >>> ax.get_xlabel()
        'iteration'
    """
    _check_grid(grid)
    if grid.thetas.ndim != 3:
        raise ValueError('grid must hold whole paths: make it with descend_grid(…, keep="path").')
    if len(grid.step_sizes) > _MOST_STEP_SIZES or len(grid.starts) > _MOST_PATHS:
        raise ValueError(
            f"grid must have at most {_MOST_STEP_SIZES} step sizes and {_MOST_PATHS} starts to be "
            f"drawn as lines, but it has {len(grid.step_sizes)} and {len(grid.starts)}. "
            "plot_basins shows many."
        )
    lost = _lost(grid)
    bottom, top = padded(np.append(grid.thetas[~lost], grid.starts))
    minima = find_minima(objective, bottom, top)
    with styled(ax) as ax:
        looks = zip(grid.step_sizes, cycle(COLOURS), cycle(DASHES), strict=False)
        for row, (step_size, colour, dash) in enumerate(looks):
            name = f"step size {step_size:g}" + (" (diverges)" if lost[row].any() else "")
            shown = _until_outside(grid.thetas[row], lost[row], bottom, top)
            ax.plot(shown.T, dash, color=colour, lw=1.4)[0].set_label(name)
        ax.set(xlabel="iteration", ylabel="θ", ylim=(bottom, top), xlim=(0, grid.iterations or 1))
        _name_heights(ax, minima)
        draw_legend(ax)
        return ax


def plot_basins(
    grid: GridDescent, minima: Sequence[Minimum] = (), *, ax: Axes | None = None
) -> Axes:
    """Draw start × step size, coloured by the objective where the path from there ended.

    Args:
        grid: what `descend_grid` returned; at least two starts and two step sizes.
        minima: what `find_minima` returned: the limit 2/f″ of each is drawn as a line with a dot
            at its θ. Above the line no descent rests in this minimum.
        ax: the axes to draw into; by default those of a new figure.

    Returns:
        The axes; the colour bar is added to their figure. Grey: the path diverged, or ended over a
        hundred times further out than the starts.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> from lecture_pkg import descend_grid, find_minima
        >>> bowl = lambda theta: theta**2
        >>> grid = descend_grid(bowl, [0.1, 0.5, 0.9], [-3.0, 0.0, 3.0], keep="final")
        >>> plot_basins(grid, find_minima(bowl, -5, 5)).get_ylabel()
        'step size'
    """
    _check_grid(grid)
    if not isinstance(minima, tuple | list) or not all(isinstance(m, Minimum) for m in minima):
        refuse("minima", minima, "what find_minima returns", TypeError)
    starts, column = np.unique(grid.starts, return_index=True)
    steps, row = np.unique(grid.step_sizes, return_index=True)
    if len(starts) < 2 or len(steps) < 2:
        raise ValueError(
            "grid must have at least two different starts and step sizes, "
            f"but it has {len(starts)} and {len(steps)}."
        )
    lost = _lost(grid)
    reached = np.where(lost, np.nan, grid.final_objectives)[np.ix_(row, column)]
    values = np.zeros(1) if lost.all() else reached[np.isfinite(reached)]
    # a few chaotic paths end high up: they must not take the colours from all the others
    best, usual = values.min(), np.percentile(values, 98)
    with styled(ax, height=4) as ax:
        ax.grid(False)
        look: dict[str, Any] = {"cmap": "viridis_r", "vmin": best, "vmax": max(usual, best + 1e-6)}
        mesh = ax.pcolormesh(starts, steps, reached, rasterized=True, **look)
        ax.set(xlabel="start θ", ylabel="step size")
        if lost.any():
            ax.set_facecolor(_LOST)
            ax.fill_between([], [], color=_LOST, label="diverges")
            draw_legend(ax)
        _mark_limits(ax, minima)
        extend = "max" if values.max() > mesh.get_clim()[1] else "neither"
        label = f"value after {grid.iterations} iterations"
        ax.figure.colorbar(mesh, ax=ax, label=label, extend=extend, pad=0.01)
        return ax


def _check_grid(grid: Any) -> None:
    if not isinstance(grid, GridDescent):
        refuse("grid", grid, "what descend_grid returns", TypeError)


def _lost(grid: GridDescent) -> Array:
    """Which paths end so far away, if anywhere, that no picture should stretch to them, [S, K]."""
    far = 100 * (1 + np.abs(grid.starts).max())
    lost: Array = grid.diverged | ~(np.abs(grid.final_thetas) < far)
    return lost


def _until_outside(thetas: Array, lost: Array, bottom: float, top: float) -> Array:
    """Paths [K, T] that end elsewhere, cut at their first point outside the picture."""
    outside = ~((thetas > bottom) & (thetas < top)) & lost[:, None]
    before = np.roll(np.logical_or.accumulate(outside, axis=1), 1, axis=1)
    before[:, 0] = False
    air = 2 * (top - bottom)  # far enough; a line to 1e300 would overflow in the renderer
    return np.where(before, np.nan, np.clip(thetas, bottom - air, top + air))


def _name_heights(ax: Axes, minima: Sequence[Minimum]) -> None:
    """A dotted line and a label for each minimum, at its θ."""
    for each in minima:
        ax.axhline(each.theta, color=GREY, lw=0.8, ls=(0, (1, 2)), zorder=1)
    names = [
        f"{'kink' if each.kink else 'minimum'} {text(each.theta, *ax.get_ylim())}"
        for each in minima
    ]
    label_right(ax, [each.theta for each in minima], names)


def _mark_limits(ax: Axes, minima: Sequence[Minimum]) -> None:
    """A line at the step limit of every minimum that has one within the axes, a dot at its θ."""
    low, high = ax.get_ylim()
    left, right = ax.get_xlim()
    outline = [withStroke(linewidth=2, foreground="black")]
    thetas: dict[float, list[str]] = {}
    for each in minima:
        if low < each.step_limit < high:
            ax.axhline(each.step_limit, color="white", lw=1, path_effects=outline)
            ax.plot(each.theta, each.step_limit, "o", color="white", mec="black", ms=7, zorder=3)
            same = thetas.setdefault(float(f"{each.step_limit:.3g}"), [])
            same.append(text(each.theta, left, right))
    ax.set(xlim=(left, right))
    places = (own[0] if len(own) == 1 else f"{len(own)} minima" for own in thetas.values())
    labels = [f"2/f″ at {at}: {limit:g}" for at, limit in zip(places, thetas, strict=True)]
    label_right(ax, list(thetas), labels)
