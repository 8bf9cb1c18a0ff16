"""Checks of arguments: every refusal names the argument, the value given and what is allowed."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any, NoReturn

_LONGEST_REPR = 80


def shown(value: object) -> str:
    """A value as an error message prints it: its repr, cut short, and its type.

    >>> shown(-0.1)
    '-0.1 (float)'
    """
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a broken __repr__ must not hide the error that is being reported
        text = "a value without a printable form"
    if len(text) > _LONGEST_REPR:
        text = text[: _LONGEST_REPR - 1] + "…"
    return f"{text} ({type(value).__name__})"


def refuse(
    argument: str, value: object, allowed: str, error: type[Exception] = ValueError
) -> NoReturn:
    """Raise `error` with the one sentence that all of the package's refusals share.

    >>> refuse("step_size", -0.1, "a positive number")
    Traceback (most recent call last):
    ValueError: step_size must be a positive number, but it is -0.1 (float).
    """
    raise error(f"{argument} must be {allowed}, but it is {shown(value)}.")


def number(
    argument: str, value: Any, *, above: float | None = None, at_least: float | None = None
) -> float:
    """`value` as a finite float; a bool, a string or a complex number is refused.

    Raises TypeError for what is no real number, ValueError for one that is out of range.

    >>> number("step_size", 1, above=0)
    1.0
    """
    bounds = [f"above {above:g}"] if above is not None else []
    bounds += [f"at least {at_least:g}"] if at_least is not None else []
    allowed = " ".join(["a finite number", *bounds])
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        refuse(argument, value, allowed, TypeError)
    try:
        result = float(value)
    except OverflowError:  # an int of more than 308 digits
        result = math.inf
    too_low = (above is not None and result <= above) or (
        at_least is not None and result < at_least
    )
    if not math.isfinite(result) or too_low:
        refuse(argument, value, allowed)
    return result


def integer(argument: str, value: Any, *, at_least: int) -> int:
    """`value` as an int; a bool or a fractional number is refused, 100.0 is not.

    >>> integer("max_iter", 100.0, at_least=0)
    100
    """
    allowed = f"a whole number, {at_least} or more"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        refuse(argument, value, allowed, TypeError)
    if not isinstance(value, numbers.Integral):
        if not math.isfinite(value) or value != math.floor(value):
            refuse(argument, value, allowed)
        value = math.floor(value)
    if value < at_least:
        refuse(argument, value, allowed)
    return int(value)


def one_of(argument: str, value: Any, allowed: Iterable[str]) -> str:
    """`value` if it is among `allowed`; otherwise a ValueError that lists them.

    >>> one_of("kind", "basn", ["basin", "path"])
    Traceback (most recent call last):
    ValueError: kind must be one of 'basin', 'path', but it is 'basn' (str). Did you mean 'basin'?
    """
    choices = list(allowed)
    if isinstance(value, str) and value in choices:
        return value
    close = difflib.get_close_matches(value, choices, 1) if isinstance(value, str) else []
    hint = f" Did you mean {close[0]!r}?" if close else ""
    listed = ", ".join(map(repr, choices))
    raise ValueError(f"{argument} must be one of {listed}, but it is {shown(value)}.{hint}")
