"""Answers to every exercise, one module a chapter.

RIGHT holds right ones, WRONG wrong ones with the diagnosis that each must get. The other tables
tell without any check whether an answer is right: on random INPUTS it does what a right one does,
as seen in its result or by LOOKS; or one of the VERDICTS says so.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np

CHAPTERS = [m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]
RIGHT: dict[str, list[Any]] = {}
WRONG: dict[str, list[tuple[Any, str]]] = {}
INPUTS: dict[str, Callable[[np.random.Generator], tuple[Any, ...]]] = {}
LOOKS: dict[str, Callable[..., Any]] = {}
VERDICTS: dict[str, Callable[[Any], bool]] = {}
for _name in CHAPTERS:
    _chapter = importlib.import_module(f"{__name__}.{_name}")
    for _table in ("RIGHT", "WRONG", "INPUTS", "LOOKS", "VERDICTS"):
        globals()[_table].update(getattr(_chapter, _table, {}))
