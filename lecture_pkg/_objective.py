"""What every descent asks of its caller: a start to begin at, an objective that can be derived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ._arguments import number, refuse, shown
from .devices import checked_device

Objective = Callable[[torch.Tensor], torch.Tensor]
Array = npt.NDArray[Any]

_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def checked_dtype(dtype: Any) -> torch.dtype:
    """`dtype` if gradients can be computed in it; otherwise a TypeError that lists those."""
    if dtype not in _DTYPES:
        refuse("dtype", dtype, "one of " + ", ".join(map(str, _DTYPES)), TypeError)
    return dtype  # type: ignore[no-any-return]


def callable_objective(objective: Any) -> Objective:
    """`objective` if it can be called; otherwise a TypeError."""
    if not callable(objective):
        refuse("objective", objective, "a function that takes a tensor", TypeError)
    return objective  # type: ignore[no-any-return]


def starting_point(init: Any, device: Any, dtype: Any) -> torch.Tensor:
    """A tensor of its own to begin at: a copy of `init`, as floats even where `init` is int."""
    dtype = None if dtype is None else checked_dtype(dtype)
    device = None if device is None else checked_device("device", device)
    allowed = "a finite number, or a tensor or an array of them"
    if isinstance(init, torch.Tensor | np.ndarray | list | tuple):
        try:
            start = torch.as_tensor(init)
        except (TypeError, ValueError, RuntimeError):
            refuse("init", init, allowed, TypeError)
        if start.is_complex() or start.dtype == torch.bool or start.numel() == 0:
            refuse("init", init, allowed, TypeError)
        if not start.is_floating_point():
            dtype = dtype or torch.get_default_dtype()
    else:
        start = torch.tensor(number("init", init))
    start = start.detach().to(device=device, dtype=dtype, copy=True)
    if not bool(start.isfinite().all()):
        refuse("init", init, allowed)
    return start


def checked_value(value: Any) -> torch.Tensor:
    """What an objective returned, if it is one number that still knows where it came from."""
    wanted = "a tensor with one floating-point number"
    if not isinstance(value, torch.Tensor):
        cure = "write the objective with torch functions, without math, NumPy, float() or .item()"
        refuse("objective(theta)", value, f"{wanted} ({cure})", TypeError)
    if value.numel() != 1:
        raise ValueError(
            f"objective(theta) must be {wanted}, but its shape is {tuple(value.shape)}. "
            "Reduce it, for example with .sum() or .mean()."
        )
    if not value.is_floating_point():
        refuse("objective(theta)", value, wanted, TypeError)
    if not value.requires_grad:
        cut_off(value)
    return value


def cut_off(value: torch.Tensor) -> None:
    """Raise the ValueError for a value through which no gradient can flow back to theta."""
    raise ValueError(
        "objective(theta) must be computed from theta by differentiable operations, but "
        f"{shown(value)} is cut off from it. Look for detach(), .data, .item(), torch.no_grad(), "
        "torch.tensor(theta), or a result that does not use theta at all."
    )
