"""Taking an answer as it comes: unfilled, of the wrong kind, raising, or changing its inputs."""

from __future__ import annotations

import linecache
import traceback
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import torch

from ._limits import TimeLimit

_Array: TypeAlias = "torch.Tensor | np.ndarray[Any, Any]"

_LONGEST_MESSAGE = 160

# a part of the message in small letters -> diagnosis, hint
ERRORS: dict[str, tuple[str, str]] = {
    "does not require grad and does not have a grad_fn": (
        "detached",
        "the graph is cut: no operation between the input and this value was recorded. Look for "
        "a leaf without requires_grad=True, and for .detach(), .data, .item() or no_grad().",
    ),
    "can be implicitly created only for scalar": (
        "not-scalar",
        "backward() without an argument needs one single number. Add the numbers up first, or "
        "give backward a v of the output's shape.",
    ),
    "mismatch in shape: grad_output": (
        "v-shape",
        "the v of backward(v) has the shape of the output, not of the input.",
    ),
    "backward through the graph a second time": (
        "second-backward",
        "one backward() frees the graph. Run the forward line again before each backward().",
    ),
    "a leaf variable that requires grad": (
        "recorded-update",
        "an update of a leaf must not be recorded: put it under `with torch.no_grad():`.",
    ),
    "modified by an inplace operation": (
        "in-place",
        "backward needs a value that was overwritten in the meantime. Make a new tensor instead.",
    ),
    "only tensors of floating point": (
        "integer",
        "whole numbers have no derivative here: make the tensor from a float.",
    ),
    "'nonetype'": (
        "no-gradient-yet",
        "something here is None. Before the first backward(), .grad is None.",
    ),
    "can't call numpy() on tensor that requires grad": (
        "numpy-needs-detach",
        "NumPy keeps no record for gradients: call .detach() first.",
    ),
    "can't convert cuda": (
        "cuda-numpy",
        "NumPy cannot read a graphics card's memory: .cpu() first.",
    ),
    "torch not compiled with cuda": ("hard-coded-device", "not every machine has CUDA."),
    "found no nvidia driver": ("hard-coded-device", "not every machine has CUDA."),
    "maximum recursion depth": (
        "recursion",
        "a function that calls itself for each operation fails on a long graph: use a list of "
        "what is still to visit.",
    ),
    "division by zero": (
        "division-by-zero",
        "something you divide by is exactly 0. In float32 two near values easily become equal.",
    ),
    "same dtype": ("dtype", "two number types meet: keep the type of the input."),
    "same device": ("wrong-device", "two tensors of one operation live on different devices."),
    "expected device": ("wrong-device", "two tensors of one operation live on different devices."),
    "cannot be multiplied": ("shape", "these shapes do not fit; is one of them transposed?"),
    "size mismatch": ("shape", "these shapes do not fit; is one of them transposed?"),
    "the size of tensor a": ("shape", "these shapes do not fit; is one of them transposed?"),
}


class NotAttempted(Exception):
    """The gap of the starter cell has not been filled."""


class Wrong(Exception):
    """What is wrong with an answer, for the reader.

    Args:
        diagnosis: The kind of mistake, in a word or two joined by hyphens.
        hint: One or two sentences that help to mend it.
        got: What the answer gave, as text.
        expected: What was expected, as text.
        given: The inputs it was tried with, as text.
    """

    def __init__(
        self, diagnosis: str, hint: str, *, got: str = "", expected: str = "", given: str = ""
    ) -> None:
        super().__init__(diagnosis, hint)
        self.diagnosis, self.hint = diagnosis, hint
        self.got, self.expected, self.given = got, expected, given


def is_gap(answer: Any) -> bool:
    """Whether an answer is `...` or None, or still holds a `...`.

    Example:
        >>> is_gap([12.0, ...])
        True
    """
    return answer is None or _holds_gap(answer)


def _holds_gap(answer: Any) -> bool:
    if isinstance(answer, dict):
        return any(map(_holds_gap, answer.values()))
    if isinstance(answer, list | tuple | set | frozenset):
        return any(map(_holds_gap, answer))
    return answer is ...


def call(
    function: Any,
    *arguments: Any,
    given: str = "",
    may_change: bool = False,
    errors: dict[str, tuple[str, str]] | None = None,
) -> Any:
    """Call an answer that is a function, and turn all that can go wrong into a diagnosis.

    Args:
        function: The answer.
        arguments: What it is called with.
        given: The arguments as text, for the message.
        may_change: Whether the answer may change the tensors and arrays it is given.
        errors: Diagnosis -> its replacement (diagnosis and hint) where this exercise knows better.

    Returns:
        What the function returns.

    Raises:
        NotAttempted: If it raises a bare NotImplementedError, or computes with `...`.
        Wrong: If it is no function, raises, returns the .grad of a tensor that is no leaf, or
            changes an argument: its numbers, or that it requires a gradient.
    """
    if not callable(function):
        hint = "hand over the function itself, without parentheses behind its name."
        raise Wrong("not-a-function", hint, got=kind(function), expected="a function")
    before = [_copy(a) for a in _arrays(arguments)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*arguments)
        except TimeLimit:
            raise
        except BaseException as error:  # whatever an answer raises must not reach the reader's cell
            raise _diagnose(error, function, given, caught, errors or {}) from None
    if _holds_gap(result):
        raise NotAttempted
    parts = result if isinstance(result, list | tuple) else [result]
    if any(part is None for part in parts) and _read_of_non_leaf(caught):
        diagnosis, hint = (errors or {}).get(_NON_LEAF[0], _NON_LEAF)
        raise Wrong(diagnosis, hint, got=kind(result), given=given)
    if not may_change:
        _hold_unchanged(_arrays(arguments), before, given)
    return result


def _hold_unchanged(now: list[_Array], before: list[_Array], given: str) -> None:
    if not all(map(_same, now, before)):
        hint = "your function changes its input. Whoever calls it still needs those numbers."
        raise Wrong("input-changed", hint, given=given)
    if any(map(_switched_off, now, before)):
        hint = "afterwards the caller's tensor requires no gradient any more: detach a copy."
        raise Wrong("input-changed", hint, given=given)


def _switched_off(now: _Array, before: _Array) -> bool:
    if not (isinstance(now, torch.Tensor) and isinstance(before, torch.Tensor)):
        return False
    return before.requires_grad and not now.requires_grad


_NON_LEAF = (
    "gradient-of-non-leaf",
    ".grad was read from a tensor that is the result of an operation, not a leaf.",
)


def _read_of_non_leaf(caught: list[warnings.WarningMessage]) -> bool:
    return any("not a leaf" in str(warning.message) for warning in caught)


def _diagnose(
    error: BaseException,
    function: Any,
    given: str,
    caught: list[warnings.WarningMessage],
    errors: dict[str, tuple[str, str]],
) -> Exception:
    frames = traceback.extract_tb(error.__traceback__)[1:]
    text = str(error)
    if (isinstance(error, NotImplementedError) and not text) or "ellipsis" in text:
        return NotAttempted()  # `raise NotImplementedError`, or something done with `...`
    diagnosis, hint = next(
        (found for part, found in ERRORS.items() if part in text.lower()),
        ("raised", "see the line above."),
    )
    if isinstance(error, RecursionError):
        diagnosis, hint = ERRORS["maximum recursion depth"]
    if not frames and isinstance(error, TypeError):
        diagnosis, hint = "arguments", "the function must take the arguments of the starter cell."
    if diagnosis == "no-gradient-yet" and _read_of_non_leaf(caught):
        diagnosis, hint = _NON_LEAF
    diagnosis, hint = errors.get(diagnosis, (diagnosis, hint))
    message = " ".join(f"{type(error).__name__}: {text}".split())
    if len(message) > _LONGEST_MESSAGE:
        message = message[: _LONGEST_MESSAGE - 1] + "…"
    return Wrong(diagnosis, hint, got=message + _place(frames, function), given=given)


def _place(frames: list[traceback.FrameSummary], function: Callable[..., Any]) -> str:
    """The answer's own line that raised, if its source can be found."""
    filename = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [f.lineno for f in frames if f.filename == filename and f.lineno]
    source = linecache.getline(str(filename), lines[-1]).strip() if lines else ""
    return f"\nin the line: {source}" if source else ""


def _arrays(values: Iterable[Any]) -> list[_Array]:
    return [v for v in values if isinstance(v, torch.Tensor | np.ndarray)]


def _copy(value: _Array) -> _Array:
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return value.copy()


def _same(now: _Array, before: _Array) -> bool:
    if isinstance(now, torch.Tensor) and isinstance(before, torch.Tensor):
        return now.device.type == "meta" or torch.equal(now.detach(), before.detach())
    return np.array_equal(np.asarray(now), np.asarray(before))


def want(kinds: type | tuple[type, ...], result: Any, hint: str, given: str = "") -> None:
    """Return if a result is of a kind; raise Wrong with the hint if not."""
    if not isinstance(result, kinds):
        raise Wrong("other-kind", hint, got=kind(result), given=given)


def kind(value: Any) -> str:
    """What a value is, for a message.

    Example:
        >>> kind(3), kind(None)
        ('an int', 'None')
    """
    name = type(value).__name__
    if value is None:
        return "None"
    return f"{'an' if name[0] in 'aeiouAEIOU' or name == 'ndarray' else 'a'} {name}"
