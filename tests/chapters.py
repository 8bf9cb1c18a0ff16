"""The book's chapters, by subject: a test names no chapter's number."""

from __future__ import annotations

from pathlib import Path

BOOK = Path(__file__).resolve().parents[1] / "book"


def chapters() -> dict[str, Path]:
    """The notebook of each chapter by its subject ("descent"), in the book's order."""
    return {path.stem[3:]: path for path in sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))}


def stem(subject: str) -> str:
    """The file's name of a chapter, or of another page, without its ending."""
    return chapters()[subject].stem if subject in chapters() else subject
