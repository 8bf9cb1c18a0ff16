"""Checks of what is to be traced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from .._arguments import refuse


def check_outputs(output: Any) -> list[tuple[str, torch.Tensor]]:
    """The tensors in `output`, each with the key under which a dict holds it."""
    allowed = "a tensor that requires a gradient, or a list, tuple or dict of such tensors"
    if isinstance(output, Mapping):
        items = [(key, tensor, f"output[{key!r}]") for key, tensor in output.items()]
    elif isinstance(output, list | tuple):
        items = [("", tensor, f"output[{i}]") for i, tensor in enumerate(output)]
    else:
        items = [("", output, "output")]
    if not items:
        refuse("output", output, allowed)
    for key, tensor, place in items:
        if not isinstance(tensor, torch.Tensor):
            refuse(place, tensor, allowed, TypeError)
        if not isinstance(key, str):
            refuse("a key of output", key, "a string", TypeError)
        if not tensor.requires_grad:
            why = _why_no_graph(tensor)
            raise ValueError(f"{place} must be {allowed}, but this one has no graph: {why}")
    return [(key, tensor) for key, tensor, _ in items]


def _why_no_graph(tensor: torch.Tensor) -> str:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return f"its dtype is {tensor.dtype}, and only floating-point tensors can have one."
    return (
        "nothing that it was computed from has requires_grad=True, or detach() or no_grad() "
        "cut it off."
    )
