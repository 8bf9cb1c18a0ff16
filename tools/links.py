"""Do the other sites that the pages point to still answer? Run as a program it asks each of them.

A site that answers but turns programs away (401, 403, 405, 429) counts as there.
"""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

from tools.notebooks import ROOT, BookError

TURNED_AWAY = (401, 403, 405, 429)
TRIES = 3
SECONDS = 20
_HEADERS = {"User-Agent": "Mozilla/5.0 (a book's link check)"}


class _Links(HTMLParser):
    """The addresses on other sites that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") or ""
        if tag == "a" and target.startswith(("http://", "https://")):
            self.found.add(target.partition("#")[0])


def links(html: Path) -> dict[str, list[str]]:
    """Each address that the pages under `html` link to, with the names of these pages."""
    pages_of: dict[str, list[str]] = {}
    for path in sorted(html.rglob("*.html")):
        reader = _Links()
        reader.feed(path.read_text("utf-8"))
        for address in reader.found:
            pages_of.setdefault(address, []).append(path.relative_to(html).as_posix())
    return dict(sorted(pages_of.items()))


def fault(address: str, pause: float = 5.0) -> str:
    """What is wrong with an address, or "" if it answers; a slow or busy one is asked again."""
    said = ""
    for attempt in range(TRIES):
        time.sleep(pause * attempt)
        try:
            request = urllib.request.Request(address, headers=_HEADERS)
            with urllib.request.urlopen(request, timeout=SECONDS):
                return ""
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in TURNED_AWAY:
                return ""
            said = f"{error.code} {error.reason}"
            if error.code < 500:
                break
        except (OSError, ValueError) as error:  # no such host, no connection, no valid address
            said = str(getattr(error, "reason", error))
    return said


def check(html: Path, pause: float = 5.0) -> int:
    """The number of addresses that answer; BookError names those that do not, and their pages."""
    pages_of = links(html)
    if not pages_of:
        raise BookError(f"No links to other sites were found under {html}.")
    with ThreadPoolExecutor(8) as pool:
        faults = list(pool.map(lambda address: fault(address, pause), pages_of))
    lines = [
        f"{', '.join(pages)}: {address} does not answer ({said}). Correct or remove the link."
        for (address, pages), said in zip(pages_of.items(), faults, strict=True)
        if said
    ]
    if lines:
        raise BookError("\n".join(lines))
    return len(pages_of)


if __name__ == "__main__":
    try:
        print(f"All {check(ROOT / '_build' / 'html')} addresses on other sites answer.")
    except BookError as problem:
        sys.exit(str(problem))
