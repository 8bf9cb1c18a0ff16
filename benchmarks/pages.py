"""Chapter 5 in Chromium, on a phone's connection, against the same page with plotly's figures."""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from benchmarks import lesson
from benchmarks.alternatives import ROOT, WORK
from benchmarks.table import Comparison
from tools import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SUBJECT = "descent"
CHAPTER = next((ROOT / "book").glob(f"[0-9][0-9]_{SUBJECT}.ipynb")).stem
_STEPS, _STARTS = np.linspace(0.01, 0.3, 14), np.linspace(-4.5, 4.5, 10)
# What Lighthouse calls slow 4G, and a phone's processor.
_SLOW_4G = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
_SLOWER = 4
_PACKED = (".html", ".css", ".js", ".json", ".svg", ".txt")
# A reader sees the page when the largest thing on the first screen is painted. It is ready when,
# besides, its scripts have run and every figure, whoever made it, has drawn itself.
_WATCH = """
new PerformanceObserver((list) => { window.largestPaint = list.getEntries().at(-1).startTime; })
  .observe({ type: "largest-contentful-paint", buffered: true });
let parsed = false;
addEventListener("DOMContentLoaded", () => { parsed = true; });
const drawn = () =>
  [...document.querySelectorAll(".lp-figure")].every((f) => "ready" in f.dataset)
  && [...document.querySelectorAll(".plotly-graph-div")].every((f) => f.querySelector(".main-svg"));
const look = () => {
  if (parsed && window.largestPaint && drawn()) window.readyAfter = performance.now();
  else setTimeout(look, 5);
};
look();
"""


class Visit(NamedTuple):
    """What a first visit to a page cost: bytes over the wire, and seconds."""

    size: float
    largest_paint: float
    ready: float


def compare(rounds: int, quick: bool) -> list[Comparison]:
    from playwright.sync_api import sync_playwright

    site = _with_plotly(WORK / "site")
    found: dict[str, list[Visit]] = {CHAPTER: [], "with_plotly": []}
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=list(chromium.FLAGS)
        )
        for _ in range(1 if quick else min(rounds, 5)):
            for name, visits in found.items():
                visits.append(visit(browser, f"{address}/book/{name}.html"))
        browser.close()
    ours, plotly = (
        Visit(*map(statistics.median, zip(*visits, strict=True))) for visits in found.values()
    )
    how = "slow 4G and 4× CPU"
    return [
        Comparison(
            f"page {SUBJECT}: {what}", "the same page with plotly", *pair, unit, in_readme=True
        )
        for what, unit, pair in (
            ("bytes, gzip", "B", (ours.size, plotly.size)),
            (f"largest contentful paint, {how}", "s", (ours.largest_paint, plotly.largest_paint)),
            (f"ready, {how}", "s", (ours.ready, plotly.ready)),
        )
    ]


def visit(browser: Browser, address: str) -> Visit:
    """Open a page in a new, empty profile, as a phone would."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(_WATCH)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.send("Network.emulateNetworkConditions", {"offline": False, **_SLOW_4G})
    session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    page.goto(address, wait_until="load", timeout=120_000)  # so that all bytes are counted
    page.wait_for_function("window.readyAfter", timeout=120_000)
    paint, ready = page.evaluate("[window.largestPaint, window.readyAfter]")
    context.close()
    return Visit(sum(sizes), paint / 1000, ready / 1000)


def _with_plotly(site: Path) -> Path:
    """The built book, and in it the chapter with plotly's figures in place of its own."""
    import plotly.offline

    built = ROOT / "_build"
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(built / "html", site)
    (site / "_static" / "plotly.min.js").write_text(plotly.offline.get_plotlyjs(), "utf-8")
    notebook = json.loads((built / "source" / "book" / f"{CHAPTER}.ipynb").read_text("utf-8"))
    page = (site / "book" / f"{CHAPTER}.html").read_text("utf-8")
    figure = '<script src="../_static/plotly.min.js"></script>' + _plotly_figure()
    for own in _moving_figures(notebook):
        if own not in page:
            raise ValueError(f"{CHAPTER}.html is not what its notebook holds; type: make book")
        page, figure = page.replace(own, figure), _plotly_figure()
    (site / "book" / "with_plotly.html").write_text(page, "utf-8")
    _pack(site)
    return site


def _moving_figures(notebook: Any) -> list[str]:
    """The HTML of the outputs that move, apart from questions, for which plotly has nothing."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    html = ("".join(output.get("data", {}).get("text/html", "")).strip() for output in outputs)
    return [text for text in html if "lp-figure" in text and "lp-quiz" not in text]


def _plotly_figure() -> str:
    """What the chapter's explorer holds, 14 steps × 10 starts and 101 points each, as a slider."""
    import plotly.express

    from lecture_pkg import descend_grid

    thetas = descend_grid(lesson.objective, _STEPS, _STARTS, 100, device="cpu").thetas
    points = np.clip(thetas, -5, 5).reshape(-1)
    names = [f"{step:.2f} from {start:.1f}" for step in _STEPS for start in _STARTS]
    paths = {
        "θ": points,
        "f(θ)": _value(points),
        "path": np.repeat(names, len(points) // len(names)),
    }
    figure = plotly.express.line(paths, "θ", "f(θ)", animation_frame="path", markers=True)
    curve = np.linspace(-5, 5, 401)
    figure.add_scatter(x=curve, y=_value(curve), name="f")
    return str(figure.to_html(full_html=False, include_plotlyjs=False))


def _value(theta: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The lecture's objective."""
    return lesson.objective(torch.from_numpy(theta)).numpy()


def _pack(site: Path) -> None:
    """Compress what a CDN sends compressed; pictures and fonts are already."""
    for file in site.rglob("*"):
        if file.suffix in _PACKED:
            file.write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a packed site over connections that stay open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        if Path(self.translate_path(self.path)).suffix in _PACKED:
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: a line for each request would hide what the benchmark says."""
