"""The link check, on a small book that points to a site of its own on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from small_book import write_book, write_notebook

from tools.notebooks import ROOT


class Site(BaseHTTPRequestHandler):
    """Answers /200 with 200, /404 with 404, …"""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:4]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what the check says."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book with nothing built but what Sphinx reads."""
    root = tmp_path_factory.mktemp("book")
    write_book(root)
    shutil.copytree(root / "book", root / "_build" / "source" / "book")
    return root


def outcome(root: Path, notebook: str, *first_page: str) -> tuple[int, str]:
    """What the check says of a book with a link in a notebook and some on the first page."""
    source = root / "_build" / "source" / "book"
    write_notebook(source / "a.ipynb", f"# A\n\n[there]({notebook})", "1")
    links = "\n".join(f"- [there]({address})" for address in first_page)
    (source / "index.md").write_text(f"# Index\n\n[](a.ipynb)\n\n{links}\n")
    command = [sys.executable, "-m", "tools.links", str(root)]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_what_is_gone_is_named_with_its_place(site: str, root: Path) -> None:
    gone = [f"{site}/404", "http://127.0.0.1:1/"]
    status, said = outcome(root, f"{site}/500", *gone, f"{site}/200")
    assert status == 1
    notebook, *first_page = said.strip().splitlines()
    assert re.fullmatch(
        rf"book/a\.ipynb, cell title, line 3: {site}/500 does not answer "
        r"\(500 .+\)\. Correct or remove the link\.",
        notebook,
    )
    assert len(first_page) == len(gone)
    for number, (line, address) in enumerate(zip(first_page, gone, strict=True), start=5):
        assert line.startswith(f"book/index.md, line {number}: {address} does not answer (")


def test_what_turns_programs_away_is_there(site: str, root: Path) -> None:
    status, said = outcome(root, f"{site}/200", f"{site}/401", f"{site}/403", f"{site}/503")
    assert said == "2 of 4 addresses answer; the others turn programs away today.\n"
    assert status == 0


def test_pages_without_any_link_are_no_success(root: Path) -> None:
    assert outcome(root, "b.ipynb", "b.ipynb") == (1, "No links to other sites were found.\n")
