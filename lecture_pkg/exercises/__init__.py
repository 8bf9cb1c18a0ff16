"""What the exercises expect, and what a wrong answer tells.

`check.<exercise>(answer)` tries an answer on fresh random inputs, compares in float64 with an
oracle that shares no code with the answer, and prints one of three things: that it is right, that
nothing has been attempted yet, or what came out, what was expected, and which mistake gives just
these numbers. It needs no network, leaves random numbers and settings alone, and no answer stops
the notebook: what raises is told, what does not end is ended.

Example:
    >>> from lecture_pkg import check
    >>> check.running_total([12, 24, 0, 12])
    ✓ running_total: right.
    >>> check.running_total([12, 12, 0, 12])
    ✗ running_total: not right yet.
      with:     x = 2, y = x³
      got:      [12, 12, 0, 12]
      expected: [12, 24, 0, 12]
      hint:     backward() adds to .grad; it does not replace it.
"""

from __future__ import annotations

from . import (
    accumulation,
    backward,
    computation_graphs,
    descent,
    gpu,
    jacobians,
    nn_and_optim,
    numpy_bridge,
)
from ._exercise import EXERCISES, Checks, Exercise, Result, examine

__all__ = ["EXERCISES", "Checks", "Exercise", "Result", "check", "examine"]

check = Checks()
"""The checks of all exercises, one function each."""

for _module in (
    numpy_bridge,
    computation_graphs,
    backward,
    accumulation,
    descent,
    nn_and_optim,
    jacobians,
    gpu,
):
    for _name in _module.__all__:
        setattr(check, _name, getattr(_module, _name))
