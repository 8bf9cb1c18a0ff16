"""Many descents at once: every step size with every start, as one vector of paths."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from .._arguments import integer, one_of
from .objective import (
    Array,
    Objective,
    as_array,
    checked_elementwise,
    computing_in,
    numbers_in_a_row,
    with_gradients,
)

# How many paths go together; on a CPU, for each thread. Their dozen temporaries then stay in the
# cache, where a step costs a tenth of what it costs from main memory. A GPU wants more at a time.
_ON_CPU_THREAD, _ON_GPU = 2**16, 2**22


class GridDescent(NamedTuple):
    """Descents from K starts with S step sizes each."""

    step_sizes: Array  # [S]
    starts: Array  # [K]
    thetas: Array  # [S, K, iterations + 1], or [S, K] when only the end was kept
    objectives: Array  # the same shape: the objective at these points
    diverged: Array  # [S, K] bool: the path left the finite numbers
    iterations: int

    @property
    def final_thetas(self) -> Array:
        """Where each path ended, [S, K]."""
        return self.thetas if self.thetas.ndim == 2 else self.thetas[..., -1]

    @property
    def final_objectives(self) -> Array:
        """The objective where each path ended, [S, K]."""
        return self.objectives if self.objectives.ndim == 2 else self.objectives[..., -1]


def descend_grid(
    objective: Objective,
    step_sizes: Any,
    starts: Any,
    max_iter: int = 100,
    *,
    keep: str = "path",
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float64,
    chunk: int | None = None,
) -> GridDescent:
    """Gradient descent with every step size from every start, in one batched autograd run.

    One `backward` of a sum gives every path its own gradient, because each value of an elementwise
    objective depends on its own theta alone. The numbers are those of `gradient_descent`.

    Args:
        objective: elementwise: takes n thetas, returns n values, each from its own theta alone.
        step_sizes: S positive numbers.
        starts: K numbers.
        max_iter: number of updates of every path, 0 or more.
        keep: "path" for every point, "final" for the last alone. The paths take
            2 · S · K · (max_iter + 1) numbers of memory; the ends take 2 · S · K.
        device: where to compute; by default torch's default device.
        dtype: of the computation. Large steps make descent chaotic, so float32 ends elsewhere.
        chunk: how many paths go together; bounds the memory in use beside the result.

    Returns:
        The paths. One that leaves the finite numbers is flagged in `diverged`, without an error.

    Raises:
        TypeError, ValueError: an argument is wrong; the message says how, and what is allowed.

    Example:
        >>> grid = descend_grid(lambda theta: theta**2, [0.25, 0.5], [1.0, 2.0, 4.0], 2)
        >>> grid.thetas.shape
        (2, 3, 3)
        >>> grid.thetas[0, 2].tolist()
        [4.0, 2.0, 1.0]
    """
    steps = numbers_in_a_row("step_sizes", step_sizes, device, dtype, above=0)
    begin = numbers_in_a_row("starts", starts, device, dtype)
    max_iter = integer("max_iter", max_iter, at_least=0)
    whole = one_of("keep", keep, ["path", "final"]) == "path"
    on_cpu = begin.device.type == "cpu"
    usual = _ON_CPU_THREAD * torch.get_num_threads() if on_cpu else _ON_GPU
    chunk = integer("chunk", usual if chunk is None else chunk, at_least=1)
    shape = (max_iter + 1 if whole else 1, len(steps), len(begin))
    # time runs along the first axis, so that an iteration writes into one block of memory
    thetas, objectives = (_room(steps.dtype, shape) for _ in range(2))
    finite = np.empty(len(steps) * len(begin), bool)
    objective = computing_in(begin.dtype, objective)
    with with_gradients():
        checked_elementwise(objective, begin)
        for low in range(0, finite.size, chunk):
            own = slice(low, low + chunk)
            path = torch.arange(low, min(low + chunk, finite.size), device=begin.device)
            step, start = steps[path // len(begin)], begin[path % len(begin)]
            finite[own] = _descend(
                objective, start, step, max_iter, thetas[:, own], objectives[:, own]
            )
    thetas, objectives = (
        np.moveaxis(each.reshape(shape), 0, -1) if whole else each.reshape(shape[1:])
        for each in (thetas, objectives)
    )
    diverged = ~finite.reshape(shape[1:])
    return GridDescent(as_array(steps), as_array(begin), thetas, objectives, diverged, max_iter)


def _room(dtype: torch.dtype, shape: tuple[int, int, int]) -> Array:
    """An array for all paths in one row an iteration, of the type that `as_array` makes."""
    return as_array(torch.empty(shape, dtype=dtype, device="cpu").flatten(1))


def _descend(
    objective: Objective,
    theta: torch.Tensor,
    step: torch.Tensor,
    max_iter: int,
    thetas: Array,
    objectives: Array,
) -> Array:
    """Let n paths go; fill a row for each iteration, or one with the ends; say which stayed finite.

    Args:
        objective: elementwise.
        theta: the starts, [n].
        step: the step sizes, [n].
        max_iter: number of updates.
        thetas: [max_iter + 1, n] or [1, n], filled with the points.
        objectives: of the same shape, filled with their values.
    """
    zeros = torch.zeros_like(theta)  # as 0 · inf is nan, adding 0 · value remembers what was inf
    for iteration in range(max_iter + 1):
        value = objective(theta.requires_grad_())
        zeros.add_(value.detach(), alpha=0)
        if len(thetas) > 1 or iteration == max_iter:
            row = min(iteration, len(thetas) - 1)
            thetas[row], objectives[row] = as_array(theta), as_array(value)
        if iteration < max_iter:
            (gradient,) = torch.autograd.grad(value.sum(), theta)
            theta = theta.detach() - step * gradient
    return as_array((zeros + theta).isfinite())
