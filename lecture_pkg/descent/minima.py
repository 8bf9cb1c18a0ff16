"""Where a function of one number has its minima and ridges, and which steps a minimum can hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .._arguments import integer, number
from .objective import Objective, checked_elementwise, computing_in, with_gradients

_HALVINGS = 80  # from any spacing down to neighbouring float64 numbers


class Minimum(NamedTuple):
    """A local minimum; `step_limit` is 2/f″, above which plain gradient descent leaves it."""

    theta: float
    value: float
    curvature: float  # f″; inf at a kink
    step_limit: float  # 2/f″: 0 at a kink, inf where f″ is 0
    kink: bool  # the slope jumps here, as that of |θ| at 0


def find_minima(
    objective: Objective, low: float, high: float, *, points: int = 10_001
) -> tuple[Minimum, ...]:
    """All local minima of a function of one number between `low` and `high`.

    The slope, which autograd computes at every point of a grid, turns from negative to positive at
    a minimum; halving the interval finds the place. f″ comes from a second backward pass.

    Near a minimum a step of size s multiplies the distance by 1 − s·f″, so the distance shrinks
    only if s < 2/f″ (Nesterov, Lectures on Convex Optimization, 2018, section 1.2.3). At a kink no
    positive step is small enough: the descent bounces across it.

    Args:
        objective: elementwise: takes n thetas, returns n values, each from its own theta alone.
        low: the left end of the interval; an end is never counted as a minimum.
        high: the right end, above `low`.
        points: how many points the grid has; two minima must be further apart than its spacing.

    Returns:
        The minima from left to right, computed in float64.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> find_minima(lambda theta: (theta - 1) ** 2 + 3, -5, 5)
        (Minimum(theta=1.0, value=3.0, curvature=2.0, step_limit=1.0, kink=False),)
    """
    objective = computing_in(torch.float64, objective)
    with with_gradients():
        grid = _grid(objective, low, high, points)
        spacing = float(grid[1] - grid[0])
        theta = _turns(objective, grid)
        curvature = curvatures(objective, theta)
        kink, pole = _kinks(objective, theta, spacing), _poles(objective, theta, spacing)
        value = objective(theta)
    curvature = torch.where(kink, torch.inf, curvature)
    limit = 2 / curvature.clamp(min=0)
    columns = (each[~pole].tolist() for each in (theta, value, curvature, limit, kink))
    return tuple(Minimum(*row) for row in zip(*columns, strict=True))


class Ridge(NamedTuple):
    """A local maximum: the valley of one minimum ends here, and the next begins."""

    theta: float
    value: float  # inf at a pole


def find_ridges(
    objective: Objective, low: float, high: float, *, points: int = 10_001
) -> tuple[Ridge, ...]:
    """All local maxima of a function of one number between `low` and `high`.

    Between two neighbouring minima lies one ridge. A path of gradient descent that crosses it has
    left its valley; steps that never cross one end in the valley that they started in.

    Args:
        objective: elementwise, as for `find_minima`.
        low: the left end of the interval; an end is never counted as a ridge.
        high: the right end, above `low`.
        points: how many points the grid has on which the slope is looked at, as in `find_minima`.

    Returns:
        The ridges from left to right, computed in float64.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> find_ridges(lambda theta: (theta**2 - 1) ** 2, -5, 5)
        (Ridge(theta=0.0, value=1.0),)
    """
    objective = computing_in(torch.float64, objective)
    with with_gradients():
        grid = _grid(objective, low, high, points)
        theta = _turns(lambda at: -objective(at), grid)
        return tuple(map(Ridge, theta.tolist(), objective(theta).tolist()))


def _grid(objective: Objective, low: Any, high: Any, points: Any) -> torch.Tensor:
    """The points at which the slope is looked at, once all arguments are found to be right."""
    low = number("low", low)
    high = number("high", high, above=low)
    points = integer("points", points, at_least=3)
    grid = torch.linspace(low, high, points, dtype=torch.float64)
    checked_elementwise(objective, grid)
    return grid


def _turns(objective: Objective, grid: torch.Tensor) -> torch.Tensor:
    """The places between `grid`'s ends at which the slope turns from negative to positive."""
    theta = _halved(objective, *_brackets(objective, grid))
    return torch.where(theta.abs() < 1e-15 * (grid[-1] - grid[0]), 0.0, theta)


def slopes_at(objective: Objective, theta: torch.Tensor) -> torch.Tensor:
    """f′ at each theta, by one backward pass for all."""
    theta = theta.detach().requires_grad_()
    (slope,) = torch.autograd.grad(objective(theta).sum(), theta)
    return slope


def _brackets(objective: Objective, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Pairs of grid points, the slope negative at the left and positive at the right one."""
    slope, value = slopes_at(objective, grid), objective(grid)
    # a point on the floor of a minimum says nothing about the side it lies on: its slope is 0, or
    # nan where it is not defined; but where the value is not defined either, two branches part
    silent = value.isfinite() & ~(slope.abs() > 0)
    grid, slope = grid[~silent], slope[~silent]
    turns = (slope[:-1] < 0) & (slope[1:] > 0)
    return grid[:-1][turns], grid[1:][turns]


def _halved(objective: Objective, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Halve all brackets at once, keeping the turn of the slope inside; return the lower end."""
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        slope = slopes_at(objective, middle)
        left, right = (
            torch.where(slope > 0, left, middle),
            torch.where(slope < 0, right, middle),
        )
    return torch.where(objective(left) <= objective(right), left, right)


def curvatures(objective: Objective, theta: torch.Tensor) -> torch.Tensor:
    """f″ by a second backward pass through the first one."""
    theta = theta.detach().requires_grad_()
    (slope,) = torch.autograd.grad(objective(theta).sum(), theta, create_graph=True)
    if not slope.requires_grad:  # a piece of straight line: the slope does not depend on theta
        return torch.zeros_like(theta)
    (curvature,) = torch.autograd.grad(slope.sum(), theta, materialize_grads=True)
    return curvature


def _kinks(objective: Objective, theta: torch.Tensor, spacing: float) -> torch.Tensor:
    """Whether the slope jumps at theta instead of changing in proportion to the distance."""
    near, far = (
        slopes_at(objective, theta + reach) - slopes_at(objective, theta - reach)
        for reach in (1e-6 * spacing, spacing)
    )
    return near > 1e-4 * far  # a smooth slope changes by a millionth of that, one that jumps by all


def _poles(objective: Objective, theta: torch.Tensor, spacing: float) -> torch.Tensor:
    """Whether the value falls without end: no minimum, though the slope turns.

    Towards a pole of any kind, the last millionth of the way goes deeper than all before it.
    """
    value = objective(theta)
    sides = ((theta + side * 1e-6 * spacing, theta + side * spacing) for side in (-1, 1))
    deeper = [objective(near) - value > objective(far) - objective(near) for near, far in sides]
    return ~value.isfinite() | (deeper[0] & deeper[1])
