"""What a node does to a gradient that passes it: one local derivative as data, and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from string import Formatter
from typing import Any, NamedTuple, TypeAlias

from ..values import Number, Snapshot, format_snapshot, number_snapshot
from .operations import (
    ALSO,
    EACH,
    FORMULAS,
    HANDS_ON,
    PRODUCT,
    RESHAPING,
    ROLES,
    STARTS,
    UNCHANGED,
    plain_name,
)

_MOST = 5
"""A tensor with more numbers is called by its role, not written out."""


class Rule(NamedTuple):
    """How the gradient that leaves a node follows from what arrived there.

    Attributes:
        operation: What the node is called.
        formula: The arithmetic, in which names in braces stand for the `factors`, such as
            "{g} × cos {self}"; or words, where there is no formula.
        factors: What goes into the formula, by name.
        result: What comes out.
        hooked: What a hook of the caller's then makes of the result, None where there is none.
    """

    operation: str
    formula: str
    factors: Mapping[str, Snapshot]
    result: Snapshot
    hooked: Snapshot | None = None

    def __str__(self) -> str:
        """The rule as people read it, "sin: 3.0 × cos 5.0 = 0.8510"."""
        return "".join(text for _, text in pieces(self))


class Local(NamedTuple):
    """One operation at the moment at which a gradient passes one of its inputs.

    Attributes:
        grad_fn: What autograd calls the operation.
        saved: What it saved, by name: numbers and snapshots.
        argument: The position of the input among its `next_functions`.
        arriving: The gradient of its result.
        leaving: The gradient of the input.
        hooked: What a hook of the caller's made of that, None where there is none.
    """

    grad_fn: str
    saved: Mapping[str, Any]
    argument: int
    arriving: Snapshot
    leaving: Snapshot
    hooked: Snapshot | None = None


def explain(local: Local) -> Rule:
    """The rule by which the leaving gradient follows from the arriving one.

    An operation without a rule of its own is called what it is, a vector–Jacobian product.

    Args:
        local: The operation and its gradients.

    Example:
        >>> five, three = (Snapshot((), "float32", (v,)) for v in (5.0, 3.0))
        >>> out = Snapshot((), "float32", (0.85098,))
        >>> str(explain(Local("SinBackward0", {"self": five}, 0, three, out)))
        'sin: 3.0 × cos 5.0 = 0.8510'
    """
    name = plain_name(local.grad_fn)
    formula, factors = PRODUCT, dict[str, Snapshot]()
    if "complex" not in local.arriving.dtype + local.leaving.dtype:
        formula, factors = _filled(local, *_formula(name, local)) or (formula, factors)
    return Rule(name, formula, factors, local.leaving, local.hooked)


@cache
def saved_names(grad_fn: str) -> tuple[str, ...]:
    """The names of what `explain` wants to know of an operation's saved tensors and numbers."""
    fields = {field for formula in FORMULAS.get(grad_fn, ()) for field in _fields(formula)}
    return (*sorted(fields - {"g"}), *ALSO.get(plain_name(grad_fn), ()))


def gather(label: str, terms: Sequence[Snapshot], total: Snapshot, start: bool) -> Rule:
    """How a named tensor comes by its gradient.

    Args:
        label: What it is called.
        terms: What arrived; the first is the pass's own where this is its `start`.
        total: What it hands on.
        start: Whether the pass starts here.
    """
    if len(terms) == 1:
        return Rule(label, STARTS if start else HANDS_ON, {"value": terms[0]}, total)
    factors = {f"term{i}": term for i, term in enumerate(terms)}
    return Rule(label, " + ".join(f"{{{name}}}" for name in factors), factors, total)


Pieces: TypeAlias = list[tuple[str, str]]
"""A sentence in parts, each with what it is: "operation", "arriving", "leaving", or ""."""


def pieces(rule: Rule) -> Pieces:
    """The rule in words and numbers, in parts that a picture can set off from each other.

    Small tensors are written out, so that the reader can compute the right side from the left;
    larger ones are called by their role.
    """
    told: Pieces = [("operation", f"{rule.operation}: "), *_side(rule)]
    if _has_result(rule):
        if is_small(rule.result):
            told += [("", " = "), ("" if rule.hooked else "leaving", format_snapshot(rule.result))]
        else:
            told.append(("", f", of shape {rule.result.shape}"))
    if rule.hooked:
        told.append(("", ", which a hook changes"))
        if rule.hooked.numbers is not None:
            told += [("", " to "), ("leaving", format_snapshot(rule.hooked))]
    return told


def _has_result(rule: Rule) -> bool:
    """Whether what comes out differs from what is said to go in."""
    return rule.formula not in (EACH, HANDS_ON, STARTS, UNCHANGED)


def is_small(value: Snapshot | None) -> bool:
    """Whether a tensor is written out, number by number."""
    return value is not None and value.numbers is not None and len(value.numbers) <= _MOST


def _side(rule: Rule) -> Pieces:
    """The formula with numbers in place of names if all are few, else the roles that they play."""
    if "term0" in rule.factors and not is_small(rule.result):
        return [("", f"{len(rule.factors)} gradients added up")]
    formula = rule.formula.removesuffix(" unchanged") if rule.hooked else rule.formula
    parts = list(Formatter().parse(formula))
    fields = [field for _, field, _, _ in parts if field and field in rule.factors]
    small = all(map(is_small, (rule.factors[field] for field in fields)))
    told: Pieces = []
    for text, field, _, _ in parts:
        told.append(("", text.replace("@", "×")))
        if field == "operation":
            told.append(("", rule.operation))
        elif field:
            value = rule.factors[field]
            if not small and field in ROLES and value.dtype not in _PLAIN:
                told.append(("", ROLES[field]))
                continue
            written = format_snapshot(value)
            # a negative number stands in parentheses, unless it is the first or a term
            bare = written[0] != "−" or field == fields[0] or field.startswith("term")
            role = "arriving" if field in _ARRIVING and _has_result(rule) else ""
            told.append((role, written if bare else f"({written})"))
    return told


_ARRIVING = ("g", "gradient")
"""The names of the gradient that arrives, in arithmetic and in words."""

_PLAIN = {"bool", "int", "float", "complex"}
"""The types of plain numbers, which are always written."""

_Formula: TypeAlias = tuple[str | None, dict[str, Number | Snapshot]]


@cache
def _fields(formula: str) -> tuple[str, ...]:
    return tuple(field for _, field, _, _ in Formatter().parse(formula) if field)


def _filled(
    local: Local, formula: str | None, more: Mapping[str, Number | Snapshot]
) -> tuple[str, dict[str, Snapshot]] | None:
    """The formula with its factors, None if one of them is not known."""
    if formula is None:
        return None
    factors = {}
    for name in (*_fields(formula), *more):
        known = more[name] if name in more else local.saved.get(name)
        value = local.arriving if name in _ARRIVING else _snapshot(known)
        if value is None:
            return None
        factors[name] = value
    arriving, leaving = math.prod(local.arriving.shape), math.prod(local.leaving.shape)
    fewer = leaving < arriving or arriving == 0 < leaving  # the sum over no copy is 0
    if fewer and "@" not in formula and ("{g}" in formula or formula == "{gradient}"):
        # where an input was broadcast, the gradients of all its copies are added up
        formula = f"sum of {formula}"
    return formula, factors


def _formula(name: str, local: Local) -> _Formula:
    """The formula, and what it needs beside the gradient and what autograd saved."""
    formulas = FORMULAS.get(local.grad_fn) or FORMULAS.get(name)
    if formulas:
        arriving, leaving = math.prod(local.arriving.shape), math.prod(local.leaving.shape)
        counts = {"elements": leaving, "count": leaving // max(arriving, 1)}
        formula = formulas[min(local.argument, len(formulas) - 1)]
        return formula, {k: v for k, v in counts.items() if k in _fields(formula)}
    if name in RESHAPING:
        same = local.arriving.shape == local.leaving.shape
        moved = not same or name in ("transpose", "permute")
        return "passes {gradient} on in the shape of the input" if moved else UNCHANGED, {}
    return _SPECIAL[name](local) if name in _SPECIAL else (None, {})


def _add(local: Local) -> _Formula:
    # alpha belongs to what is added or subtracted: the second, but the first of `rsub`
    swapped = local.grad_fn.startswith("Rsub")
    second = local.argument == (0 if swapped else 1)
    alpha = local.saved.get("alpha", 1) if second else 1
    if second and plain_name(local.grad_fn) == "sub":
        alpha = -alpha
    if alpha != 1:
        return "{g} × {alpha}", {"alpha": alpha}
    return (UNCHANGED if local.arriving.shape == local.leaving.shape else "{gradient}"), {}


def _power(local: Local) -> _Formula:
    """The rule of x ** n for a plain number n."""
    n = local.saved.get("exponent")
    if not isinstance(n, int | float) or n == 0:
        return None, {}
    powers: dict[float, str] = {1: "", 2: " × {self}", 3: " × {self}²", 4: " × {self}³"}
    if n in powers:
        return "{g} × {exponent}" + powers[n], {}
    return "{g} × {exponent} × {self} ^ {less}", {"less": n - 1}


def _relu(local: Local) -> _Formula:
    result = local.saved.get("result")
    if not isinstance(result, Snapshot):
        return None, {}
    if not is_small(result):
        return "{gradient} where the input is above 0, else 0", {"result": result}
    steps = tuple(int(number.real > 0) for number in result.numbers or ())
    return "{g} × {step}", {"step": Snapshot(result.shape, "int64", steps)}


def _mse_loss(local: Local) -> _Formula:
    a, b = local.saved.get("self"), local.saved.get("target")
    if not isinstance(a, Snapshot) or not isinstance(b, Snapshot) or a.shape != b.shape:
        return None, {}
    difference = "({self} − {target})" if local.argument == 0 else "({target} − {self})"
    # torch numbers the ways to reduce: 0 none, 1 mean, 2 sum
    if local.saved.get("reduction") == 1:
        return "{g} × 2 × " + difference + " ÷ {size}", {"size": math.prod(a.shape)}
    return "{g} × 2 × " + difference, {}


def _extreme(local: Local) -> _Formula:
    """The rule of a maximum or minimum over all elements or along some dimensions."""
    which = "largest" if "max" in plain_name(local.grad_fn) else "smallest"
    one_each = local.grad_fn in ("MaxBackward0", "MinBackward0")  # along a dimension, with indices
    if local.arriving.numbers is not None and local.leaving.numbers is not None:
        wanted, found = (
            sum(n != 0 for n in value.numbers or ()) for value in (local.arriving, local.leaving)
        )
        one_each = found <= wanted
        if len(local.arriving.numbers) == 1 and not one_each:
            formula = f"{{gradient}} in equal parts to the {{places}} {which} elements"
            return formula, {"places": found}
    if one_each:
        return f"all of {{gradient}} to the {which} element", {}
    return f"{{gradient}} to the {which} element, in equal parts where there are several", {}


def _addmm(local: Local) -> _Formula:
    """The rule of β·bias + α·mat1·mat2."""
    names = ("beta", "alpha", "alpha")
    scale = local.saved.get(names[local.argument], 1)
    formula = ("{gradient}" if scale == 1 else "{g}", "{g} @ {mat2}ᵀ", "{mat1}ᵀ @ {g}")[
        local.argument
    ]
    return (formula, {}) if scale == 1 else (f"{{scale}} × {formula}", {"scale": scale})


_SPECIAL = {
    "add": _add,
    "sub": _add,
    "pow": _power,
    "relu": _relu,
    "mse_loss": _mse_loss,
    "addmm": _addmm,
    **dict.fromkeys(("max", "min", "amax", "amin"), _extreme),
}


def _snapshot(value: Any) -> Snapshot | None:
    if isinstance(value, int | float | complex):
        return number_snapshot(value)
    return value if isinstance(value, Snapshot) else None
