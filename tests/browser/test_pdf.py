"""The PDF of the whole book: every page in it, bookmarks that read like the headings, one link."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from tools import chromium, pdf
from tools.notebooks import ROOT, BookError

HTML = ROOT / "_build" / "html"


@pytest.fixture(scope="module")
def reader() -> PdfReader:
    return PdfReader(HTML / pdf.NAME)


def _titles(outline: list[Any]) -> list[str]:
    return [
        title
        for item in outline
        for title in (_titles(item) if isinstance(item, list) else [item.title])
    ]


@pytest.mark.browser
def test_every_page_of_the_book_begins_a_bookmark(reader: PdfReader) -> None:
    top = [item.title for item in reader.outline if not isinstance(item, list)]
    headings = []
    for page in pdf.pages(ROOT):
        heading = re.search(
            r"<h1>((?:(?!</h1>).)*?)<a class=.headerlink", page.read_text("utf-8"), re.S
        )
        assert heading, page.name
        headings.append(" ".join(re.sub(r"<[^>]+>", "", heading[1]).split()))
    assert [re.sub(r"^\d+\.\s*", "", title) for title in headings] == top


def _sheets(reader: PdfReader, title: str) -> list[str]:
    """The text of each sheet of the page with this title."""
    top = [item for item in reader.outline if not isinstance(item, list)]
    starts = [reader.get_destination_page_number(item) for item in top] + [len(reader.pages)]
    index = [item.title for item in top].index(title)
    return [sheet.extract_text() for sheet in reader.pages[starts[index] : starts[index + 1]]]


@pytest.mark.browser
def test_bookmarks_read_like_headings(reader: PdfReader) -> None:
    titles = _titles(reader.outline)
    assert "What surprises people" in titles
    assert "The idea: the same trail, walked backwards" in titles


@pytest.mark.browser
def test_solutions_and_steps_are_printed_on_the_chapters_sheets(reader: PdfReader) -> None:
    sheets = _sheets(reader, "The backward pass")
    assert "The backward pass" in sheets[0]
    text = " ".join(sheets)
    assert "check.derivative(solution)" in text
    assert re.search(r"sin:\s*3\.0\s*×\s*cos\s*5\.0\s*=\s*0\.8510", text)


@pytest.mark.browser
def test_the_first_page_links_to_it_once() -> None:
    first = pdf.pages(ROOT)[0].read_text("utf-8")
    assert first.count(f'href="../{pdf.NAME}"') == 1


def test_it_prints_with_playwrights_own_browser(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no other is on the PATH, it is Playwright that has to be asked, as `make pdf` does."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    real = chromium.find()
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    ask = subprocess.run([sys.executable, "-c", chromium._ASK], capture_output=True, text=True)
    own = Path(ask.stdout.strip())
    own.parent.mkdir(parents=True)
    own.write_text(f'#!/bin/sh\nPATH={os.environ["PATH"]}\nexec {shlex.quote(real)} "$@"\n')
    own.chmod(0o755)
    page = tmp_path / "page.html"
    page.write_text("<title>One</title><h1>One page</h1>")
    script = f"""
import os
os.geteuid = lambda: 1000
from pathlib import Path
from tools import chromium, pdf
chromium._PLACES = ()
(sheet,) = pdf.printed([Path({str(page)!r})])
print(chromium.find(), sheet.headings, sheet.pdf[:5])
"""
    monkeypatch.setenv("PATH", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", f"{own} ['One page'] b'%PDF-'\n")


def test_without_built_pages_it_says_what_to_do(tmp_path: Any) -> None:
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    with pytest.raises(BookError, match=r"index\.html; run `make book` first"):
        pdf.pages(tmp_path)


def test_a_first_page_without_a_place_for_the_link_is_named(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<h1>Book</h1>")
    with pytest.raises(BookError, match=r'index\.html has no <span class="book-pdf">'):
        pdf.link(page)
    assert page.read_text() == "<h1>Book</h1>"
