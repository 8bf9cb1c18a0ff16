"""Edits that break the book: each is refused in one line that names the file and what to do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_book import TOC, assert_refused, write_and_build, write_notebook

from tools.notebooks import BookError
from tools.sources import check_notebooks, check_sources


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("book")
    write_and_build(root)
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A small book that has been built, to be broken."""
    return shutil.copytree(built, tmp_path / "book")


def text(content: str) -> Callable[[Path], None]:
    """An edit of a notebook's text."""
    return lambda root: write_notebook(root / "book" / "b.ipynb", f"# B\n\n{content}", "7 * 6")


def page(content: str) -> Callable[[Path], None]:
    """An edit of a page that is no notebook."""
    return lambda root: write(root / "book" / "index.md", f"# Index\n\n{content}\n")


def setting(old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        path = root / "_config.yml"
        before = path.read_text("utf-8")
        assert old in before
        write(path, before.replace(old, new))

    return edit


def contents(toc: str) -> Callable[[Path], None]:
    return lambda root: write(root / "_toc.yml", toc)


def code_cell(**changes: Any) -> Callable[[Path], None]:
    """A change of the notebook's code cell, as an editor would save it."""

    def edit(root: Path) -> None:
        path = root / "book" / "b.ipynb"
        notebook = json.loads(path.read_text("utf-8"))
        notebook["cells"][1].update(changes)
        write(path, json.dumps(notebook))

    return edit


def write(path: Path, content: str) -> None:
    path.write_text(content, "utf-8")


# Refused before anything is run: the whole of what is said.
SOURCES = {
    "merge conflict": (
        lambda root: write(root / "book" / "b.ipynb", "<<<<<<< HEAD\n{}"),
        "book/b.ipynb is not a valid notebook: Expecting value: line 1 column 1 (char 0): mend it "
        "in an editor, or bring back the one before: git restore book/b.ipynb",
    ),
    "no notebook": (
        lambda root: write(root / "book" / "b.ipynb", '{"cells": 1}'),
        r"book/b.ipynb is not a valid notebook: .*: mend it in an editor, or .*",
    ),
    "unknown tag": (
        code_cell(metadata={"tags": ["hide-inputs"]}),
        "book/b.ipynb, cell code: 'hide-inputs' is no tag; do you mean 'hide-input'?",
    ),
    "outlandish tag": (
        code_cell(metadata={"tags": ["homework"]}),
        "book/b.ipynb, cell code: 'homework' is no tag; take it out.",
    ),
    "no outputs": (
        code_cell(execution_count=None, outputs=[]),
        "book/b.ipynb, cell code: it was never run; type: make notebooks ONLY=b",
    ),
    "entry without a file": (
        contents(f"{TOC}  - file: book/c\n"),
        "_toc.yml lists book/c, but there is no such page: add it or take the line out.",
    ),
    "file without an entry": (
        lambda root: write(root / "book" / "c.md", "# C\n"),
        "book/c is not listed in _toc.yml: list it or delete it.",
    ),
    "mistyped key in the contents": (
        contents(TOC.replace("chapters", "chapter")),
        r"_toc.yml: Unknown keys found: .*'chapter'.*; correct the line\.",
    ),
    "mistyped key": (
        setting("title:", "titel:"),
        "_config.yml: 'titel' is no setting; do you mean 'title'?",
    ),
    "mistyped key in a section": (
        setting("favicon:", "favikon:"),
        "_config.yml: html: 'favikon' is no setting; do you mean 'favicon'?",
    ),
    "value of another kind": (
        setting("timeout: 300", "timeout: long"),
        "_config.yml: execute: timeout: 'long' is not of type 'number'; correct the value.",
    ),
    "broken YAML": (
        setting("author:", "]author:"),
        r"_config\.yml, line \d+: .*; correct it\.",
    ),
}


@pytest.mark.parametrize("case", SOURCES.values(), ids=list(SOURCES))
def test_broken_source_is_one_line(root: Path, case: tuple[Callable[[Path], None], str]) -> None:
    edit, line = case
    edit(root)
    with pytest.raises(BookError) as caught:
        check_sources(root)
    said = str(caught.value)
    assert said == line or re.fullmatch(line, said)


def test_broken_source_publishes_nothing(root: Path) -> None:
    edit, line = SOURCES["no outputs"]
    edit(root)
    assert_refused(root, f"\nThe book was not built.\n\n{line}\n")


def test_all_faults_are_named_at_once(root: Path) -> None:
    for name in ("a", "b"):
        write_notebook(root / "book" / f"{name}.ipynb", "# X", "1")
        path = root / "book" / f"{name}.ipynb"
        write(
            path, path.read_text("utf-8").replace('"execution_count": 1', '"execution_count": null')
        )
    with pytest.raises(BookError) as caught:
        check_notebooks(sorted((root / "book").glob("*.ipynb")))
    assert [line.split(",")[0] for line in str(caught.value).splitlines()] == [
        "book/a.ipynb",
        "book/b.ipynb",
    ]


# Found while the pages are made: the beginning and the end of the one line.
PAGES = {
    "missing picture": (
        text("![A tree](tree.png)"),
        "book/b.ipynb, cell title, line 3: ",
        "book/tree.png: add the picture, or correct its name.",
    ),
    "missing picture in HTML": (
        page('<img src="tree.png" alt="A tree">'),
        "book/index names tree.png, ",
        "there is no such file: correct or remove it.",
    ),
    "dead link": (page("See [](nowhere.md)."), "book/index.md, line 3: ", ": correct the link."),
    "dead link to a heading": (
        text("See [it](a.ipynb#nowhere)."),
        "book/b.ipynb, cell title, line 3: ",
        ": correct the link.",
    ),
    "dead link in HTML": (
        page('See <a href="gone.html">it</a>.'),
        "book/index names gone.html, ",
        "there is no such file: correct or remove it.",
    ),
    "unknown term": (
        page("A {term}`leef`."),
        "book/index.md, line 3: ",
        "'leef': add it to book/glossary.md, or correct it.",
    ),
    "mistyped setting of Sphinx": (
        setting("copybutton_exclude", "copybuton_exclude"),
        "WARNING: unknown config value 'copybuton_exclude'",
        ": correct its name in _config.yml, in its part sphinx: config.",
    ),
}


@pytest.mark.parametrize("case", PAGES.values(), ids=list(PAGES))
def test_broken_page_is_one_line(root: Path, case: tuple[Callable[[Path], None], str, str]) -> None:
    edit, beginning, end = case
    edit(root)
    said = assert_refused(root)
    (line,) = said.partition("\nThe book was not built.\n\n")[2].splitlines()
    assert line.startswith(beginning)
    assert line.endswith(end)
