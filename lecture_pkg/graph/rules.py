"""What an operation does to a gradient that passes through it, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any, NamedTuple

from ..values import Snapshot, format_number, format_snapshot, number_snapshot
from ._formulas import ALSO, ELEMENTWISE, PARTING, PICKING, RESHAPING, ROLES, TEMPLATES
from .operations import plain_name

_MOST = 5
"""A tensor with more numbers is called by its role, not written out."""


class Local(NamedTuple):
    """One operation at the moment at which a gradient passes one of its inputs.

    Attributes:
        grad_fn: What autograd calls the operation.
        saved: What it saved, by name.
        argument: The position of the input among its `next_functions`.
        arriving: The gradient of its result.
        leaving: The gradient of the input.
    """

    grad_fn: str
    saved: Mapping[str, Any]
    argument: int
    arriving: Snapshot
    leaving: Snapshot


def explain(local: Local) -> str:
    """The rule by which the leaving gradient follows from the arriving one.

    Small tensors are written out, so that the reader can compute the right side from the left;
    larger ones are called by their role. An operation without a rule of its own is called what it
    is, a vector–Jacobian product.

    Args:
        local: The operation and its gradients.

    Example:
        >>> five, three = (Snapshot((), "float32", (v,)) for v in (5.0, 3.0))
        >>> out = Snapshot((), "float32", (0.85098,))
        >>> explain(Local("SinBackward0", {"self": five}, 0, three, out))
        'sin: 3.0 × cos 5.0 = 0.8510'
    """
    name = plain_name(local.grad_fn)
    rule = None
    if "complex" not in local.arriving.dtype + local.leaving.dtype:
        rule = _from_template(local) or _special(name, local)
    return f"{name}: {rule or _result(local, f'vector–Jacobian product of {name}')}"


@cache
def saved_names(grad_fn: str) -> tuple[str, ...]:
    """The names of what `explain` wants to know of an operation's saved tensors and numbers."""
    fields = {field for template in TEMPLATES.get(grad_fn, ()) for field in _fields(template)}
    return (*sorted(fields - {"g"}), *ALSO.get(plain_name(grad_fn), ()))


@cache
def _fields(template: str) -> tuple[str, ...]:
    return tuple(field for _, field, _, _ in Formatter().parse(template) if field)


def _from_template(local: Local) -> str | None:
    templates = TEMPLATES.get(local.grad_fn, ())
    if not templates:
        return None
    template = templates[min(local.argument, len(templates) - 1)]
    values: dict[str, Snapshot] = {}
    for field in _fields(template):
        value = local.arriving if field == "g" else _snapshot(local.saved.get(field))
        if value is None:
            return None
        values[field] = value
    text = _fill(template, values)
    return _result(local, _summed(local, text) if local.grad_fn in ELEMENTWISE else text)


def _fill(template: str, values: Mapping[str, Snapshot]) -> str:
    """Numbers in place of names if all of them are few, else the roles that they play."""
    texts = {}
    for name, value in values.items():
        if not _is_small(value):
            return template.format_map(ROLES)
        text = format_snapshot(value)
        # a negative number stands in parentheses, unless it is the first
        bare = text[0] != "−" or template.startswith(f"{{{name}}}")
        texts[name] = text if bare else f"({text})"
    return template.format_map(texts)


def _special(name: str, local: Local) -> str | None:
    g = format_snapshot(local.arriving) if _is_small(local.arriving) else "the gradient"
    if name in ("add", "sub"):
        return _add(name, local, g)
    if name == "pow":
        return _power(local)
    if name == "mean":
        share = math.prod(local.leaving.shape) // max(math.prod(local.arriving.shape), 1)
        return _result(local, f"{g} ÷ {share}")
    if name == "sum":
        return f"passes {g} on to each of {math.prod(local.leaving.shape)} elements"
    if name == "relu":
        return _relu(local, g)
    if name == "mse_loss":
        return _mse_loss(local)
    if name in ("max", "min", "amax", "amin"):
        return _extreme("largest" if name in ("max", "amax") else "smallest", local, g)
    if name == "addmm":
        sides = (_summed(local, g), "gradient × other inputᵀ", "inputᵀ × gradient")
        return _result(local, sides[local.argument])
    return _moving(name, local, g)


def _add(name: str, local: Local, g: str) -> str:
    swapped = local.grad_fn.startswith("Rsub")
    minus = name == "sub" and local.argument == (0 if swapped else 1)
    # alpha belongs to what is added or subtracted
    alpha = local.saved.get("alpha", 1) if local.argument == 1 and not swapped else 1
    if minus or alpha != 1:
        factor = f"(−{format_number(alpha)})" if minus else format_number(alpha)
        return _result(local, _summed(local, f"{g} × {factor}"))
    if local.arriving.shape != local.leaving.shape:
        return _result(local, _summed(local, g))
    return f"passes {g} on unchanged"


def _power(local: Local) -> str | None:
    """The rule of x ** n for a plain number n."""
    n, base = local.saved.get("exponent"), _snapshot(local.saved.get("self"))
    if base is None or not isinstance(n, int | float) or n == 0:
        return None
    factor = format_number(n) if n > 0 else f"({format_number(n)})"
    rest = format_number(n - 1) if n > 1 else f"({format_number(n - 1)})"
    raised: dict[float, str] = {1: "", 2: " × {self}", 3: " × {self}²", 4: " × {self}³"}
    template = "{g} × " + factor + raised.get(n, " × {self} ^ " + rest)
    return _result(local, _fill(template, {"g": local.arriving, "self": base}))


def _relu(local: Local, g: str) -> str:
    result = _snapshot(local.saved.get("result"))
    if result is None or result.numbers is None or len(result.numbers) > _MOST:
        return _result(local, f"{g} where the input is above 0, else 0")
    steps = tuple(int(number.real > 0) for number in result.numbers)
    return _result(local, f"{g} × {format_snapshot(Snapshot(result.shape, 'int64', steps))}")


def _mse_loss(local: Local) -> str | None:
    a, b = (_snapshot(local.saved.get(name)) for name in ("self", "target"))
    if a is None or b is None or a.shape != b.shape:
        return None
    difference = "({self} − {target})" if local.argument == 0 else "({target} − {self})"
    # torch numbers the ways to reduce: 0 none, 1 mean, 2 sum
    divided = f" ÷ {math.prod(a.shape)}" if local.saved.get("reduction") == 1 else ""
    values = {"g": local.arriving, "self": a, "target": b}
    return _result(local, _fill("{g} × 2 × " + difference + divided, values))


def _extreme(which: str, local: Local, g: str) -> str:
    """The rule of a maximum or minimum over all elements or along one dimension."""
    places = sum(number != 0 for number in local.leaving.numbers or ())
    if local.arriving.shape == () and places > 1:
        return _result(local, f"{g} in equal parts to the {places} {which} elements")
    return _result(local, f"all of {g} to the {which} element")


def _moving(name: str, local: Local, g: str) -> str | None:
    """Operations that move numbers about."""
    if name in RESHAPING:
        if local.arriving.shape == local.leaving.shape and name not in ("transpose", "permute"):
            return f"passes {g} on unchanged"
        return _result(local, f"passes {g} on in the shape of the input")
    if name in PICKING:
        return _result(local, f"{g} goes back to where it was taken from, the rest gets 0")
    if name in PARTING:
        return _result(local, f"puts the parts {g} together again")
    if name in ("cat", "stack"):
        return _result(local, f"takes its part of {g}")
    if name == "expand":
        return _result(local, _summed(local, g))
    return None


def _result(local: Local, text: str) -> str:
    if _is_small(local.leaving):
        return f"{text} = {format_snapshot(local.leaving)}"
    return f"{text}, of shape {local.leaving.shape}"


def _summed(local: Local, text: str) -> str:
    """Where an input was broadcast, the gradients of all its copies are added up."""
    fewer = math.prod(local.leaving.shape) < math.prod(local.arriving.shape)
    return f"sum of {text}" if fewer else text


def _snapshot(value: Any) -> Snapshot | None:
    if isinstance(value, int | float | complex):
        return number_snapshot(value)
    return value if isinstance(value, Snapshot) else None


def _is_small(value: Snapshot | None) -> bool:
    return value is not None and value.numbers is not None and len(value.numbers) <= _MOST
