"""Still pictures: the objective, paths over it, losses, and where each start ends up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import numpy as np

from .._arguments import number, refuse
from ..values import decimals_for, fixed
from .grid import GridDescent
from .minima import Minimum, find_minima
from .objective import Array, Objective, as_floats, evaluate

try:
    import matplotlib.pyplot as plt
    import seaborn
    from matplotlib.axes import Axes
    from matplotlib.patheffects import withStroke
except ModuleNotFoundError as error:
    package = str(error.name).partition(".")[0]
    message = f"lecture_pkg draws with {package}, which is missing: pip install {package}"
    raise ModuleNotFoundError(message, name=error.name) from error

# Okabe and Ito's colours as seaborn has them, told apart with every kind of colour vision; each
# thing also has a marker or a dash of its own.
_COLOURS: list[str] = seaborn.color_palette("colorblind").as_hex()
_BLUE, _ORANGE, _GREEN, _RED, _PINK = _COLOURS[:5]
_GREY, _LOST = "#5f6368", "#c9ccd1"
_DASHES = ("-", "--", "-.", ":")
_POINTS = 2001  # of a curve
_MOST_STEP_SIZES, _MOST_PATHS = 8, 400  # that plot_paths can draw so that they are told apart


def plot_objective(
    objective: Objective,
    low: float = -5,
    high: float = 5,
    *,
    mark_minima: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a function of one number, its smooth minima as circles and its kinks as diamonds.

    Args:
        objective: takes theta, returns a value; elementwise where its minima are to be marked.
        low: the left end of the interval.
        high: the right end, above `low`.
        mark_minima: whether to look for local minima and mark them.
        ax: the axes to draw into; by default those of a new figure.

    Returns:
        The axes.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> ax = plot_objective(lambda theta: (theta - 1) ** 2)
        >>> ax.get_xlabel()
        'θ'
    """
    low = number("low", low)
    high = number("high", high, above=low)
    minima = find_minima(objective, low, high) if mark_minima else ()
    thetas = np.linspace(low, high, _POINTS)
    values = evaluate(objective, thetas)
    with _styled(ax) as ax:
        _draw_objective(ax, thetas, values)
        _draw_minima(ax, minima)
        _draw_legend(ax)
        return ax


def plot_path(
    descent: tuple[Array, Array], objective: Objective, *, ax: Axes | None = None
) -> Axes:
    """Draw the path of one descent over its objective, with its start, best and final point.

    Args:
        descent: what `gradient_descent` returned from a start that is one number.
        objective: the function that it descended.
        ax: the axes to draw into; by default those of a new figure.

    Returns:
        The axes.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> from lecture_pkg import gradient_descent
        >>> bowl = lambda theta: theta**2
        >>> ax = plot_path(gradient_descent(bowl, 0.1, init=3), bowl)
        >>> [text.get_text() for text in ax.get_legend().get_texts()][:3]
        ['objective', 'path', 'start 3.00']
    """
    if not isinstance(descent, tuple) or len(descent) != 2:
        refuse("descent", descent, "the (thetas, objectives) of gradient_descent", TypeError)
    return _path_picture(*descent, objective, None, None, ax)


def visualize_results(
    theta_arr: Any,
    obj_arr: Any,
    objective: Objective,
    theta_true: float | None = None,
    vis_arr: Any = None,
) -> Axes:
    """Draw a path over its objective in a new figure, as the lecture's function of that name.

    Args:
        theta_arr: the points of the path, [n].
        obj_arr: the objective at these points, [n].
        objective: the function that was descended.
        theta_true: where the true minimum is, if that is known.
        vis_arr: the thetas at which to draw the objective; by default a little more than the range
            of the path.

    Returns:
        The axes.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> ax = visualize_results([3.0, 2.4, 1.9], [9.0, 5.8, 3.6], lambda theta: theta**2, 0.0)
        >>> ax.get_legend().get_texts()[-1].get_text()
        'true minimum 0.00'
    """
    return _path_picture(theta_arr, obj_arr, objective, theta_true, vis_arr, None)


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
    bottom, top = _padded(np.append(grid.thetas[~lost], grid.starts))
    minima = find_minima(objective, bottom, top)
    with _styled(ax) as ax:
        looks = zip(grid.step_sizes, cycle(_COLOURS), cycle(_DASHES), strict=False)
        for row, (step_size, colour, dash) in enumerate(looks):
            ends = _lost_how(grid.diverged[row], lost[row])
            name = f"step size {step_size:g}" + (f" ({ends})" if ends else "")
            lines = _until_outside(grid.thetas[row], lost[row], bottom, top)
            ax.plot(lines.T, dash, color=colour, lw=1.4)[0].set_label(name)
        ax.set(xlabel="iteration", ylabel="θ", ylim=(bottom, top), xlim=(0, grid.iterations or 1))
        _name_heights(ax, minima)
        _draw_legend(ax)
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
    with _styled(ax, height=4) as ax:
        ax.grid(False)
        look: dict[str, Any] = {"cmap": "viridis_r", "vmin": best, "vmax": max(usual, best + 1e-6)}
        mesh = ax.pcolormesh(starts, steps, reached, rasterized=True, **look)
        ax.set(xlabel="start θ", ylabel="step size")
        if lost.any():
            ax.set_facecolor(_LOST)
            ax.fill_between([], [], color=_LOST, label=_lost_how(grid.diverged, lost))
            _draw_legend(ax)
        _mark_limits(ax, minima)
        extend = "max" if values.max() > mesh.get_clim()[1] else "neither"
        label = f"value after {grid.iterations} iterations"
        ax.figure.colorbar(mesh, ax=ax, label=label, extend=extend, pad=0.01)
        return ax


def plot_losses(losses: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw loss curves over the iterations; on a logarithmic scale where they span decades.

    Args:
        losses: name → the losses of one run, in order: a list, an array or a tensor.
        ax: the axes to draw into; by default those of a new figure.

    Returns:
        The axes. A loss that is not finite leaves a gap, and the legend says so.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> ax = plot_losses({"SGD": [4.0, 2.0, 1.0], "Adam": [4.0, 0.4, 0.01]})
        >>> ax.get_yscale()
        'log'
    """
    if not isinstance(losses, Mapping) or not losses:
        refuse("losses", losses, "a dict of at least one name and its losses", TypeError)
    curves = {
        str(name): _plotted_row(f"losses[{name!r}]", each, finite=False)
        for name, each in losses.items()
    }
    finite = np.concatenate([each[np.isfinite(each)] for each in curves.values()])
    with _styled(ax) as ax:
        looks = zip(curves.items(), cycle(_COLOURS), cycle(_DASHES), strict=False)
        for (name, curve), colour, dash in looks:
            lost = np.flatnonzero(~np.isfinite(curve))
            name += f" (not finite from iteration {lost[0]})" if lost.size else ""
            gaps = np.where(np.isfinite(curve), curve, np.nan)
            ax.plot(gaps, dash, color=colour, lw=1.8, label=name)
        ax.set(xlabel="iteration", ylabel="loss")
        if finite.size and finite.min() > 0 and finite.max() > 30 * finite.min():
            ax.set_yscale("log")
        _draw_legend(ax)
        return ax


def _path_picture(
    theta_arr: Any,
    obj_arr: Any,
    objective: Objective,
    theta_true: float | None,
    vis_arr: Any,
    ax: Axes | None,
) -> Axes:
    thetas, heights = _plotted_row("theta_arr", theta_arr), _plotted_row("obj_arr", obj_arr)
    if len(thetas) != len(heights):
        raise ValueError(
            "theta_arr and obj_arr must be equally long, "
            f"but they hold {len(thetas)} and {len(heights)} numbers."
        )
    true = None if theta_true is None else number("theta_true", theta_true)
    ends = thetas if true is None else np.append(thetas, true)
    if vis_arr is None:
        vis_arr = np.linspace(*_padded(ends), _POINTS)
    curve = _plotted_row("vis_arr", vis_arr)
    values = evaluate(objective, curve)
    with _styled(ax) as ax:
        _draw_objective(ax, curve, values)
        _draw_path(ax, thetas, heights)
        if true is not None:
            name = f"true minimum {_written(true, ax.get_xlim())}"
            ax.axvline(true, color=_PINK, ls="--", lw=1.6, label=name, zorder=1)
        _draw_legend(ax)
        return ax


@contextmanager
def _styled(ax: Axes | None, height: float = 3.4) -> Iterator[Axes]:
    """The caller's axes as they are, or new ones in seaborn's style; global settings stay.

    Eight inches are the width of a page, about 700 pixels, so that a point is more than one pixel.
    """
    if ax is not None:
        if not isinstance(ax, Axes):
            refuse("ax", ax, "matplotlib axes, or None for a figure of its own", TypeError)
        yield ax
        return
    style = {"axes.spines.right": False, "axes.spines.top": False, "grid.color": "#e4e4e4"}
    with seaborn.axes_style("whitegrid", style), seaborn.plotting_context("notebook"):
        figure, own = plt.subplots(figsize=(8, height), dpi=144, layout="constrained")
        try:
            yield own
        except BaseException:  # a figure half drawn would be shown by the notebook all the same
            plt.close(figure)
            raise


def _written(value: float, ends: tuple[float, float]) -> str:
    """A number in a picture from one of these ends to the other: to about a pixel.

    >>> _written(-4.699, (-5, 5))
    '−4.70'
    """
    return fixed(value, decimals_for(ends[1] - ends[0], 316))


def _plotted_row(argument: str, values: Any, *, finite: bool = True) -> Array:
    """`values` as a vector of at least one number; of finite ones, unless that does not matter."""
    row = as_floats(argument, values, "a row of numbers")
    if row.ndim != 1 or row.size == 0:
        refuse(argument, values, f"a row of numbers (its shape is {row.shape})")
    if finite and not np.isfinite(row).all():
        refuse(argument, values, "finite; draw the part of the path before it diverged")
    return row


def _padded(values: Array, share: float = 0.06) -> tuple[float, float]:
    """The range of `values` with some air at both ends."""
    low, high = float(values.min()), float(values.max())
    air = share * (high - low) or 1.0
    return low - air, high + air


def _draw_legend(ax: Axes) -> None:
    """The legend above the axes, where it covers nothing, in rows no wider than they are."""
    names = ax.get_legend_handles_labels()[1]
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.4}
    ax.figure.canvas.figure.draw_without_rendering()  # only then the axes know their width
    for columns in range(len(names), 0, -1):
        legend = ax.legend(
            **place, ncols=columns, frameon=False, columnspacing=1.6, handletextpad=0.6
        )
        if legend.get_window_extent().width <= ax.get_window_extent().width:
            break


def _draw_objective(ax: Axes, thetas: Array, values: Array) -> None:
    """The curve that all else lies on."""
    ax.plot(thetas, values, color=_GREY, lw=2, label="objective", zorder=2)
    ax.set(xlabel="θ", ylabel="objective")
    ax.margins(x=0)


def _draw_minima(ax: Axes, minima: Sequence[Minimum]) -> None:
    """Circles for smooth minima and diamonds for kinks, each with its θ below."""
    for kink, name, marker, colour in (
        (False, "minimum", "o", _GREEN),
        (True, "kink: the slope jumps", "D", _ORANGE),
    ):
        found = [each for each in minima if each.kink == kink]
        if found:
            x, y = [each.theta for each in found], [each.value for each in found]
            ax.plot(x, y, marker, color=colour, mec="white", ms=9, zorder=3, label=name)
    for each in minima:
        ax.annotate(
            _written(each.theta, ax.get_xlim()),
            (each.theta, each.value),
            (0, -9),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize="small",
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )
    ax.margins(y=0.14)


def _draw_path(ax: Axes, thetas: Array, values: Array) -> None:
    """The path as small dots joined by a line; its start, best and final point stand out."""
    ax.plot(thetas, values, "o-", color=_BLUE, ms=4, lw=1, alpha=0.6, label="path", zorder=3)
    best = int(np.argmin(values))
    for index, name, marker, colour, size in (
        (0, "start", "s", _ORANGE, 8),
        (best, "best", "*", _GREEN, 18),
        (-1, "final", "X", _RED, 9),
    ):
        label = f"{name} {_written(thetas[index], ax.get_xlim())}"
        style: dict[str, Any] = {"color": colour, "mec": "white", "ms": size, "ls": ""}
        ax.plot(thetas[index], values[index], marker, **style, zorder=4, label=label)
    ax.margins(y=0.1)


def _label_right(ax: Axes, heights: Sequence[float], labels: Sequence[str]) -> None:
    """Write each label beside the axes at its height, moved up where two would touch."""
    low, high = ax.get_ylim()
    box = ax.get_window_extent()
    points = box.height * 72 / ax.figure.dpi
    gap = min(12 * (high - low) / points, (high - low) / max(1, len(labels)))
    order, place = np.argsort(heights), low - gap
    for rank, index in enumerate(order):
        height = heights[index]
        place = max(height, place + gap)
        place = min(place, high - gap * (len(order) - 1 - rank))
        leader = {"arrowstyle": "-", "color": _GREY, "lw": 0.8, "relpos": (0, 0.5)}
        ax.annotate(
            labels[index],
            (1, height),
            (1.03, place),
            xycoords=ax.get_yaxis_transform(),
            va="center",
            fontsize="small",
            arrowprops={**leader, "shrinkA": 2, "shrinkB": 0},
        )


def _check_grid(grid: Any) -> None:
    if not isinstance(grid, GridDescent):
        refuse("grid", grid, "what descend_grid returns", TypeError)


def _lost(grid: GridDescent) -> Array:
    """Which paths end so far away, if anywhere, that no picture should stretch to them, [S, K]."""
    far = 100 * (1 + np.abs(grid.starts).max())
    lost: Array = grid.diverged | ~(np.abs(grid.final_thetas) < far)
    return lost


def _lost_how(diverged: Array, lost: Array) -> str:
    """What becomes of those paths that are lost, or nothing if none is."""
    if not lost.any():
        return ""
    if diverged[lost].all():
        return "diverges"
    return "diverges or leaves the picture" if diverged.any() else "leaves the picture"


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
        ax.axhline(each.theta, color=_GREY, lw=0.8, ls=(0, (1, 2)), zorder=1)
    names = [
        f"{'kink' if each.kink else 'minimum'} {_written(each.theta, ax.get_ylim())}"
        for each in minima
    ]
    _label_right(ax, [each.theta for each in minima], names)


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
            same.append(_written(each.theta, (left, right)))
    ax.set(xlim=(left, right))
    places = (own[0] if len(own) == 1 else f"{len(own)} minima" for own in thetas.values())
    labels = [f"2/f″ at {at}: {limit:g}" for at, limit in zip(places, thetas, strict=True)]
    _label_right(ax, list(thetas), labels)
