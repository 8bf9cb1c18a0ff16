"""What the tests of the figures about descent share: objectives, and oracles of their own."""

from __future__ import annotations

import math

import numpy as np
import torch


def lecture(theta: torch.Tensor) -> torch.Tensor:
    """The lecture's non-convex objective."""
    return theta * torch.cos(4 * theta) + 2 * torch.abs(theta)


def himmelblau(theta: torch.Tensor) -> torch.Tensor:
    """Four valleys of value 0: near (3, 2), (−2.81, 3.13), (−3.78, −3.28) and (3.58, −1.85)."""
    x, y = theta
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def unpack(row: str | list[float], decimals: int) -> list[float]:
    """Read a row that `pack` wrote, by the definition of the encoded-polyline format."""
    if not isinstance(row, str):
        return row
    numbers, whole, value, shift = [], 0, 0, 0
    for letter in row:
        group = ord(letter) - 63
        value |= (group & 31) << shift
        shift += 5
        if group < 32:
            whole += ~(value >> 1) if value & 1 else value >> 1
            numbers.append(whole / 10**decimals)
            value = shift = 0
    return numbers


def by_hand(objective, step_size: float, start: float, steps: int) -> tuple[list, list, list]:
    """Points, values and slopes of gradient descent, in bare torch, one path, float64."""
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    points, values, slopes = [], [], []
    for _ in range(steps + 1):
        theta.grad = None
        value = objective(theta)
        value.backward()
        points.append(theta.item())
        values.append(value.item())
        slopes.append(theta.grad.item())
        with torch.no_grad():
            theta -= step_size * theta.grad
    return points, values, slopes


def by_optimizer(objective, factory, start, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and values of one of torch's optimizers, in bare torch, float64."""
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = factory([theta])
    points, values = [], []
    for _ in range(steps + 1):
        optimizer.zero_grad()
        value = objective(theta)
        points.append(theta.tolist())
        values.append(value.item())
        value.backward()
        optimizer.step()
    return np.array(points), np.array(values)


def almost(one, other, decimals: int = 4) -> bool:
    """Equal but for the rounding of the last decimal."""
    unit = 0.51 * 10.0**-decimals
    return len(one) == len(other) and all(
        math.isclose(a, b, abs_tol=unit) for a, b in zip(one, other, strict=True)
    )
