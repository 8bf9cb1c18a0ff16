"""Remembers, while it runs, what autograd forgets: constants and the values of operations."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode

from ..values import Number, Snapshot, snapshot

_KEY = "lecture_pkg"
_MOST_OPERATIONS = 10_000
"""Beyond this many operations nothing is recorded: nobody reads a larger graph's values."""

# Operations whose plain numbers are operands, such as the 2 in `x ** 2`, not settings (`dim=0`).
_ARITHMETIC = ("add", "sub", "mul", "div", "truediv", "pow", "multiply", "subtract", "divide")
_WITH_NUMBERS = {f"{prefix}{name}" for prefix in ("", "r", "i") for name in _ARITHMETIC} | {"where"}

_used = False


class Constant(NamedTuple):
    """An operand that requires no gradient.

    Attributes:
        argument: Its position among the operation's `next_functions`, -1 if it has none.
        value: The number, or what the tensor held.
        tensor: A weak reference to the tensor, None for a plain number.
    """

    argument: int
    value: Number | Snapshot
    tensor: weakref.ref[torch.Tensor] | None


class Record(NamedTuple):
    """What is known of one operation of the forward pass.

    Attributes:
        whole: Whether all its operands were seen. An operation inside a composite one, such as
            `cross_entropy`, has operands that nobody sees.
        constants: The operands that require no gradient.
        values: By number of the output, what the operation computed.
        results: Weak references to the tensors that it returned.
    """

    whole: bool
    constants: tuple[Constant, ...]
    values: dict[int, Snapshot]
    results: list[weakref.ref[torch.Tensor]]


def record() -> TorchFunctionMode:
    """Record operations inside a `with` block, so that pictures can show values and constants.

    Autograd's graph alone keeps neither the values of all operations nor most constants. Inside
    the block each result is copied into its `grad_fn`, where it lives as long as the graph does;
    a tensor of more than 64 numbers is remembered by its shape. Nothing that is computed changes.
    Only the first 10,000 operations of a block are recorded.

    Returns:
        A context manager. It may be nested, entered again, and used beside
        `torch.set_default_device`.

    Example:
        >>> from lecture_pkg import trace
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> with record():
        ...     y = 3 * x
        >>> [node.label for node in trace(y, x=x, y=y).nodes if node.kind == "constant"]
        ['3']
    """
    return _Recorder()


def recorded_among(functions: list[Any]) -> dict[int, Record]:
    """The records of those of `functions` that have one, by index."""
    if not _used:  # asking a function for its metadata makes them
        return {}
    found = {i: function.metadata.get(_KEY) for i, function in enumerate(functions)}
    return {i: record for i, record in found.items() if record is not None}


class _Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self._left = _MOST_OPERATIONS

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if self._left <= 0:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "").strip("_")
        operands = _operands(args, name in _WITH_NUMBERS) + _operands(kwargs.values(), False)
        # an operation in place changes its tensor's value and grad_fn: look before it runs
        before = [_edge(operand) for operand in operands]
        if not torch.is_grad_enabled() or not any(before):
            return func(*args, **kwargs)
        values = [_value(operand) for operand in operands]
        result = func(*args, **kwargs)
        for tensor in _tensors(result):
            self._remember(tensor, operands, before, values)
        return result

    def _remember(
        self, tensor: torch.Tensor, operands: list[Any], before: list[Any], values: list[Any]
    ) -> None:
        edge = _edge(tensor)
        if edge is None or edge[0] is None or any(edge == other for other in before):
            return  # no gradient, a leaf, or one of the operands handed back as it was
        global _used
        _used = True
        record = edge[0].metadata.get(_KEY)
        if record is None:
            self._left -= 1
            whole, constants = _constants(edge[0], operands, before, values)
            record = edge[0].metadata[_KEY] = Record(whole, constants, {}, [])
        if edge[1] not in record.values:
            record.values[edge[1]] = snapshot(tensor)
            record.results.append(weakref.ref(tensor))


def _value(operand: Any) -> Any:
    constant = isinstance(operand, torch.Tensor) and not operand.requires_grad
    return snapshot(operand) if constant else operand


def _operands(arguments: Iterable[Any], numbers: bool) -> list[Any]:
    """Tensors, also those in lists, and plain numbers where they are operands."""
    found: list[Any] = []
    for argument in arguments:
        if isinstance(argument, torch.Tensor) or (
            numbers and isinstance(argument, int | float | complex) and argument is not True
        ):
            found.append(argument)
        elif isinstance(argument, list | tuple):
            found += [item for item in argument if isinstance(item, torch.Tensor)]
    return found


def _tensors(result: Any) -> Iterator[torch.Tensor]:
    if isinstance(result, torch.Tensor):
        yield result
    elif isinstance(result, list | tuple):
        yield from (item for item in result if isinstance(item, torch.Tensor))


def _edge(operand: Any) -> tuple[Any, int] | None:
    """Where a tensor's gradient goes: its function, None for a leaf, and the output's number."""
    if not isinstance(operand, torch.Tensor) or not operand.requires_grad:
        return None
    return operand.grad_fn, operand.output_nr


def _constants(
    function: Any, operands: list[Any], before: list[Any], values: list[Any]
) -> tuple[bool, tuple[Constant, ...]]:
    """Whether every input of `function` was seen, and the operands without a gradient."""
    left = [i for i, edge in enumerate(before) if edge is not None]
    empty = []
    whole = True
    for argument, (source, number) in enumerate(function.next_functions):
        if source is None:
            empty.append(argument)
            continue
        fits = (i for i in left if _leads(operands[i], before[i], source, number))
        match = next(fits, None)
        if match is None:
            whole = False
        else:
            left.remove(match)
    constants = []
    for operand, edge, value in zip(operands, before, values, strict=True):
        if edge is not None:
            continue
        tensor = operand if isinstance(operand, torch.Tensor) else None
        mask = tensor is not None and tensor.dtype is torch.bool  # `where`'s condition, no operand
        argument = empty.pop(0) if empty and not mask else -1
        if whole or argument >= 0:
            reference = None if tensor is None else weakref.ref(tensor)
            constants.append(Constant(argument, value, reference))
    return whole, tuple(constants)


def _leads(operand: torch.Tensor, edge: tuple[Any, int], source: Any, number: int) -> bool:
    if edge[0] is None:
        return getattr(source, "variable", None) is operand
    return edge[0] is source and edge[1] == number
