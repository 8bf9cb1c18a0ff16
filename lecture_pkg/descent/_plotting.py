"""What the plots share: a style that leaves global settings alone, labels that cover nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn
import torch
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from .._arguments import refuse
from .minima import Minimum
from .objective import Array

# Okabe and Ito's colours as seaborn has them, told apart with every kind of colour vision; each
# thing also has a marker or a dash of its own.
COLOURS: list[str] = seaborn.color_palette("colorblind").as_hex()
BLUE, ORANGE, GREEN, RED, PINK = COLOURS[:5]
GREY = "#5f6368"
DASHES = ("-", "--", "-.", ":")


@contextmanager
def styled(ax: Axes | None, height: float = 3.4) -> Iterator[Axes]:
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


def text(value: float, low: float, high: float) -> str:
    """A number as it is written in a picture that reaches from `low` to `high`.

    >>> text(-4.699, -5, 5)
    '−4.70'
    """
    decimals = max(0, 3 - round(math.log10(high - low)))
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


def plotted_row(argument: str, values: Any, *, finite: bool = True) -> Array:
    """`values` as a vector of at least one number; of finite ones, unless that does not matter."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().to(torch.float64).numpy()
    try:
        row = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        refuse(argument, values, "a row of numbers", TypeError)
    if row.ndim != 1 or row.size == 0:
        refuse(argument, values, f"a row of numbers (its shape is {row.shape})")
    if finite and not np.isfinite(row).all():
        refuse(argument, values, "finite; draw the part of the path before it diverged")
    return row


def padded(values: Array, share: float = 0.06) -> tuple[float, float]:
    """The range of `values` with some air at both ends."""
    low, high = float(values.min()), float(values.max())
    air = share * (high - low) or 1.0
    return low - air, high + air


def draw_legend(ax: Axes) -> None:
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


def draw_objective(ax: Axes, thetas: Array, values: Array) -> None:
    """The curve that all else lies on."""
    ax.plot(thetas, values, color=GREY, lw=2, label="objective", zorder=2)
    ax.set(xlabel="θ", ylabel="objective")
    ax.margins(x=0)


def draw_minima(ax: Axes, minima: Sequence[Minimum]) -> None:
    """Circles for smooth minima and diamonds for kinks, each with its θ below."""
    for kink, name, marker, colour in (
        (False, "minimum", "o", GREEN),
        (True, "kink: the slope jumps", "D", ORANGE),
    ):
        found = [each for each in minima if each.kink == kink]
        if found:
            x, y = [each.theta for each in found], [each.value for each in found]
            ax.plot(x, y, marker, color=colour, mec="white", ms=9, zorder=3, label=name)
    for each in minima:
        ax.annotate(
            text(each.theta, *ax.get_xlim()),
            (each.theta, each.value),
            (0, -9),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize="small",
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )
    ax.margins(y=0.14)


def draw_path(ax: Axes, thetas: Array, values: Array) -> None:
    """The path as small dots joined by a line; its start, best and final point stand out."""
    ax.plot(thetas, values, "o-", color=BLUE, ms=4, lw=1, alpha=0.6, label="path", zorder=3)
    best = int(np.argmin(values))
    for index, name, marker, colour, size in (
        (0, "start", "s", ORANGE, 8),
        (best, "best", "*", GREEN, 18),
        (-1, "final", "X", RED, 9),
    ):
        label = f"{name} {text(thetas[index], *ax.get_xlim())}"
        style: dict[str, Any] = {"color": colour, "mec": "white", "ms": size, "ls": ""}
        ax.plot(thetas[index], values[index], marker, **style, zorder=4, label=label)
    ax.margins(y=0.1)


def label_right(ax: Axes, heights: Sequence[float], labels: Sequence[str]) -> None:
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
        ax.annotate(
            labels[index],
            (1, height),
            (1.03, place),
            xycoords=ax.get_yaxis_transform(),
            va="center",
            fontsize="small",
            arrowprops={
                "arrowstyle": "-",
                "color": GREY,
                "lw": 0.8,
                "relpos": (0, 0.5),
                "shrinkA": 2,
                "shrinkB": 0,
            },
        )
