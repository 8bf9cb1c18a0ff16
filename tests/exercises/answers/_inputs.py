"""Random inputs that the answers of several chapters are tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Random = np.random.Generator


def size(random: Random) -> int:
    return int(random.integers(2, 7))


def tensor(random: Random, *shape: int) -> torch.Tensor:
    return torch.tensor(random.normal(size=shape))


def objective(random: Random) -> Callable[[torch.Tensor], torch.Tensor]:
    a, b = random.uniform(0.5, 1.5, size=2)
    return lambda t: a * torch.exp(t / 2) + b * (t - 0.3) ** 2


def regression(random: Random) -> tuple[torch.Tensor, ...]:
    m, n = size(random), size(random)
    return tensor(random, m, n), tensor(random, m), tensor(random, n).requires_grad_()


def graph_too(result: torch.Tensor, *arguments: Any) -> Any:
    """A result with its gradients."""
    leaves = [a for a in arguments if a.requires_grad]
    return result, torch.autograd.grad(result, leaves)
