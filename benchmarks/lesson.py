"""What the lecture computes, in the forms that are measured: as it is, bare, and as one formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Objective = Callable[[torch.Tensor], torch.Tensor]


def objective(theta: torch.Tensor) -> torch.Tensor:
    """The lecture's wavy function."""
    return theta * torch.cos(4 * theta) + 2 * torch.abs(theta)


def small_graph(x: torch.Tensor) -> torch.Tensor:
    """The lecture's graph, y = c·sin x + x + c."""
    c = torch.tensor(3.0)
    return c * torch.sin(x) + x + c


def chain(size: int) -> Objective:
    """A function of `size` operations, one after the other."""

    def compute(x: torch.Tensor) -> torch.Tensor:
        for i in range(size):
            x = torch.sin(x) if i % 2 else x + 1
        return x

    return compute


def bare_walk(output: torch.Tensor) -> set[Any]:
    """All functions behind `output`: the least that any tracing has to do."""
    stack: list[Any] = [output.grad_fn]
    seen = set(stack)
    while stack:
        for function, _ in stack.pop().next_functions:
            if function is not None and function not in seen:
                seen.add(function)
                stack.append(function)
    return seen


def lecture_loop(
    objective: Objective, step_size: float = 0.05, max_iter: int = 100, init: float = 0.0
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The lecture's descent, rewritten and mended: it begins, and takes an integer start."""
    theta = torch.tensor(float(init), requires_grad=True)
    thetas = [theta.detach().numpy().copy()]
    values = [objective(theta).detach().numpy()]
    for _ in range(max_iter):
        if theta.grad is not None:
            theta.grad.zero_()
        objective(theta).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            theta -= step_size * theta.grad  # type: ignore[operator]  # there is one now
            thetas.append(theta.detach().numpy().copy())
            values.append(objective(theta).detach().numpy())
    return np.array(thetas), np.array(values)


def bare_loop(objective: Objective, step_size: float, max_iter: int, init: float) -> torch.Tensor:
    """The same steps in torch with nothing recorded."""
    theta = torch.tensor(init, requires_grad=True)
    for _ in range(max_iter):
        (gradient,) = torch.autograd.grad(objective(theta), theta)
        with torch.no_grad():
            theta -= step_size * gradient
    return theta


def formula_steps(theta: torch.Tensor, step: torch.Tensor, max_iter: int) -> torch.Tensor:
    """Many descents by the hand-derived slope cos 4θ − 4θ sin 4θ + 2 sign θ, in place."""
    wave, up, down = (torch.empty_like(theta) for _ in range(3))
    for _ in range(max_iter):
        torch.mul(theta, 4, out=wave)
        torch.cos(wave, out=up)
        torch.sin(wave, out=down)
        up.addcmul_(wave, down, value=-1)
        up.add_(torch.sign(theta, out=down), alpha=2)
        theta.addcmul_(step, up, value=-1)
    return theta
