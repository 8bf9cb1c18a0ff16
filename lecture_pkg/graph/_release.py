"""Frees a deep autograd graph without the recursion that would crash the process.

Once Python has looked at every function of a graph, PyTorch 2.13 frees that graph recursively: a
chain of some 60,000 operations then overflows the stack when its output goes. `trace` does look at
every function. So it leaves a guard behind in a deep graph, which frees the functions one by one.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Any

_KEY = "lecture_pkg.release"


def free_in_order(roots: Sequence[Any], functions: Collection[Any]) -> None:
    """Have `functions`, to which `roots` lead, freed one by one when the last root has gone."""
    if all(_KEY in root.metadata for root in roots):
        return
    ends = set(roots)
    guard = _Guard([function for function in functions if function not in ends])
    for root in roots:
        root.metadata[_KEY] = guard


class _Guard:
    """Lives in the roots' metadata, and so for as long as any of them."""

    def __init__(self, functions: list[Any]) -> None:
        self._functions = functions

    def __del__(self) -> None:
        # The last root is being destroyed at this moment, and still holds its inputs. What is in a
        # cycle waits for the garbage collector, which comes soon after.
        _Later(self._functions)


class _Later:
    def __init__(self, functions: list[Any]) -> None:
        self._functions, self._cycle = functions, self

    def __del__(self) -> None:
        users = dict.fromkeys(self._functions, 0)
        self._functions.clear()
        _free(users)


def _free(users: dict[Any, int]) -> None:
    """Let go of the functions, which are the keys, each after all the functions that use it."""
    for function in users:
        for source, _ in function.next_functions:
            if source in users:
                users[source] += 1
    ready = [function for function, count in users.items() if count == 0]
    held = []
    while ready:
        function = ready.pop()
        del users[function]
        if sys.getrefcount(function) > 2:  # somebody else still has it, and so all below it
            held.append(function)
            continue
        sources = [source for source, _ in function.next_functions if source in users]
        del function
        while sources:
            source = sources.pop()
            users[source] -= 1
            if users[source] == 0:
                ready.append(source)
            del source
    if held and users:
        free_in_order(held, users)
