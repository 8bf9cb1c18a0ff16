"""Which device the lesson runs on: the GPU where there is one, the CPU everywhere else."""

from __future__ import annotations

import os
from typing import Any

import torch

from ._arguments import refuse, shown

VARIABLE = "LECTURE_DEVICE"


def available_devices() -> list[str]:
    """Names of the devices of this machine that the book can run on.

    Returns:
        "cpu", then "cuda:0", "cuda:1", … for each NVIDIA GPU that torch sees.

    >>> available_devices()[0]
    'cpu'
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cpu", *(f"cuda:{index}" for index in range(gpus))]


def checked_device(argument: str, value: Any) -> torch.device:
    """`value` as the torch.device it names.

    Args:
        argument: the name that an error message gives to the value.
        value: a torch.device, or a name such as "cpu", "cuda" or "cuda:1".

    Returns:
        The device; "cuda" stays without a number, as torch reads it.

    Raises:
        TypeError: it is neither a name nor a torch.device.
        ValueError: it is misspelt or absent; the message lists the devices there are.

    >>> checked_device("device", "cpu")
    device(type='cpu')
    """
    names = available_devices()
    allowed = "one of " + ", ".join(map(repr, names))
    if not isinstance(value, str | torch.device):
        refuse(argument, value, allowed, TypeError)
    try:
        device = torch.device(value)
    except RuntimeError:  # torch's own message lists fifteen backends and not this machine's
        refuse(argument, value, allowed)
    if device.type != "cpu" and f"{device.type}:{device.index or 0}" not in names:
        refuse(argument, value, allowed)
    return device


def default_device() -> torch.device:
    """The device that the book's cells compute on.

    The environment variable LECTURE_DEVICE decides: `auto` (also when it is not set) takes the GPU
    where there is one, `cpu`, `cuda` or `cuda:1` take that device.

    Returns:
        The device, for `torch.set_default_device` or `.to`.

    Raises:
        ValueError: the variable is misspelt or names a device that is not there; the message
            lists those that are.

    Example:
        >>> default_device().type in ("cpu", "cuda")
        True
    """
    wanted = os.environ.get(VARIABLE, "").strip() or "auto"
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return checked_device(VARIABLE, wanted)
    except ValueError:
        listed = ", ".join(map(repr, ["auto", *available_devices()]))
        message = f"{VARIABLE} must be one of {listed}, but it is {shown(wanted)}."
        raise ValueError(message) from None
