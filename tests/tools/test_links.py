"""The link check, against a site of its own on this machine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.links import TRIES, check, fault, links
from tools.notebooks import BookError

asked: Counter[str] = Counter()


class Site(BaseHTTPRequestHandler):
    """Answers /200 with 200, /404 with 404, …; /busy is busy when it is first asked."""

    def do_GET(self) -> None:
        asked[self.path] += 1
        busy = 503 if asked[self.path] == 1 else 200
        self.send_response(busy if self.path == "/busy" else int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what the check says."""


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def site(running: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    asked.clear()
    return running


def write(html: Path, name: str, *addresses: str) -> None:
    anchors = "".join(f'<a class="x" href="{address}">there</a>' for address in addresses)
    (html / name).parent.mkdir(exist_ok=True)
    (html / name).write_text(f"<p>{anchors}</p>", "utf-8")


def test_links_are_found_once_with_all_their_pages(tmp_path: Path) -> None:
    write(tmp_path, "a.html", "https://x.org/y#one", "https://x.org/y#two", "b.html", "#here")
    write(tmp_path, "book/b.html", "https://x.org/y", "http://z.org/?a=1&amp;b=2", "mailto:a@b.c")
    assert links(tmp_path) == {
        "http://z.org/?a=1&b=2": ["book/b.html"],
        "https://x.org/y": ["a.html", "book/b.html"],
    }


@pytest.mark.parametrize("path", ["/200", "/403", "/429", "/busy"])
def test_what_answers_is_there(site: str, path: str) -> None:
    assert fault(site + path, pause=0) == ""


def test_what_is_gone_is_asked_once_and_what_is_broken_again(site: str) -> None:
    assert fault(f"{site}/404", pause=0) == "404 Not Found"
    assert fault(f"{site}/500", pause=0) == "500 Internal Server Error"
    assert asked == {"/404": 1, "/500": TRIES}


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://[no-address/"])
def test_no_site_is_reported(site: str, address: str) -> None:
    assert fault(address, pause=0) != ""


def test_fault_names_page_and_address(site: str, tmp_path: Path) -> None:
    write(tmp_path, "book/a.html", f"{site}/200", f"{site}/410")
    with pytest.raises(BookError) as caught:
        check(tmp_path, pause=0)
    assert str(caught.value) == (
        f"book/a.html: {site}/410 does not answer (410 Gone). Correct or remove the link."
    )
    write(tmp_path, "book/a.html", f"{site}/200")
    assert check(tmp_path, pause=0) == 1


def test_pages_without_any_link_are_no_success(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="No links"):
        check(tmp_path)
