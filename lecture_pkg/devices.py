"""Which device the lesson runs on: the GPU where there is one, the CPU everywhere else."""

from __future__ import annotations

import os
from typing import Any

import torch

from ._arguments import refuse, shown

VARIABLE = "LECTURE_DEVICE"
_NOT_ON_MPS = (torch.float64, torch.complex128)


def available_devices(dtype: torch.dtype = torch.float32) -> list[str]:
    """Names of the devices of this machine that compute in a number type.

    Args:
        dtype: the number type. Apple's GPU, "mps", has neither float64 nor complex128:
            https://developer.apple.com/documentation/metalperformanceshaders/mpsdatatype

    Returns:
        "cpu", then "cuda:0", "cuda:1", … for each NVIDIA GPU that torch sees, or "mps" for an
        Apple GPU where it has `dtype`.

    >>> available_devices()[0]
    'cpu'
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = ["mps"] if torch.backends.mps.is_available() and dtype not in _NOT_ON_MPS else []
    return ["cpu", *(f"cuda:{index}" for index in range(gpus)), *mps]


def checked_device(argument: str, value: Any, dtype: torch.dtype = torch.float32) -> torch.device:
    """`value` as the torch.device it names.

    Args:
        argument: the name that an error message gives to the value.
        value: a torch.device, or a name such as "cpu", "cuda", "cuda:1" or "mps".
        dtype: the number type that the device is to compute in.

    Returns:
        The device; "cuda" stays without a number, as torch reads it.

    Raises:
        TypeError: it is neither a name nor a torch.device.
        ValueError: it is misspelt, absent or without `dtype`; the message lists the devices that
            can be had.

    >>> checked_device("device", "cpu")
    device(type='cpu')
    """
    names = available_devices(dtype)
    allowed = _one_of(names, dtype)
    if not isinstance(value, str | torch.device):
        refuse(argument, value, allowed, TypeError)
    try:
        device = torch.device(value)
    except RuntimeError:  # torch's own message lists fifteen backends and not this machine's
        refuse(argument, value, allowed)
    numbered = [name if ":" in name else f"{name}:0" for name in names]
    if f"{device.type}:{device.index or 0}" not in numbered:
        refuse(argument, value, allowed)
    return device


def _one_of(names: list[str], dtype: torch.dtype) -> str:
    """The devices allowed, and why one that torch sees is not among them."""
    left_out = sorted(set(available_devices()) - set(names))
    why = "".join(f" ({name!r} has no {str(dtype)[6:]})" for name in left_out)
    return "one of " + ", ".join(map(repr, names)) + why


def default_device(dtype: torch.dtype = torch.float64) -> torch.device:
    """The device that the book's cells compute on.

    The environment variable LECTURE_DEVICE decides: `auto` (also when it is not set) takes the GPU
    where there is one, `cpu`, `cuda`, `cuda:1` or `mps` take that device.

    Args:
        dtype: the number type that the cells need. The book checks its formulas in float64, which
            Apple's GPU does not have: there `auto` stays on the CPU, unless the cells say that
            float32 is enough for them.

    Returns:
        The device, for `torch.set_default_device` or `.to`.

    Raises:
        ValueError: the variable is misspelt or names a device that is not there or has no `dtype`;
            the message lists those that can be had.

    Example:
        >>> default_device().type in ("cpu", "cuda")
        True
        >>> default_device(torch.float32).type in ("cpu", "cuda", "mps")
        True
    """
    wanted = os.environ.get(VARIABLE, "").strip() or "auto"
    names = available_devices(dtype)
    if wanted == "auto":
        return torch.device(names[1].partition(":")[0] if len(names) > 1 else "cpu")
    try:
        return checked_device(VARIABLE, wanted, dtype)
    except ValueError:
        message = f"{VARIABLE} must be {_one_of(['auto', *names], dtype)}, but it is"
        raise ValueError(f"{message} {shown(wanted)}.") from None
