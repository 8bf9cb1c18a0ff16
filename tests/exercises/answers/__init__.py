"""Answers to every exercise, one module a chapter: right ones, and wrong ones with the diagnosis
that each must get."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

RIGHT: dict[str, list[Any]] = {}
WRONG: dict[str, list[tuple[Any, str]]] = {}
for _module in pkgutil.iter_modules(__path__):
    _chapter = importlib.import_module(f"{__name__}.{_module.name}")
    RIGHT |= _chapter.RIGHT
    WRONG |= _chapter.WRONG
