"""Many descents at once: every step size with every start, as one vector of paths."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from ._arguments import integer, one_of
from ._objective import Array, Objective, as_array, checked_elementwise, numbers_in_a_row

# Paths that walk together. Their dozen temporaries then stay in the CPU's cache, where a step costs
# a tenth of what it costs from main memory; a GPU wants more work at a time and has the memory.
_CHUNK = {"cpu": 2**17, "cuda": 2**22}


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
        chunk: how many paths walk together; bounds the memory in use beside the result.

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
    at_once = integer("chunk", chunk or _CHUNK.get(begin.device.type, 2**17), at_least=1)
    shape = (len(steps), len(begin))
    # time runs along the first axis, so that an iteration writes into one block of memory
    rows = max_iter + 1 if whole else 1
    thetas, objectives = (
        as_array(torch.empty(rows, shape[0] * shape[1], dtype=steps.dtype, device="cpu"))
        for _ in range(2)
    )
    diverged = np.empty(shape[0] * shape[1], bool)
    with torch.inference_mode(False), torch.enable_grad():
        checked_elementwise(objective, begin)
        for low in range(0, len(diverged), at_once):
            own = slice(low, low + at_once)
            path = torch.arange(low, min(own.stop, len(diverged)), device=begin.device)
            step, theta = steps[path // len(begin)], begin[path % len(begin)]
            sound = _walk(objective, theta, step, max_iter, thetas[:, own], objectives[:, own])
            diverged[own] = ~sound
    thetas, objectives = (
        np.moveaxis(each.reshape(rows, *shape), 0, -1) if whole else each.reshape(shape)
        for each in (thetas, objectives)
    )
    return GridDescent(
        as_array(steps), as_array(begin), thetas, objectives, diverged.reshape(shape), max_iter
    )


def _walk(
    objective: Objective,
    theta: torch.Tensor,
    step: torch.Tensor,
    max_iter: int,
    thetas: Array,
    objectives: Array,
) -> Array:
    """Let n paths walk, fill the rows (all iterations or the last), say which stayed finite [n]."""
    sum_of_zeros = torch.zeros_like(theta)  # 0 · inf is nan, and stays: one addition remembers it
    for row in range(len(thetas) - max_iter - 1, len(thetas)):
        theta.requires_grad_()
        value = objective(theta)
        sum_of_zeros.add_(value.detach(), alpha=0)
        if row >= 0:
            thetas[row], objectives[row] = as_array(theta.detach()), as_array(value.detach())
        if row < len(thetas) - 1:
            (gradient,) = torch.autograd.grad(value.sum(), theta)
            theta = theta.detach() - step * gradient
    return as_array((sum_of_zeros + theta.detach()).isfinite())
