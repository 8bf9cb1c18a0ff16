"""Gradient descent, one path at a time: the lecture's loop, mended, with the path it took."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch

from .._arguments import integer, number, refuse
from .objective import (
    Array,
    Objective,
    as_array,
    callable_objective,
    checked_value,
    cut_off,
    starting_point,
    with_gradients,
)

Points = Iterator[tuple[torch.Tensor, torch.Tensor]]  # a point and its value, without end


class Descent(NamedTuple):
    """The path of one descent; unpacks as the lecture's `(thetas, objectives)`."""

    thetas: Array  # [iterations + 1, *shape of the start], the start first
    objectives: Array  # [iterations + 1], the objective at each of these points


class DivergedError(ValueError):
    """A descent left the finite numbers.

    Attributes:
        iteration: the first iteration whose point or value is not finite (the start is 0).
        path: the `Descent` up to there; all of it is finite.
    """

    def __init__(self, iteration: int, path: Descent) -> None:
        """Keep how far the descent came; the message is made from it."""
        super().__init__(iteration, path)
        self.iteration = iteration
        self.path = path

    def __str__(self) -> str:
        """Say where it happened and what to try."""
        return (
            "the descent diverged: its point or value is no longer finite at iteration "
            f"{self.iteration}. Take a smaller step_size or another init; the finite part of the "
            "path is in this error's .path."
        )


def gradient_descent(
    objective: Objective,
    step_size: float = 0.05,
    max_iter: int = 100,
    init: Any = 0,
    *,
    optimizer: Callable[..., torch.optim.Optimizer] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Descent:
    """Walk downhill from `init`, against the gradient, and keep every point of the way.

    Each iteration is `theta -= step_size * gradient`, as in the lecture.

    Args:
        objective: takes theta (a tensor shaped like `init`), returns a tensor with one number.
        step_size: positive; how far to go along the negative gradient.
        max_iter: number of updates, 0 or more.
        init: where to start: a number, or a tensor, array or list of numbers of any shape. An
            integer becomes a float, since integers have no gradients. It is copied, not changed.
        optimizer: a class of torch.optim, made with `lr=step_size`; or a function from the list of
            parameters to an optimizer, which then sets its own step size.
        device: where to compute; by default where `init` lies, or torch's default device.
        dtype: of theta; by default that of `init`, or torch's default for a number.

    Returns:
        thetas, an array of shape [max_iter + 1, ...shape of init], and objectives, [max_iter + 1].

    Raises:
        DivergedError: a point or value is not finite; it names the iteration and carries the path.
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> thetas, objectives = gradient_descent(lambda theta: theta**2, 0.25, 3, init=1)
        >>> thetas.tolist()
        [1.0, 0.5, 0.25, 0.125]
    """
    callable_objective(objective)
    step_size = number("step_size", step_size, above=0)
    max_iter = integer("max_iter", max_iter, at_least=0)
    with with_gradients():
        theta = starting_point(init, device, dtype).requires_grad_()
        if optimizer is None:
            points = _plain_points(objective, theta, step_size)
        else:
            points = _optimizer_points(objective, theta, _made(optimizer, theta, step_size))
        return _kept(points, max_iter)


def _plain_points(objective: Objective, theta: torch.Tensor, step_size: float) -> Points:
    """Yield point and value, then take one step; a new tensor each time, so no copy is needed."""
    while True:
        value = checked_value(objective(theta))
        yield theta.detach(), value
        theta = (theta.detach() - step_size * _gradient(value, theta)).requires_grad_()


def _optimizer_points(
    objective: Objective, theta: torch.Tensor, optimizer: torch.optim.Optimizer
) -> Points:
    """The same with an optimizer, which changes theta in place and may look at several points."""

    def closure() -> Any:
        value = checked_value(objective(theta))
        theta.grad = _gradient(value, theta)
        return value

    while True:
        point = theta.detach().clone()
        yield point, optimizer.step(closure)  # type: ignore[misc]  # a step returns closure's first


def _gradient(value: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """The gradient for theta alone: `.backward()` would also fill other leaves' `.grad`."""
    (gradient,) = torch.autograd.grad(value, theta, allow_unused=True)
    if gradient is None:
        cut_off(value)
    return gradient


def _made(optimizer: Any, theta: torch.Tensor, step_size: float) -> torch.optim.Optimizer:
    """The optimizer that moves theta, made from a class or by a factory."""
    allowed = "a class of torch.optim, or a function from parameters to an optimizer"
    if isinstance(optimizer, torch.optim.Optimizer) or not callable(optimizer):
        refuse("optimizer", optimizer, allowed, TypeError)
    is_class = isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer)
    made = optimizer([theta], lr=step_size) if is_class else optimizer([theta])
    if not isinstance(made, torch.optim.Optimizer):
        refuse("optimizer", made, f"{allowed}; what it returned", TypeError)
    if not any(theta is each for group in made.param_groups for each in group["params"]):
        raise ValueError("optimizer must be given the parameters it is called with to move.")
    return made


def _kept(points: Points, max_iter: int) -> Descent:
    """The path of the first `max_iter` steps."""
    thetas: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    for iteration, (theta, value) in zip(range(max_iter + 1), points, strict=False):
        if not math.isfinite(value.item()):
            if iteration == 0:
                refuse("objective(theta)", value.item(), "finite at init")
            raise DivergedError(iteration, _descent(thetas, values))
        thetas.append(theta)
        values.append(value.detach())
    return _descent(thetas, values)


def _descent(thetas: list[torch.Tensor], values: list[torch.Tensor]) -> Descent:
    """The path as arrays; a point may be infinite even where its value is not."""
    points = torch.stack(thetas)
    path = Descent(as_array(points), as_array(torch.stack(values).flatten()))
    finite = points.isfinite().reshape(len(points), -1).all(1)
    if not finite.all():
        first = int((~finite).nonzero()[0])
        raise DivergedError(first, Descent(path.thetas[:first], path.objectives[:first]))
    return path
