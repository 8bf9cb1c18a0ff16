"""Remembers, while it runs, what autograd forgets: constants and the values of operations."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from ..values import Snapshot, number_snapshot, snapshot

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
    value: Snapshot
    tensor: weakref.ref[torch.Tensor] | None


class Record(NamedTuple):
    """What is known of one operation of the forward pass.

    Attributes:
        whole: Whether all its operands were seen. An operation inside a composite one, such as
            `cross_entropy`, has operands that nobody sees.
        constants: The operands that require no gradient.
        leaves: By position among the `next_functions`, what each leaf held when it was used.
        values: By number of the output, what the operation computed.
        results: Weak references to the tensors that it returned.
    """

    whole: bool
    constants: tuple[Constant, ...]
    leaves: dict[int, Snapshot]
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


def recorded_among(functions: Sequence[Any]) -> dict[int, Record]:
    """The records of those of `functions` that have one, by index."""
    if not _used:  # asking a function for its metadata makes them
        return {}
    found = ((i, function.metadata.get(_KEY)) for i, function in enumerate(functions))
    return {i: record for i, record in found if record is not None}


class _Operand(NamedTuple):
    """An operand as it was before the operation ran, which may change it in place.

    Attributes:
        operand: A tensor, or a number.
        edge: Where its gradient goes: its function, None for a leaf, and which of the function's
            results it is. None for an operand without a gradient.
        value: What a constant or a leaf holds, None for the result of an operation.
    """

    operand: Any
    edge: tuple[Any, int] | None
    value: Snapshot | None


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
        name = getattr(func, "__name__", "")
        if name == "__set__":
            # torch sets attributes while it makes a view's grad_fn: who asks for that waits forever
            return func(*args, **kwargs)
        operands = []
        if not _is_watched() and self._left > 0 and torch.is_grad_enabled():
            numbers = name.strip("_") in _WITH_NUMBERS
            found = [*_operands(args, numbers), *_operands(kwargs.values(), False)]
            if any(map(_edge, found)):
                operands = [_look(operand) for operand in found]
        result = func(*args, **kwargs)
        if operands:
            for tensor in _tensors(result):
                self._remember(tensor, operands)
        return result

    def _remember(self, tensor: torch.Tensor, operands: Sequence[_Operand]) -> None:
        edge = _edge(tensor)
        if edge is None or edge[0] is None or any(edge == other.edge for other in operands):
            return  # no gradient, a leaf, or one of the operands handed back as it was
        global _used
        _used = True
        function, number = edge
        record = function.metadata.get(_KEY)
        if record is None:
            self._left -= 1
            record = function.metadata[_KEY] = _match(function, operands)
        if number not in record.values:
            record.values[number] = snapshot(tensor)
            record.results.append(weakref.ref(tensor))


def _operands(arguments: Iterable[Any], numbers: bool) -> Iterator[Any]:
    """Tensors, also those in lists, and plain numbers where they are operands."""
    for argument in arguments:
        if numbers and isinstance(argument, int | float | complex) and argument is not True:
            yield argument
        else:
            yield from _tensors(argument)


def _tensors(found: Any) -> Iterator[torch.Tensor]:
    for item in found if isinstance(found, list | tuple) else [found]:
        if isinstance(item, torch.Tensor) and not is_lazy(item):  # which has no shape yet
            yield item


def _edge(operand: Any) -> tuple[Any, int] | None:
    if not isinstance(operand, torch.Tensor) or not operand.requires_grad:
        return None
    return operand.grad_fn, operand.output_nr


def _look(operand: Any) -> _Operand:
    if not isinstance(operand, torch.Tensor):
        return _Operand(operand, None, number_snapshot(operand))
    edge = _edge(operand)
    return _Operand(operand, edge, None if edge and edge[0] else snapshot(operand))


def _is_watched() -> bool:
    """Whether something such as jit.trace or make_fx follows each operation, and would see ours."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return True
    before = torch._C.DispatchKey.PreDispatch
    return (
        torch._C._len_torch_dispatch_stack() > 0
        or torch._C._dispatch_tls_is_dispatch_key_included(before)
    )


def _match(function: Any, operands: Sequence[_Operand]) -> Record:
    """Which operand is which input of `function`."""
    left = [operand for operand in operands if operand.edge is not None]
    empty = []
    whole = True
    leaves: dict[int, Snapshot] = {}
    for argument, (source, number) in enumerate(function.next_functions):
        if source is None:
            empty.append(argument)
            continue
        match = next((i for i, seen in enumerate(left) if _leads(seen, source, number)), None)
        if match is None:
            whole = False
        else:
            value = left.pop(match).value
            leaves |= {argument: value} if value is not None else {}
    constants = []
    for operand, _, value in (seen for seen in operands if seen.edge is None):
        assert value is not None
        reference = weakref.ref(operand) if isinstance(operand, torch.Tensor) else None
        mask = reference is not None and operand.dtype is torch.bool  # `where`'s, no operand
        argument = empty.pop(0) if empty and not mask else -1
        if whole or argument >= 0:
            constants.append(Constant(argument, value, reference))
    return Record(whole, tuple(constants), leaves, {}, [])


def _leads(seen: _Operand, source: Any, number: int) -> bool:
    assert seen.edge is not None
    function, output = seen.edge
    if function is None:
        return getattr(source, "variable", None) is seen.operand
    return function is source and output == number
