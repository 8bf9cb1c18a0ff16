"""Edits that break the book: each is refused in one line that names the file and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_book import TOC, assert_refused, write_notebook

from tools.notebooks import BookError
from tools.sources import check_notebooks, check_sources


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


# Found while the pages are made, all at once: the place, the fault, and what the line says of it.
WARNINGS = [
    ("b.ipynb", "![A tree](tree.png)", "book/tree.png: add the picture, or correct its name."),
    ("b.ipynb", "See [it](a.ipynb#nowhere).", ": correct the link."),
    ("index.md", "See [](nowhere.md).", ": correct the link."),
    ("index.md", "A {term}`leef`.", "'leef': add it to book/glossary.md, or correct it."),
]


def test_each_fault_that_sphinx_finds_is_one_line(root: Path) -> None:
    paragraphs: dict[str, list[str]] = {"b.ipynb": ["# B"], "index.md": ["# Index"]}
    expected = [
        (
            "WARNING: unknown config value 'copybuton_exclude'",
            ": correct its name in _config.yml, in its part sphinx: config.",
        )
    ]
    setting("copybutton_exclude", "copybuton_exclude")(root)
    for file, fault, end in WARNINGS:
        place = "book/b.ipynb, cell title" if file == "b.ipynb" else "book/index.md"
        expected.append((f"{place}, line {2 * len(paragraphs[file]) + 1}: ", end))
        paragraphs[file].append(fault)
    write_notebook(root / "book" / "b.ipynb", "\n\n".join(paragraphs["b.ipynb"]), "7 * 6")
    write(root / "book" / "index.md", "\n\n".join(paragraphs["index.md"]) + "\n")
    assert_lines(assert_refused(root), expected)


def test_each_dead_reference_in_html_is_one_line(root: Path) -> None:
    html = '<img src="tree.png" alt="A tree">\n\nSee <a href="gone.html">it</a>.'
    write(root / "book" / "index.md", f"# Index\n\n{html}\n")
    expected = [
        (f"book/index names {name}, ", "there is no such file: correct or remove it.")
        for name in ("gone.html", "tree.png")
    ]
    assert_lines(assert_refused(root), expected)


def assert_lines(said: str, expected: list[tuple[str, str]]) -> None:
    """The message has just one line for each beginning and end, in any order."""
    lines = said.partition("\nThe book was not built.\n\n")[2].splitlines()
    for beginning, end in expected:
        (line,) = (line for line in lines if line.startswith(beginning) and line.endswith(end))
        lines.remove(line)
    assert lines == []
