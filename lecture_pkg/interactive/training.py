"""Watch a curve being learnt: the fit over the data and the losses, epoch by epoch."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from .._arguments import refuse
from ..descent.objective import Array, as_floats
from ..values import minus
from .figure import Figure, figure_decimals, pack, within_budget
from .plane import (
    FAINT,
    FLOW,
    INK,
    LEAF,
    LEFT,
    PAPER,
    RIGHT,
    VALUE,
    WIDTH,
    Plane,
    label,
    picture,
    tag,
    ticks,
)  # fmt: skip
from .survey import rising

MOST_SERIES = 3
_COLOURS = (VALUE, FLOW, LEAF)
_DASHES = ("none", "7 3", "2 3")


class Training(NamedTuple):
    """What was kept while a curve was learnt: E epochs, P places, a few sets of points."""

    epochs: list[int]  # [E]
    at: Array  # [P]
    fits: Array  # [E, P]
    points: dict[str, tuple[Array, Array]]  # by name: inputs and targets
    losses: dict[str, Array]  # by name: [E]

    @property
    def lowest(self) -> dict[str, int]:
        """For each loss, the place in `epochs` at which it was lowest."""
        return {name: int(losses.argmin()) for name, losses in self.losses.items()}


def watch_training(
    at: Any,
    fits: Any,
    *,
    points: Mapping[str, tuple[Any, Any]],
    losses: Mapping[str, Any],
    epochs: Sequence[int] | None = None,
) -> Figure:
    """A figure with a slider for the epoch: the fit over the data, and how the losses went.

    Your own loop keeps the numbers; the figure only shows them.

    Args:
        at: P inputs that rise, where the fit was evaluated.
        fits: what the model gave there, a row of P numbers for each of E epochs.
        points: one to three sets of data by name, such as `{"training": (x, y)}`: inputs and
            targets, as many of one as of the other.
        losses: under the same names, E positive numbers each: the loss after each epoch.
        epochs: the numbers of the E epochs, which rise; by default 1, 2, … E.

    Returns:
        The figure; return it from a cell to see it.

    Raises:
        TypeError, ValueError: an argument is wrong, or there are more numbers than a page should
            carry.

    Example:
        >>> watch_training(
        ...     [0.0, 1.0],
        ...     [[0.0, 0.0], [0.0, 0.5]],
        ...     points={"training": ([1.0], [1.0])},
        ...     losses={"training": [1.0, 0.25]},
        ... )
        2 epochs of training. After epoch 2: training loss 0.2500.
    """
    kept = _checked(at, fits, points, losses, epochs)
    decimals = figure_decimals(float(np.ptp(kept.fits)))
    story = f"After epoch {kept.epochs[-1]}: {_said(kept, -1)}."
    figure = Figure(
        kind="training",
        label="A curve being learnt, epoch by epoch",
        data={
            "epochs": kept.epochs,
            "at": pack(kept.at[None], 4)[0],
            "places": len(kept.at),
            "decimals": decimals,
            "fits": pack(kept.fits, decimals),
            "names": list(kept.points),
            "points": [[pack(row[None], 4)[0] for row in both] for both in kept.points.values()],
            "counts": [len(xs) for xs, _ in kept.points.values()],
            # of their logarithms: a loss that falls by powers of ten keeps its digits
            "losses": [pack(np.log10(losses)[None], 5)[0] for losses in kept.losses.values()],
            "lowest": list(kept.lowest.values()),
        },
        still=_still(kept),
        alt=f"The data with the fit after the last epoch, and the losses over the epochs. {story}",
        summary=f"{len(kept.epochs)} epochs of training. {story}",
        extra_html=_table(kept),
        parts=("plane",),
    )
    return within_budget([figure], kept.fits.size, "Keep fewer epochs, or fewer places")


def _checked(at: Any, fits: Any, points: Any, losses: Any, epochs: Any) -> Training:
    places = np.asarray(rising("at", at))
    if len(places) < 2:
        refuse("at", at, "at least two numbers")
    curves = _numbers("fits", fits, dimensions=2)
    if curves.shape[1] != len(places):
        refuse("fits", fits, f"rows of {len(places)} numbers, one for each of at")
    for name, value in (("points", points), ("losses", losses)):
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            refuse(name, value, "a dict with names as keys", TypeError)
    if not 1 <= len(points) <= MOST_SERIES or set(points) != set(losses):
        refuse("losses", list(losses), f"one to {MOST_SERIES} entries, named as points are")
    data = {name: _pair(f"points[{name!r}]", both) for name, both in points.items()}
    kept = {name: _losses(f"losses[{name!r}]", losses[name], len(curves)) for name in points}
    numbers = _epochs(epochs, len(curves))
    return Training(numbers, places, curves, data, kept)


def _numbers(argument: str, values: Any, dimensions: int) -> Array:
    """`values` as an array of finite numbers of that many dimensions, not empty."""
    allowed = f"finite numbers in {dimensions} dimension{'s' if dimensions > 1 else ''}"
    found = as_floats(argument, values, allowed)
    if found.ndim != dimensions or found.size == 0 or not np.isfinite(found).all():
        refuse(argument, values, allowed)
    return found


def _pair(argument: str, both: Any) -> tuple[Array, Array]:
    if not isinstance(both, list | tuple) or len(both) != 2:
        refuse(argument, both, "a pair: inputs and targets", TypeError)
    flat = [row.reshape(-1) if isinstance(row, torch.Tensor | np.ndarray) else row for row in both]
    xs, ys = (_numbers(argument, row, dimensions=1) for row in flat)
    if len(xs) != len(ys):
        refuse(argument, (len(xs), len(ys)), "as many inputs as targets")
    return xs, ys


def _losses(argument: str, values: Any, count: int) -> Array:
    found = _numbers(argument, values, dimensions=1)
    if len(found) != count or found.min() <= 0:
        refuse(argument, values, f"{count} positive numbers, one for each row of fits")
    return found


def _epochs(epochs: Any, count: int) -> list[int]:
    if epochs is None:
        return list(range(1, count + 1))
    found = rising("epochs", epochs)
    if len(found) != count or any(epoch != int(epoch) for epoch in found):
        refuse("epochs", epochs, f"{count} whole numbers, one for each row of fits")
    return [int(epoch) for epoch in found]


def _said(kept: Training, place: int) -> str:
    """The losses at a place in `epochs`, and for each that has risen since, where it was lowest."""
    parts = []
    for name, losses in kept.losses.items():
        best = kept.lowest[name]
        since = f" (lowest: {loss_text(losses[best])} after epoch {kept.epochs[best]})"
        risen = losses[place] > losses[best]
        parts.append(f"{name} loss {loss_text(losses[place])}{since if risen else ''}")
    return ", ".join(parts)


def loss_text(loss: float) -> str:
    """A loss as the figure writes it.

    >>> loss_text(0.25), loss_text(5.3e-6)
    ('0.2500', '5.3e−6')
    """
    text = f"{loss:.4f}" if loss >= 1e-3 else f"{loss:.1e}".replace("e-0", "e-")
    return minus(text)


def _table(kept: Training) -> str:
    """For readers without the script: the losses at some of the epochs."""
    count = len(kept.epochs)
    shown = sorted({round(i * (count - 1) / 7) for i in range(8)} | set(kept.lowest.values()))
    head = "".join(f"<th>{html.escape(name)} loss</th>" for name in kept.losses)
    rows = "".join(
        f"<tr><td>{kept.epochs[i]}</td>"
        + "".join(f"<td>{loss_text(losses[i])}</td>" for losses in kept.losses.values())
        + "</tr>"
        for i in shown
    )
    return f"<table><thead><tr><th>epoch</th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _still(kept: Training) -> str:
    """The fit after the last epoch over the data, and below it the losses."""
    xs = np.concatenate([kept.at, *(each for each, _ in kept.points.values())])
    ys = np.concatenate([kept.fits[-1], *(each for _, each in kept.points.values())])
    logs = {name: np.log10(losses) for name, losses in kept.losses.items()}
    low = float(min(each.min() for each in logs.values()))
    high = float(max(each.max() for each in logs.values()))
    wide = WIDTH - LEFT - RIGHT
    data = Plane(LEFT, 52, wide, 240, (xs.min(), xs.max()), (ys.min(), ys.max()))
    below = Plane(
        LEFT, 372, wide, 130, (kept.epochs[0], kept.epochs[-1]), (low - 0.05, high + 0.05)
    )
    parts = [
        data.x_axis("input", ticks(*data.x, 6)),
        data.y_axis("target", ticks(*data.y, 4)),
        below.x_axis("epoch", ticks(*below.x, 5)),
        label("loss", LEFT - 34, below.top - 10, "start", fill=INK),
    ]
    for mark in power_ticks(low, high):
        parts.append(below.across(np.log10(mark), stroke=FAINT))
        parts.append(label(f"{mark:g}", LEFT - 8, below.at(0, np.log10(mark))[1] + 4, "end"))
    for i, (name, (px, py)) in enumerate(kept.points.items()):
        colour, fill = _COLOURS[i], _COLOURS[i] if i == 0 else PAPER
        dots = [data.mark(x, y, 3.5) for x, y in zip(px, py, strict=True)]
        style = {"stroke": colour, "stroke_width": 2, "stroke_dasharray": _DASHES[i]}
        parts += [
            tag("g", *dots, fill=fill, stroke=colour),
            below.line(np.asarray(kept.epochs), logs[name], **style),
            tag("circle", cx=LEFT + 150 * i + 6, cy=20, r=4.5, fill=fill, stroke=colour),
            label(name, LEFT + 150 * i + 18, 24, "start", fill=INK),
        ]
    fit = data.line(kept.at, kept.fits[-1], stroke=INK, stroke_width=2.5)
    return picture(below.top + 174, [*parts, data.clipped("fit", fit)])


def power_ticks(low: float, high: float) -> list[float]:
    """Round numbers between two powers of ten, for an axis of logarithms.

    >>> power_ticks(-1.1, 0.2)
    [0.1, 1.0]
    """
    whole = [10.0**k for k in range(int(np.ceil(low)), int(np.floor(high)) + 1)]
    if len(whole) > 1:
        return whole
    return [mark for mark in ticks(10.0**low, 10.0**high, 4) if mark > 0]
