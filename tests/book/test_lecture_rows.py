"""Every row of the lecture is on its page: in the committed outputs, and in the built book."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pytest
from chapters import stem
from lecture_rows import ROWS

from tools.notebooks import ROOT

PLACES = [
    pytest.param(stem(page), cell, fragments, id=f"{row}-{cell or page}")
    for row, pages in ROWS.items()
    for page, cells in pages.items()
    for cell, fragments in cells.items()
]


def words(text: str) -> str:
    """Text without what differs between devices, and with each run of white space as one blank."""
    return " ".join(re.sub(r", device='cuda:\d+'", "", text).split())


def shown(page: str, cell_id: str) -> Iterator[str]:
    """The texts that a notebook's cell shows: its outputs', or its own if it is a text cell."""
    cells = json.loads((ROOT / "book" / f"{page}.ipynb").read_text("utf-8"))["cells"]
    (cell,) = [cell for cell in cells if cell["id"] == cell_id]
    if cell["cell_type"] == "markdown":
        yield "".join(cell["source"])
        return
    assert cell["execution_count"]
    for output in cell["outputs"]:
        yield "".join(output.get("text", ""))
        yield from ("".join(part) for part in output.get("data", {}).values())


def test_no_row_is_missing() -> None:
    assert list(ROWS) == [f"L{n}" for n in range(1, 16)] + ["L15a"] + [
        f"L{n}" for n in range(16, 21)
    ]


@pytest.mark.parametrize(("page", "cell", "fragments"), PLACES)
def test_committed_output(page: str, cell: str, fragments: list[str]) -> None:
    if cell:
        texts = words("\n".join(shown(page, cell)))
    else:
        texts = (ROOT / "book" / f"{page}.md").read_text("utf-8")
    assert [piece for piece in fragments if words(piece) not in texts] == []


@pytest.mark.parametrize(("page", "cell", "fragments"), PLACES)
def test_built_page(page: str, cell: str, fragments: list[str]) -> None:
    built = ROOT / "_build" / "html" / "book" / f"{page}.html"
    assert built.exists(), "type: make book"
    source = built.read_text("utf-8")
    addresses = "\n".join(re.findall(r'\bhref="([^"]*)"', source))
    texts = words(html.unescape(re.sub(r"<[^>]*>", "", source)) + addresses)
    assert [piece for piece in fragments if words(piece) not in texts] == []
