"""How a stepper writes numbers, names and rules, in the picture and in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..graph.data import Node
from ..values import Snapshot, format_snapshot

Lines = tuple[str, ...]

_LONGEST_LINE = 26
"""Where a row of numbers is broken, in characters."""


def called(node: Node) -> str:
    """The name by which sentences call a node."""
    return node.name or node.label


def is_one(value: Snapshot) -> bool:
    """Whether this is the gradient that `backward()` starts with when it is given none."""
    return value.shape == () and value.numbers == (1,)


def grad_lines(held: Snapshot | None) -> Lines:
    """What a leaf shows as its `.grad`."""
    return broken(f".grad = {format_snapshot(held) if held else None}")


def broken(text: str) -> Lines:
    """A long row of numbers in as few lines as will do, of about the same length."""
    lines = _filled(text, _LONGEST_LINE)
    for longest in range(_LONGEST_LINE - 1, 8, -1):
        narrower = _filled(text, longest)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def _filled(text: str, longest: int) -> Lines:
    """Lines broken after commas, each filled up to the `longest` length."""
    lines = [""]
    for part in text.split(", "):
        if lines[-1] and len(lines[-1]) + len(part) > longest:
            lines.append("")
        lines[-1] += f"{part}, "
    return tuple(line.rstrip() for line in [*lines[:-1], lines[-1].removesuffix(", ")])


def shown(rule: str, arriving: str) -> str:
    """A rule whose operation, gradient that arrives and gradient that leaves stand out."""
    name, colon, rest = escape(rule).rpartition(": ")
    factors, equals, result = rest.rpartition(" = ")
    if not equals:
        factors, result = rest, ""
    elif factors.startswith(f"{arriving} "):
        factors = f"<i>{arriving}</i>{factors[len(arriving) :]}"
    return f"<b>{name}{colon}</b>{factors}{equals}{result and f'<em>{result}</em>'}"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
