"""A small book of two notebooks, for tests that build it as the Makefile does and break it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from tools import notebooks

ROOT = notebooks.ROOT
TOC = """
format: jb-book
root: book/index
chapters:
  - file: book/a
  - file: book/b
"""


def write_notebook(path: Path, title: str, code: str) -> None:
    """A notebook of one text cell, `title`, and one code cell, `code`."""
    cells = [
        nbformat.v4.new_markdown_cell(title, id="title"),
        nbformat.v4.new_code_cell(code, id="code", execution_count=1),
    ]
    path.write_text(notebooks.canonical(nbformat.v4.new_notebook(cells=cells)), "utf-8")


def build(root: Path) -> tuple[int, str]:
    """The exit status of a build, and all that it said."""
    command = [sys.executable, "-m", "tools.build", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def write_book(root: Path) -> None:
    """The sources of a small book, in an empty folder."""
    shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
    (root / "lecture_pkg").mkdir()
    (root / "lecture_pkg" / "module.py").write_text("VALUE = 1\n")
    (root / "requirements.txt").write_text("")
    settings = (ROOT / "_config.yml").read_text("utf-8")
    (root / "_config.yml").write_text(
        settings.replace(": tools\n", f": {ROOT / 'tools'}\n"), "utf-8"
    )
    (root / "_toc.yml").write_text(TOC)
    (root / "book" / "index.md").write_text("# Index\n\nSee [](a.ipynb).\n")
    write_notebook(root / "book" / "a.ipynb", "# A\n\n$x^2$", "print('six is', 2 * 3)")
    write_notebook(root / "book" / "b.ipynb", "# B", "7 * 6")


def write_and_build(root: Path) -> str:
    """A small book that is built without a fault; returns what the build said."""
    write_book(root)
    status, said = build(root)
    assert status == 0, said
    return said


def page(root: Path, name: str) -> str:
    return (root / "_build" / "html" / "book" / f"{name}.html").read_text("utf-8")


def assert_refused(root: Path, *fragments: str) -> str:
    """The build fails, says each of `fragments`, and leaves the published pages as they were.

    Returns all that it said.
    """
    html = root / "_build" / "html"
    before = {path: path.read_bytes() for path in html.rglob("*") if path.is_file()}
    status, said = build(root)
    assert status == 1, said
    for fragment in fragments:
        assert fragment in said
    assert "Traceback" not in said
    assert {path: path.read_bytes() for path in html.rglob("*") if path.is_file()} == before
    return said
