"""Finds the operands of an operation that require no gradient: autograd's graph leaves them out."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch

from ..values import snapshot
from .operations import ARGUMENTS, plain_name, read, read_all
from .record import Constant, Record

WITH_OPTIONS = {
    "convolution",
    "cudnn_batch_norm",
    "native_batch_norm",
    "native_group_norm",
    "native_layer_norm",
}
"""Their optional tensors leave a gap in `next_functions` too when they are not given."""


def find_constants(
    function: Any,
    record: Record | None,
    gaps: Sequence[int],
    wanted: Sequence[torch.Tensor],
    values: bool,
) -> list[Constant]:
    """The constants of one operation of which something is known.

    Args:
        function: Autograd's function.
        record: What was recorded of it.
        gaps: The positions in its `next_functions` at which there is none.
        wanted: Tensors to look for among those that autograd saved.
        values: Whether to take whatever autograd saved.
    """
    if record is not None and record.whole:
        return list(record.constants)
    found = list(record.constants) if record is not None else []
    name = plain_name(type(function).__name__)
    if wanted or values:
        found += _from_saved(function, name, found, gaps, wanted, values)
    return found


def _from_saved(
    function: Any,
    name: str,
    found: Sequence[Constant],
    gaps: Sequence[int],
    wanted: Sequence[torch.Tensor],
    values: bool,
) -> list[Constant]:
    """What the saved tensors and numbers tell beyond what was `found` already."""
    taken = {constant.argument for constant in found}
    references = (constant.tensor for constant in found if constant.tensor is not None)
    known = {id(tensor) for tensor in (ref() for ref in references) if tensor is not None}
    order = ARGUMENTS.get(name, ())
    saved = read_all(function) if wanted else {n: read(function, n) for n in order}
    constants = []
    for key, value in saved.items():
        if not isinstance(value, torch.Tensor):
            if values and name == "pow" and isinstance(value, int | float | complex):
                constants.append(Constant(-1, value, None))  # the 2 of `x ** 2` or `2 ** x`
            continue
        tensor = _alike(value, wanted)
        place = order.index(key) if key in order else -1
        if place not in gaps or place in taken:
            free = [gap for gap in gaps if gap not in taken and gap >= len(order)]
            place = free[0] if free else -1
        if value.requires_grad or id(tensor) in known:
            continue
        if tensor is not None or (values and place >= 0):
            tensor = value if tensor is None else tensor
            constants.append(Constant(place, snapshot(value), weakref.ref(tensor)))
            taken.add(place)
    return constants


def _alike(saved: torch.Tensor, wanted: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """The wanted tensor that was saved: the very one, or one with the same memory."""
    for tensor in wanted:
        if tensor is saved:
            return tensor
    for tensor in wanted:
        if (
            tensor.dtype == saved.dtype
            and tensor.numel() == saved.numel() > 0
            and tensor.device == saved.device
            and _address(tensor) == _address(saved) != 0
        ):
            return tensor
    return None


def _address(tensor: torch.Tensor) -> int:
    try:
        return tensor.data_ptr()
    except RuntimeError:  # a tensor without memory of its own
        return 0
