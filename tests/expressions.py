"""Random scalar expressions, for tests that hold gradients to an independent oracle."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch

_UNARY: list[Callable[[torch.Tensor], torch.Tensor]] = [
    torch.sin,
    torch.cos,
    torch.tanh,
    torch.sigmoid,
    torch.abs,
    torch.neg,
    lambda x: torch.exp(torch.sin(x)),
    lambda x: torch.log(x**2 + 1),
    lambda x: torch.sqrt(x**2 + 1),
    lambda x: torch.log1p(x * x),
    lambda x: (x + 0.1) ** 3,
    lambda x: 2 - x,
    lambda x: x / 3,
]
_BINARY: list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = [
    torch.add,
    torch.sub,
    torch.mul,
    lambda x, y: x / (y * y + 1),
    lambda x, y: 0.5 * x + y,
]

Expression = Callable[..., torch.Tensor]


def random_expression(seed: int, operations: int, inputs: int = 2) -> Expression:
    """A function of `inputs` scalars that takes about `operations` operations."""
    chance = random.Random(seed)
    plan = []
    for i in range(operations):
        unary = chance.random() < 0.5
        operation = chance.choice(_UNARY if unary else _BINARY)
        # the latest value is always used, so that no operation is idle
        places = [i + inputs - 1, chance.randrange(i + inputs)][: 1 if unary else 2]
        plan.append((operation, places))

    def compute(*arguments: torch.Tensor) -> torch.Tensor:
        values = list(arguments)
        for operation, places in plan:
            values.append(operation(*(values[place] for place in places)))
        return torch.tanh(torch.stack(values).mean())

    return compute


def finite_differences(expression: Expression, at: list[float], step: float = 1e-6) -> list[float]:
    """The gradient by central differences in float64."""

    def value(numbers: list[float]) -> float:
        return float(expression(*(torch.tensor(n, dtype=torch.float64) for n in numbers)))

    return [
        (
            value([*at[:i], at[i] + step, *at[i + 1 :]])
            - value([*at[:i], at[i] - step, *at[i + 1 :]])
        )
        / (2 * step)
        for i in range(len(at))
    ]
