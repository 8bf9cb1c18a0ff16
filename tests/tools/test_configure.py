"""The address of a copy of the book: one place for it, and everything that repeats it agrees."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tools.configure import PLACEHOLDER, Address, address, configure, configured, rewritten
from tools.notebooks import ROOT, BookError

CONFIG = """title: A book
repository:
  url: https://github.com/your-account/your-book
  branch: main
launch_buttons: {}
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "book").mkdir()
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# A chapter"},
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": "setup",
            "metadata": {},
            "outputs": [],
            "source": "import lecture_pkg",
        },
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "book" / "01_a.ipynb").write_text(json.dumps(notebook))
    return tmp_path


def _cells(book: Path) -> dict[str, str]:
    notebook = json.loads((book / "book" / "01_a.ipynb").read_text("utf-8"))
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


def test_this_copy_agrees_with_its_config() -> None:
    here = address((ROOT / "_config.yml").read_text("utf-8"))
    for path, text in rewritten(ROOT, here).items():
        assert path.read_text("utf-8") == text, f"{path.name}: run `make configure`"


def test_the_address_that_ships_says_that_it_is_none() -> None:
    assert not Address(PLACEHOLDER, "main").is_set
    assert configured(CONFIG, Address(PLACEHOLDER, "main")) == CONFIG


def test_an_address_reaches_config_badge_and_install_cell(book: Path) -> None:
    changed = configure(book, "ada/autodiff", "spring-2027")
    assert [path.name for path in changed] == ["_config.yml", "01_a.ipynb"]
    config = (book / "_config.yml").read_text()
    assert address(config) == Address("ada/autodiff", "spring-2027")
    assert "launch_buttons: {colab_url:" in config
    cells = _cells(book)
    assert list(cells) == ["colab-badge", "title", "colab-install", "setup"]
    assert "/github/ada/autodiff/blob/spring-2027/book/01_a.ipynb)" in cells["colab-badge"]
    assert '"git+https://github.com/ada/autodiff@spring-2027"' in cells["colab-install"]


def test_configuring_twice_changes_nothing_more(book: Path) -> None:
    configure(book, "ada/autodiff", "main")
    assert configure(book, "ada/autodiff", "main") == []


def test_going_back_to_the_placeholder_takes_the_buttons_away(book: Path) -> None:
    configure(book, "ada/autodiff", "main")
    configure(book, PLACEHOLDER, "main")
    assert (book / "_config.yml").read_text() == CONFIG
    assert list(_cells(book)) == ["title", "colab-install", "setup"]


REFUSED_REPOS = [
    *("autodiff", "a/b/c", "https://github.com/a/b", "a b/c", "-a/b", "me/", "/b"),
    *("me/my-book.git", "me/.", "me/..", "me/$(id)", "me/`id`", 'me/"x'),
]
REFUSED_BRANCHES = [
    *("", "two words", "-x", "/x", "x/", "a//b", 'x"y', "$(id)", "x\ny"),
    *("a..b", "x.lock", "a.lock/b", ".x", "a/.b", "x."),
]


@pytest.mark.parametrize("repo", REFUSED_REPOS)
def test_a_repo_that_is_none_is_refused_and_nothing_written(book: Path, repo: str) -> None:
    before = [path.read_text() for path in (book / "_config.yml", book / "book" / "01_a.ipynb")]
    with pytest.raises(BookError, match="REPO must be owner/name"):
        configure(book, repo, "main")
    assert before == [path.read_text() for path in (book / "_config.yml", book / "book/01_a.ipynb")]


@pytest.mark.parametrize("branch", REFUSED_BRANCHES)
def test_a_branch_that_is_none_is_refused(book: Path, branch: str) -> None:
    with pytest.raises(BookError, match="BRANCH must be"):
        configure(book, "ada/autodiff", branch)


@pytest.mark.parametrize(
    "repo", ["a/b", "Ada-1/my.book_2", "me/.github", "me_acme/git", "me/x.gitty"]
)
@pytest.mark.parametrize("branch", ["main", "teach/2027-1", "v0.2", "a.b", "x.locked"])
def test_an_address_that_github_allows_is_taken(book: Path, repo: str, branch: str) -> None:
    configure(book, repo, branch)
    assert address((book / "_config.yml").read_text()) == Address(repo, branch)


def test_a_branch_reaches_the_workflows_and_a_release_does_not(book: Path) -> None:
    workflow = book / ".github" / "workflows" / "pages.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on:\n  push:\n    branches: [main]\npermissions: [x]\n")
    assert workflow in configure(book, "ada/autodiff", "spring-2027")
    changed = "on:\n  push:\n    branches: [spring-2027]\npermissions: [x]\n"
    assert workflow.read_text() == changed
    assert workflow not in configure(book, "ada/autodiff", "v0.2.0")
    assert workflow.read_text() == changed


@pytest.mark.parametrize("by_environment", [True, False])
@pytest.mark.parametrize("text", ["$(id)", "$$(id)", "$(shell id)", "`id`", '"; id; "', "it's", ""])
def test_make_hands_over_what_was_typed(tmp_path: Path, text: str, by_environment: bool) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (tmp_path / "python").chmod(0o755)
    given = {"REPO": text, "BRANCH": "x" + text}
    command = ["make", "-s", "-f", str(ROOT / "Makefile"), "-o", ".venv/ready", "BIN=."]
    if not by_environment:
        command += [f"{name}={value}" for name, value in given.items()]
    done = subprocess.run(
        [*command, "configure"],
        cwd=tmp_path,
        env={**os.environ, **(given if by_environment else {})},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["-m", "tools.configure", text, "x" + text], done.stderr


def test_a_broken_notebook_is_named_and_nothing_written(book: Path) -> None:
    (book / "book" / "02_b.ipynb").write_text("{")
    with pytest.raises(BookError, match=r"02_b\.ipynb"):
        configure(book, "ada/autodiff", "main")
    assert (book / "_config.yml").read_text() == CONFIG


def test_a_config_without_an_address_is_named(book: Path) -> None:
    with pytest.raises(BookError, match="repository's url"):
        address("title: A book\n")
