"""Random expressions of scalars, and their derivatives from nothing but their values."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch

Tensor = torch.Tensor

_ONE: list[Callable[[Tensor], Tensor]] = [
    torch.sin,
    torch.cos,
    torch.tanh,
    torch.sigmoid,
    torch.neg,
    lambda a: a**2,
    lambda a: torch.log(a**2 + 1),
    lambda a: torch.sqrt(a**2 + 1),
    lambda a: 3 * a,
    lambda a: a / 2 - 0.5,
]
_TWO: list[Callable[[Tensor, Tensor], Tensor]] = [
    torch.add,
    torch.sub,
    torch.mul,
    lambda a, b: a / (b**2 + 1),
]


def start(seed: int) -> list[Tensor]:
    """One to three leaves in float64."""
    draw = random.Random(seed)
    count = draw.randint(1, 3)
    return [
        torch.tensor(draw.uniform(-2, 2), dtype=torch.float64, device="cpu", requires_grad=True)
        for _ in range(count)
    ]


def expression(seed: int, leaves: list[Tensor]) -> Tensor:
    """An expression of the leaves, of some 3 to 40 operations; the same for the same seed."""
    draw = random.Random(1000 + seed)
    unused, used = list(leaves), list(leaves)
    for _ in range(draw.randint(2, 20)):
        first = unused.pop(draw.randrange(len(unused))) if unused else draw.choice(used)
        if abs(first.item()) > 5:
            result = torch.tanh(first)
        elif draw.random() < 0.5:
            result = draw.choice(_ONE)(first)
        else:
            others = [tensor for tensor in used if tensor is not first]
            result = draw.choice(_TWO)(first, draw.choice(others or used))
        unused.append(result)
        used.append(result)
    while len(unused) > 1:
        unused.append(unused.pop(0) + unused.pop(0))
    return torch.sin(unused[0]) + unused[0]


def finite_differences(function: Callable[[list[Tensor]], Tensor], at: list[Tensor]) -> list[float]:
    """Central differences of a function of scalars."""
    values = [leaf.item() for leaf in at]
    step, slopes = 1e-6, []
    for i in range(len(values)):
        ends = []
        for sign in (1, -1):
            moved = [v + sign * step * (i == j) for j, v in enumerate(values)]
            ends.append(function([torch.tensor(v, dtype=torch.float64) for v in moved]).item())
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return slopes
