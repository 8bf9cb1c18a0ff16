"""The built book as the browser tests see it: its pages, a server for them, what to ask a page."""

from __future__ import annotations

import functools
import gzip
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import axe_playwright_python

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def names() -> list[str]:
    """Every page of the book, and those that Sphinx adds; a book that is not built has none."""
    pages = sorted((HTML / "book").glob("*.html"))
    return [f"book/{page.name}" for page in pages] + ["search.html", "genindex.html"]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The site's address while a server on this machine answers for it."""
    handler = functools.partial(_Quiet, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def weight(path: Path) -> int:
    """Bytes of a file as a server sends it: text compressed, pictures and fonts as they are."""
    content = path.read_bytes()
    if path.suffix in (".png", ".woff2"):
        return len(content)
    return len(gzip.compress(content, 6))


def file_of(address: str) -> Path:
    """The built file behind an address, of the server or of a file."""
    path = unquote(urlsplit(address).path)
    return Path(path) if address.startswith("file:") else HTML / path.lstrip("/")


def own_files(name: str) -> list[Path]:
    """A page's own files: its HTML and its pictures; the theme's are shared by all pages."""
    page = HTML / name
    pictures = set(re.findall(r'src="(\.\./_images/[^"]+)"', page.read_text("utf-8")))
    return [page, *(page.parent / picture for picture in sorted(pictures))]


# Colours of code are the same on all pages: of each kind of word, axe looks at the first.
VIOLATIONS = """async (rules) => {
  const seen = new Set();
  for (const word of document.querySelectorAll("pre span")) {
    const kind = word.className + Boolean(word.closest(".output"));
    if (seen.has(kind)) word.dataset.again = "";
    seen.add(kind);
  }
  // no preload: it asks for styles that others import under a wrong address
  const options = { preload: false, resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  const { violations } = await axe.run({ exclude: ["[data-again]"] }, options);
  return violations.flatMap(({ id, nodes }) => nodes.map((n) => `${id}: ${n.html.slice(0, 200)}`));
}"""

HEADINGS = """() => [...document.querySelectorAll("main article :is(h1, h2, h3, h4, h5, h6)")]
  .map((heading) => Number(heading.tagName[1]))"""

# Pictures without words for those who do not see them.
UNNAMED = """() => {
  const pictures = document.querySelectorAll("article img, article svg");
  const decoration = "button, [aria-hidden=true], [role=application], svg svg";
  const words = (one) => one.getAttribute(one.tagName === "IMG" ? "alt" : "aria-label") ?? "";
  return [...pictures].filter((one) => !one.closest(decoration) && words(one).length < 16)
    .map((one) => one.outerHTML.slice(0, 150));
}"""

TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const clips = (one) => getComputedStyle(one).overflowX !== "visible";
  const cut = (one) => one && (clips(one) || cut(one.parentElement));
  return [...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > width + 1 && !cut(one.parentElement))
    .map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`).slice(0, 8);
}"""
