"""The walk over autograd's functions: in a loop, as plain columns, for graphs of any depth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Walk(NamedTuple):
    """A graph of autograd's functions, numbered in the order of the visit.

    Attributes:
        functions: The functions; `numbers` gives each one's place.
        numbers: From function to place.
        sources: For each edge, the number of the function that the value comes from,
        targets: of the function that uses it,
        arguments: and the position among the `next_functions` of the latter.
        outputs: For the edges that come from another output than the first: which.
        empty: Function and position of each input that requires no gradient.
    """

    functions: list[Any]
    numbers: dict[Any, int]
    sources: list[int]
    targets: list[int]
    arguments: list[int]
    outputs: dict[int, int]
    empty: list[tuple[int, int]]


def walk(roots: Iterable[Any]) -> Walk:
    """Visit all functions that `roots` lead to."""
    index = {function: number for number, function in enumerate(dict.fromkeys(roots))}
    functions = list(index)
    sources: list[int] = []
    targets: list[int] = []
    arguments: list[int] = []
    outputs: dict[int, int] = {}
    empty: list[tuple[int, int]] = []
    for target, function in enumerate(functions):  # the list grows while it is read
        for argument, (source, output) in enumerate(function.next_functions):
            if source is None:
                empty.append((target, argument))
            else:
                number = index.get(source)
                if number is None:
                    index[source] = number = len(functions)
                    functions.append(source)
                if output:
                    outputs[len(sources)] = output
                sources.append(number)
                targets.append(target)
                arguments.append(argument)
    return Walk(functions, index, sources, targets, arguments, outputs, empty)
