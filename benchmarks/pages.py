"""Chapter pages in Chromium: bytes over the wire and time to ready, plain and throttled."""

from __future__ import annotations

import gzip
import mimetypes
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.alternatives import WORK, interpreter
from benchmarks.site import CHAPTER, comparison_pages
from benchmarks.table import Comparison, Goal
from tools import chromium

_OWN = ("03_backward", CHAPTER)
_OTHERS = {
    "with_plotly": "the same page with plotly",
    "with_bokeh": "the same page with bokeh",
    "without_figures": "the same page without moving figures",
}
_FLOOR = "floor: the theme's empty page"
_WHY_LARGE = (
    "75 kB are every point of every path that the two moving figures can show, 40 kB the font of "
    "the formulas, which a browser then keeps."
)
_WHY_LATE = (
    "A page of text, code and formulas is read and laid out to its end before it counts as ready, "
    "ten times as many elements as the empty one has; what the figures add stands in the row "
    "against the same page without them. On slow 4G each 20 kB more take another tenth of a second."
)
# What Lighthouse calls slow 4G, and a phone's processor.
_SLOW_4G = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
_SLOWER = 4

# Ready: the page is painted, its scripts have run, and every figure, whoever made it, has drawn
# itself. Pictures further down and icons may still be on their way.
_WATCH = """
let parsed = false;
addEventListener("DOMContentLoaded", () => { parsed = true; });
const painted = () => performance.getEntriesByName("first-contentful-paint").length > 0;
const drawn = () =>
  [...document.querySelectorAll(".lp-figure")].every((f) => "ready" in f.dataset)
  && [...document.querySelectorAll(".plotly-graph-div")].every((f) => f.querySelector(".main-svg"))
  && [...document.querySelectorAll("[data-root-id]")].every((f) =>
    f.childElementCount > 0 && window.Bokeh?.documents.every((d) => d.is_idle));
const look = () => {
  if (parsed && painted() && drawn()) window.readyAfter = performance.now();
  else setTimeout(look, 5);
};
look();
"""


class Visit(NamedTuple):
    """What a first visit to a page cost."""

    bytes: int
    seconds: float


def compare(rounds: int, quick: bool) -> list[Comparison]:
    from playwright.sync_api import sync_playwright

    site = comparison_pages(WORK / "site", interpreter())
    path = chromium.find()
    names = ["empty", *_OWN, *_OTHERS]
    visits: dict[tuple[str, bool], list[Visit]] = {}
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        for turn in range(min(rounds, 3) + 1):  # half a minute each
            for name in names:
                for slow in (False, True):
                    found = visit(browser, f"{address}/book/{name}.html", slow)
                    if turn:
                        visits.setdefault((name, slow), []).append(found)
        browser.close()
    return _rows({key: _median(found) for key, found in visits.items()})


def _median(visits: list[Visit]) -> Visit:
    sizes, times = zip(*visits, strict=True)
    return Visit(int(statistics.median(sizes)), statistics.median(times))


def _rows(found: dict[tuple[str, bool], Visit]) -> list[Comparison]:
    rows: list[Comparison] = []
    for name in _OWN:
        for other, against in {**(_OTHERS if name == CHAPTER else {}), "empty": _FLOOR}.items():
            is_floor = other == "empty"
            size, time = (Goal("more", 150e3), Goal("more", 0.1)) if is_floor else (None, None)
            sizes = found[name, False].bytes, found[other, False].bytes
            what = f"page {name}: bytes, gzip"
            rows.append(Comparison(what, against, *sizes, "B", size, why=_WHY_LARGE))
            for slow, how in ((False, "plain"), (True, "slow 4G and 4× CPU")):
                times = found[name, slow].seconds, found[other, slow].seconds
                what = f"page {name}: ready, {how}"
                rows.append(Comparison(what, against, *times, "s", time, why=_WHY_LATE))
    return rows


def visit(browser: Any, address: str, slow: bool) -> Visit:
    """Open a page in a new, empty profile."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(_WATCH)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    if slow:
        session.send("Network.emulateNetworkConditions", {"offline": False, **_SLOW_4G})
        session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    page.goto(address, wait_until="load", timeout=120_000)  # so that all bytes are counted
    page.wait_for_function("window.readyAfter", timeout=120_000)
    seconds = page.evaluate("window.readyAfter") / 1000
    context.close()
    return Visit(int(sum(sizes)), seconds)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as a CDN would: compressed, over connections that stay open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@cache
def _compressed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 9, mtime=0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, folder: Path, *arguments: Any) -> None:
        self._folder = folder
        super().__init__(*arguments)

    def do_GET(self) -> None:
        file = self._folder / urlsplit(self.path).path.lstrip("/")
        if not file.is_file():
            self.send_error(404)
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        # pictures and fonts are compressed already
        packed = kind.startswith("text/") or kind.endswith(("javascript", "json", "svg+xml"))
        body = _compressed(file) if packed else file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass
