"""What autograd's functions keep for the backward pass: tensors, numbers and their names."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

import torch


class Lost(NamedTuple):
    """Stands for a saved tensor that can no longer be read, and says why."""

    why: str


# The names under which autograd saves an operation's arguments, in the order of the arguments.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("mul", "div", "maximum", "minimum", "atan2", "lerp"), ("self", "other")),
    **dict.fromkeys(("mm", "bmm"), ("self", "mat2")),
    **dict.fromkeys(("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"), ("self", "target")),
    "pow": ("self", "exponent"),
    "dot": ("self", "tensor"),
    "mv": ("self", "vec"),
    "addmm": ("bias", "mat1", "mat2"),
}

_PLAIN = {
    "t": "transpose",
    "rsub": "sub",
    "log1_p": "log1p",
    "to_copy": "to",
    "unsafe_view": "view",
}


@cache
def plain_name(grad_fn: str) -> str:
    """An operation's plain name from what autograd calls it.

    >>> plain_name("SinBackward0"), plain_name("MseLossBackward0"), plain_name("RsubBackward1")
    ('sin', 'mse_loss', 'sub')
    """
    stem = re.sub(r"Backward\d*$", "", grad_fn.rpartition("::")[2]) or grad_fn
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem).lower().strip("_")
    return _PLAIN.get(name, name) or grad_fn


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(n.removeprefix("_saved_") for n in dir(kind) if n.startswith("_saved_"))


def read(function: Any, name: str) -> Any:
    """What `function` saved under `name`: a tensor, a number, None, or `Lost`."""
    try:
        return getattr(function, f"_saved_{name}", None)
    except RuntimeError as error:
        return Lost("overwritten" if "inplace" in str(error) else "freed")


def read_all(function: Any) -> dict[str, Any]:
    """All that `function` saved, by name; what a custom function saved is numbered."""
    if isinstance(function, torch.autograd.function.BackwardCFunction):
        try:
            return {str(i): tensor for i, tensor in enumerate(function.saved_tensors)}
        except RuntimeError as error:
            return {"0": Lost("overwritten" if "inplace" in str(error) else "freed")}
    kind: Any = type(function)
    return {name: read(function, name) for name in _names(kind)}
