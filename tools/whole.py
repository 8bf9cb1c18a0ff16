"""Is each built page whole? What its notebook holds must stand on it: headings, code, outputs."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tools.notebooks import COLOURS, BookError, Runs

if TYPE_CHECKING:
    from nbformat import NotebookNode

_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)


class _Text(HTMLParser):
    """The text of a page, without what its scripts and styles say."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def _squeezed(text: str) -> str:
    return "".join(COLOURS.sub("", text).split())


class _References(HTMLParser):
    """What a page shows or links to within the site, as paths relative to the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                address = urlsplit(value)
                if address.path and not address.scheme and not address.netloc:
                    self.found.add(unquote(address.path))


def dead_references(pages: Path) -> Iterator[str]:
    """A line for each thing that a page names and the site lacks.

    Sphinx looks at what Markdown names; HTML that an author wrote goes through it unseen.
    """
    for page in sorted((pages / "book").rglob("*.html")):
        reader = _References()
        reader.feed(page.read_text("utf-8"))
        name = page.relative_to(pages).with_suffix("").as_posix()
        for target in sorted(reader.found):
            if not (page.parent / target).exists():
                yield f"{name} names {target}, but there is no such file: correct or remove it."


def check_pages(pages: Path, notebooks: list[Path], runs: Runs) -> None:
    """BookError names each cell of `notebooks` of which something is missing under `pages`."""
    faults = list(dead_references(pages))
    for path in notebooks:
        name = f"{path.parent.name}/{path.name}"
        page = pages / path.parent.name / f"{path.stem}.html"
        if not page.is_file():
            faults.append(f"{name}: there is no page {page.name}.")
            continue
        faults += [
            f"{name}, cell {cell}: its {what} is missing on the page."
            for cell, what in missing(runs.filled(path), page)
        ]
    if faults:
        raise BookError("\n".join(faults))


def missing(notebook: NotebookNode, page: Path) -> Iterator[tuple[str, str]]:
    """(cell id, what) for everything that the notebook holds and the page does not."""
    html = page.read_text("utf-8")
    reader = _Text()
    reader.feed(html)
    text = _squeezed("".join(reader.parts))
    texts = [_FENCED.sub("", c.source) for c in notebook.cells if c.cell_type == "markdown"]
    if len(re.findall("<h[1-6]", html)) < sum(len(_HEADING.findall(text)) for text in texts):
        yield notebook.cells[0].id, "or a later cell's heading"
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or "remove-cell" in tags:
            continue
        if "remove-input" not in tags and _squeezed(cell.source) not in text:
            yield cell.id, "code"
        if "remove-output" in tags:
            continue
        for output in cell.get("outputs", []):
            if not _is_there(output, html, text, page):
                yield cell.id, "output"


def _is_there(output: Any, html: str, text: str, page: Path) -> bool:
    data = output.get("data", {})
    if "text/html" in data:
        return data["text/html"].strip() in html
    for kind, suffix in (("image/svg+xml", ".svg"), ("image/png", ".png")):
        if kind in data:
            content = data[kind]
            raw = binascii.a2b_base64(content) if suffix == ".png" else content.encode()
            name = hashlib.sha256(raw).hexdigest() + suffix
            return name in html and (page.parent.parent / "_images" / name).is_file()
    return _squeezed(output.get("text") or data.get("text/plain", "")) in text
