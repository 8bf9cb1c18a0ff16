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

import importlib
import pkgutil

from ._exercise import EXERCISES as EXERCISES
from ._exercise import Checks as Checks
from ._exercise import Exercise as Exercise
from ._exercise import Result as Result
from ._exercise import examine as examine

check = Checks()
"""The checks of all exercises, one function each."""

for _module in pkgutil.iter_modules(__path__):  # a chapter's exercises are those of its module
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")
