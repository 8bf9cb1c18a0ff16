"""Answers to every exercise: right ones, and wrong ones with the diagnosis each must get."""

from __future__ import annotations

from typing import Any

from . import (
    chapter1,
    chapter2,
    chapter3,
    chapter4,
    chapter5,
    chapter6,
    chapter7,
    chapter8,
)

_CHAPTERS = (chapter1, chapter2, chapter3, chapter4, chapter5, chapter6, chapter7, chapter8)

RIGHT: dict[str, list[Any]] = {k: v for c in _CHAPTERS for k, v in c.RIGHT.items()}
WRONG: dict[str, list[tuple[Any, str]]] = {k: v for c in _CHAPTERS for k, v in c.WRONG.items()}
