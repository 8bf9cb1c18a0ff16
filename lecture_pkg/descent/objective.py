"""What every descent asks of its caller: a start to begin at, an objective that can be derived."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .._arguments import number, refuse, shown
from ..devices import checked_device

Objective = Callable[[torch.Tensor], torch.Tensor]
Array = npt.NDArray[Any]

_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@contextmanager
def with_gradients() -> Iterator[None]:
    """With gradients, also where the caller stands inside no_grad() or inference_mode()."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


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


def computing_in(dtype: torch.dtype, objective: Any, device: str | None = None) -> Objective:
    """`objective`, or a copy that takes such theta if it is a torch module made for another."""
    if not isinstance(objective, torch.nn.Module):
        return callable_objective(objective)
    return deepcopy(objective).to(device=device, dtype=dtype)


class OtherDtypeError(ValueError):
    """The objective's own tensors are of another dtype than theta."""


def called(objective: Objective, theta: torch.Tensor) -> Any:
    """What `objective` makes of theta; an OtherDtypeError if torch refuses to mix the dtypes."""
    try:
        return objective(theta)
    except RuntimeError as error:
        if not re.search(r"same dtype|scalar type|but found Double|Double and Float", str(error)):
            raise
        dtype = str(theta.dtype).removeprefix("torch.")
        raise OtherDtypeError(
            f"objective must take theta in {dtype}, in which its descents are computed, but torch "
            f"said: {error}. Make its own tensors and modules {dtype} too, with .to({theta.dtype})."
        ) from error


def starting_point(init: Any, device: Any, dtype: Any) -> torch.Tensor:
    """A tensor of its own to begin at: a copy of `init`, as floats even where `init` is int."""
    dtype = None if dtype is None else checked_dtype(dtype)
    device = None if device is None else checked_device("device", device)
    allowed = "a finite number, or a tensor or an array of them"
    has_dtype = isinstance(init, torch.Tensor | np.ndarray)
    given = init if has_dtype or isinstance(init, list | tuple) else number("init", init)
    try:
        # by way of NumPy, or a Python float would be rounded to float32 on its way to float64
        start = torch.as_tensor(given if has_dtype else np.asarray(given))
    except (TypeError, ValueError, RuntimeError):
        refuse("init", init, allowed, TypeError)
    if start.is_complex() or start.dtype == torch.bool or start.numel() == 0:
        refuse("init", init, allowed, TypeError)
    if not (has_dtype and start.is_floating_point()):
        dtype = dtype or torch.get_default_dtype()
    start = start.detach().to(device=device, dtype=dtype, copy=True)
    if not bool(start.isfinite().all()):
        refuse("init", init, allowed)
    return start


def one_number(value: object) -> torch.Tensor:
    """What an objective returned, if it is a tensor with one floating-point number."""
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
    return value


def checked_value(value: object) -> torch.Tensor:
    """The same, if a gradient can flow back from it."""
    number = one_number(value)
    if not number.requires_grad:
        cut_off(number)
    return number


def cut_off(value: torch.Tensor) -> None:
    """Raise the ValueError for a value through which no gradient can flow back to theta."""
    raise ValueError(
        "objective(theta) must be computed from theta by differentiable operations, but "
        f"{shown(value)} is cut off from it. Look for detach(), .data, .item(), torch.no_grad(), "
        "torch.tensor(theta), or a result that does not use theta at all."
    )


def numbers_in_a_row(
    argument: str, values: Any, device: Any, dtype: Any, *, above: float | None = None
) -> torch.Tensor:
    """`values` as a vector of finite numbers, all larger than `above`."""
    allowed = "a sequence of finite numbers" + (f" above {above:g}" if above is not None else "")
    dtype = checked_dtype(dtype)
    device = None if device is None else checked_device("device", device, dtype)
    try:
        # by way of NumPy, or Python floats would be rounded to float32
        row = torch.as_tensor(values if torch.is_tensor(values) else np.asarray(values)).detach()
    except (TypeError, ValueError, RuntimeError):
        refuse(argument, values, allowed, TypeError)
    if row.is_complex() or row.dtype == torch.bool or row.dim() > 1:
        refuse(argument, values, allowed, TypeError)
    if row.numel() == 0 or not row.isfinite().all() or (above is not None and row.min() <= above):
        refuse(argument, values, allowed)
    return row.flatten().to(device or torch.get_default_device(), dtype)


def as_floats(argument: str, values: Any, allowed: str) -> Array:
    """A tensor, an array, or a list that may hold some, as an array; a TypeError for no numbers."""
    if isinstance(values, list | tuple):
        values = [each.tolist() if torch.is_tensor(each) else each for each in values]
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().to(torch.float64).numpy()
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        refuse(argument, values, allowed, TypeError)


def checked_elementwise(objective: Objective, thetas: torch.Tensor) -> None:
    """Raise unless `objective` of a vector is the vector of its values at each number."""
    callable_objective(objective)
    cure = (
        "objective must work element by element: from n thetas compute n values, each from its own "
        "theta alone, with torch functions (torch.where in place of if; no .sum() or .mean())"
    )
    probe = torch.linspace(0, 1, 5, device=thetas.device, dtype=thetas.dtype).requires_grad_()
    probe = thetas.min() + (thetas.max() - thetas.min() + 1) * probe
    one_by_one = torch.stack(
        [checked_value(called(objective, theta)).reshape(()) for theta in probe]
    )
    try:
        together = objective(probe)
    except RuntimeError as error:
        raise ValueError(f"{cure}; of {len(probe)} thetas it raised: {error}") from error
    if not isinstance(together, torch.Tensor) or together.shape != probe.shape:
        given = tuple(together.shape) if isinstance(together, torch.Tensor) else shown(together)
        raise ValueError(f"{cure}; of {len(probe)} thetas it made {given}.")
    close = 10 * torch.finfo(probe.dtype).eps ** 0.5
    if not torch.allclose(together, one_by_one, rtol=close, atol=close, equal_nan=True):
        raise ValueError(f"{cure}; its values for a vector are not those for each theta alone.")


def evaluate(objective: Objective, thetas: Array) -> Array:
    """The objective at each of `thetas`: in one call where it is elementwise, else one by one."""
    callable_objective(objective)
    points = torch.as_tensor(thetas, dtype=torch.float64)  # on torch's default device
    try:
        values = objective(points)
    except (RuntimeError, TypeError, ValueError):  # `if theta > 0` or math.sin of a vector
        values = None
    if not isinstance(values, torch.Tensor) or values.shape != points.shape:
        values = torch.stack([one_number(objective(point)).reshape(()) for point in points])
    return values.numpy(force=True)


def as_array(tensor: torch.Tensor) -> Array:
    """As NumPy array, off any graph and device; NumPy has no bfloat16, so that becomes float32."""
    tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
    return tensor.numpy(force=True)
