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
        gap_targets: For each input that requires no gradient, the function that uses it,
        gap_arguments: and its position among the `next_functions`.
        ends: The functions without inputs.
    """

    functions: list[Any]
    numbers: dict[Any, int]
    sources: list[int]
    targets: list[int]
    arguments: list[int]
    outputs: dict[int, int]
    gap_targets: list[int]
    gap_arguments: list[int]
    ends: list[int]


def walk(roots: Iterable[Any]) -> Walk:
    """Visit all functions that `roots` lead to.

    It counts by hand and calls bound methods: `enumerate` would take a quarter longer, and a graph
    may have a million functions. The numbers of targets are looked up, so that each number exists
    once: a large graph has to come through the processor's cache.
    """
    functions = list(dict.fromkeys(roots))
    numbers = {function: place for place, function in enumerate(functions)}
    found = Walk(functions, numbers, [], [], [], {}, [], [], [])
    place_of, visit = numbers.setdefault, functions.append
    add_source, add_target = found.sources.append, found.targets.append
    add_argument = found.arguments.append
    add_gap_target, add_gap_argument = found.gap_targets.append, found.gap_arguments.append
    count = len(functions)
    for function in functions:  # the list grows while it is read
        target = numbers[function]
        argument = 0
        for source, output in function.next_functions:
            if source is None:
                add_gap_target(target)
                add_gap_argument(argument)
            else:
                place = place_of(source, count)
                if place == count:
                    count += 1
                    visit(source)
                if output:
                    found.outputs[len(found.sources)] = output
                add_source(place)
                add_target(target)
                add_argument(argument)
            argument += 1
        if not argument:
            found.ends.append(target)
    return found
