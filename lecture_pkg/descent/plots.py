"""Still pictures: the objective, paths over it, losses, and where each start ends up."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .._arguments import number, refuse
from ._plotting import (
    COLOURS,
    DASHES,
    PINK,
    draw_legend,
    draw_minima,
    draw_objective,
    draw_path,
    padded,
    plotted_row,
    styled,
    text,
)
from .minima import find_minima
from .objective import Array, Objective, evaluate

_LOST = "#c9ccd1"
_POINTS = 2001
_MOST_STEP_SIZES = 8
_MOST_PATHS = 400


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
    with styled(ax) as ax:
        draw_objective(ax, thetas, values)
        draw_minima(ax, minima)
        draw_legend(ax)
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
        str(name): plotted_row(f"losses[{name!r}]", each, finite=False)
        for name, each in losses.items()
    }
    finite = np.concatenate([each[np.isfinite(each)] for each in curves.values()])
    with styled(ax) as ax:
        looks = zip(curves.items(), cycle(COLOURS), cycle(DASHES), strict=False)
        for (name, curve), colour, dash in looks:
            lost = np.flatnonzero(~np.isfinite(curve))
            name += f" (not finite from iteration {lost[0]})" if lost.size else ""
            shown = np.where(np.isfinite(curve), curve, np.nan)
            ax.plot(shown, dash, color=colour, lw=1.8, label=name)
        ax.set(xlabel="iteration", ylabel="loss")
        if finite.size and finite.min() > 0 and finite.max() > 30 * finite.min():
            ax.set_yscale("log")
        draw_legend(ax)
        return ax


def _path_picture(
    theta_arr: Any,
    obj_arr: Any,
    objective: Objective,
    theta_true: float | None,
    vis_arr: Any,
    ax: Axes | None,
) -> Axes:
    thetas, heights = plotted_row("theta_arr", theta_arr), plotted_row("obj_arr", obj_arr)
    if len(thetas) != len(heights):
        raise ValueError(
            "theta_arr and obj_arr must be equally long, "
            f"but they hold {len(thetas)} and {len(heights)} numbers."
        )
    true = None if theta_true is None else number("theta_true", theta_true)
    ends = thetas if true is None else np.append(thetas, true)
    curve = (
        np.linspace(*padded(ends), _POINTS) if vis_arr is None else plotted_row("vis_arr", vis_arr)
    )
    values = evaluate(objective, curve)
    with styled(ax) as ax:
        draw_objective(ax, curve, values)
        draw_path(ax, thetas, heights)
        if true is not None:
            name = f"true minimum {text(true, *ax.get_xlim())}"
            ax.axvline(true, color=PINK, ls="--", lw=1.6, label=name, zorder=1)
        draw_legend(ax)
        return ax
