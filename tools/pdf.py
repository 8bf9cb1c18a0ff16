"""Make one PDF of the whole book from its built pages, and link it from the first page.

Chromium prints every page, in the order of _toc.yml, and pypdf joins them under one set of
bookmarks: a page's title, and below it the page's headings.
"""

from __future__ import annotations

import io
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import chromium
from tools.notebooks import ROOT, BookError

if TYPE_CHECKING:
    from pypdf import PdfReader, PdfWriter

NAME = "automatic-differentiation.pdf"
_PLACE = re.compile(r'(<span class="book-pdf">).*?(</span>)', re.DOTALL)
_LINK = f'<a href="../{NAME}">On paper</a>: the whole book as one PDF.'
_FOOTER = (
    '<div style="font-size: 8px; width: 100%; text-align: center; font-family: sans-serif">'
    '<span class="title"></span> · <span class="pageNumber"></span></div>'
)


def pages(root: Path) -> list[Path]:
    """The built pages in the order of the table of contents; BookError if one is missing."""
    toc = (root / "_toc.yml").read_text("utf-8")
    names = re.findall(r"^[\s-]*(?:root|file):\s*(\S+)", toc, re.MULTILINE)
    found = [root / "_build" / "html" / f"{name}.html" for name in names]
    if missing := [path.name for path in found if not path.is_file()]:
        raise BookError(f"There is no built {missing[0]}; run `make book` first.")
    return found


@dataclass(frozen=True)
class Printed:
    """One page on paper, and its headings as the reader sees them."""

    pdf: bytes
    headings: list[str]


def printed(paths: list[Path]) -> list[Printed]:
    """Each page as Chromium prints it in light colours, with its headings as bookmarks."""
    from playwright.sync_api import sync_playwright

    path_of_browser = chromium.find()
    with sync_playwright() as playwright:
        # else it waits two seconds for each page's pictures that load when a reader comes near
        flags = [*chromium.FLAGS, "--blink-settings=lazyLoadEnabled=false"]
        browser = playwright.chromium.launch(executable_path=path_of_browser, args=flags)
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        sheets = []
        for path in paths:
            page.goto(path.as_uri(), wait_until="load")
            # folded solutions are part of the book
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            pdf = page.pdf(
                format="A4",
                margin={"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=_FOOTER,
                outline=True,
                tagged=True,
            )
            sheets.append(Printed(pdf, page.locator("h1, h2, h3, h4").all_text_contents()))
        browser.close()
    return sheets


def joined(sheets: list[Printed]) -> bytes:
    """The PDFs one after another, each with its own bookmarks."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for sheet in sheets:
        start = len(writer.pages)
        reader = PdfReader(io.BytesIO(sheet.pdf))
        writer.append(reader, import_outline=False)
        # Chromium loses the blank where a heading's line is broken: take the words from the page
        titles = {_letters(heading): " ".join(heading.split()) for heading in sheet.headings}
        _add_bookmarks(writer, reader, reader.outline, titles, start, None)
    writer.compress_identical_objects()
    result = io.BytesIO()
    writer.write(result)
    return result.getvalue()


def _letters(title: str) -> str:
    """A heading without blanks and without the theme's mark for a link to it."""
    return re.sub(r"[\s#]", "", title)


def _add_bookmarks(
    writer: PdfWriter,
    reader: PdfReader,
    outline: list[Any],
    titles: dict[str, str],
    start: int,
    parent: Any,
) -> None:
    """Add the bookmarks of one page of the book, which begins at sheet number `start`."""
    last = parent
    for item in outline:
        if isinstance(item, list):
            _add_bookmarks(writer, reader, item, titles, start, last)
            continue
        number = reader.get_destination_page_number(item)
        if number is None or item.title is None:
            continue
        title = titles.get(_letters(item.title), item.title).rstrip("#").rstrip()
        last = writer.add_outline_item(title=title, page_number=start + number, parent=parent)


def link(first_page: Path) -> None:
    """Put the link to the PDF where the first page says how one is made."""
    html, count = _PLACE.subn(rf"\1{_LINK}\2", first_page.read_text("utf-8"))
    if not count:
        raise BookError(f'{first_page.name} has no <span class="book-pdf"> for the PDF\'s link.')
    first_page.write_text(html, "utf-8")


def make(root: Path = ROOT) -> Path:
    """Make the PDF beside the pages unless it is newer than all of them; returns its path."""
    paths = pages(root)
    target = root / "_build" / "html" / NAME
    mark = root / "_build" / "built"
    if target.exists() and target.stat().st_mtime >= mark.stat().st_mtime:
        print("The PDF is up to date.")
        return target
    started = time.monotonic()
    content = joined(printed(paths))
    target.write_bytes(content)
    link(paths[0])
    print(
        f"Made {target.name}, {len(content) / 1e6:.1f} MB, in {time.monotonic() - started:.1f} s."
    )
    return target


if __name__ == "__main__":
    try:
        make()
    except (BookError, chromium.MissingBrowser, ValueError) as error:
        sys.exit(str(error))
