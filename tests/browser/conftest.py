"""One Chromium for the whole session, and pages that hold their own against the page rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import harness
import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, sync_playwright

from tools import chromium

SCREENS = Path(__file__).resolve().parents[2] / "_build" / "screens"

_PLACES = {
    "page": harness.page,
    "sandbox": harness.sandboxed,
    "jupyterlab": harness.jupyterlab,
    "untrusted": harness.untrusted,
}

# what a page may keep for the next one
FORGET = "try { localStorage.clear(); sessionStorage.clear() } catch { }"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        path = chromium.find()
    except (chromium.MissingBrowser, ValueError) as error:
        pytest.fail(str(error), pytrace=False)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield running
        running.close()


class Watch:
    """What pages did that no page of the book may do: requests, errors, warnings."""

    def __init__(self, context: BrowserContext, allowed: Callable[[str], bool]) -> None:
        self.problems: list[str] = []
        self._context, self._allowed = context, allowed
        self._listeners: dict[Any, Callable[..., None]] = {
            "request": lambda request: self._request(request.url),
            "console": lambda message: self._console(message.type, message.text),
            "weberror": lambda error: self.problems.append(f"error: {error.error}"),
        }
        for event, listener in self._listeners.items():
            context.on(event, listener)

    def end(self) -> None:
        for event, listener in self._listeners.items():
            self._context.remove_listener(event, listener)

    def _request(self, url: str) -> None:
        if not (url.startswith(("data:", "about:", "blob:")) or self._allowed(url)):
            self.problems.append(f"request: {url}")

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"console {kind}: {text}")


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens contexts; the test fails at its end if one of their pages had a problem.

    `watched(allowed, **options)`: `allowed(url)` tells which requests are the page's own.
    """
    watches: list[tuple[BrowserContext, Watch]] = []

    def open_context(allowed: Callable[[str], bool], **options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        watches.append((context, Watch(context, allowed)))
        return context

    yield open_context
    for context, _ in watches:
        context.close()
    assert [problem for _, watch in watches for problem in watch.problems] == []


@pytest.fixture(scope="session")
def left_pages() -> dict[str, list[Page]]:
    """Empty pages that tests have left behind, by the options of their contexts."""
    return {}


@pytest.fixture
def blank(browser: Browser, left_pages: dict[str, list[Page]]) -> Iterator[Callable[..., Page]]:
    """Gives empty pages; the test fails at its end if one of them had a problem.

    A new context and page take Chromium several times as long as a small page in them, so they are
    used again, emptied. `blank(allowed, width=1280, theme="light", motion="reduce", **options)`:
    `allowed(url)` tells which requests are the page's own; options go to new_context.
    """
    taken: list[tuple[str, Page, Watch]] = []

    def take(
        allowed: Callable[[str], bool],
        width: int = 1280,
        color_scheme: Any = "light",
        reduced_motion: Any = "reduce",
        **options: Any,
    ) -> Page:
        kind = repr(sorted(options.items()))
        left = left_pages.setdefault(kind, [])
        page = left.pop() if left else browser.new_context(**options).new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media="null", color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.set_default_timeout(20_000)
        taken.append((kind, page, Watch(page.context, allowed)))
        return page

    yield take
    for kind, page, watch in taken:
        page.evaluate(FORGET)
        page.mouse.move(0, 0)
        page.goto("about:blank")
        watch.end()
        left_pages[kind].append(page)
    assert [problem for *_, watch in taken for problem in watch.problems] == []


@pytest.fixture
def show(blank: Callable[..., Page], tmp_path: Path) -> Callable[..., Page | Frame]:
    """Shows figures on a small page of their own, from a file, and returns that page (or frame).

    `show(*figures, place="page", theme="light", **options)`: places are "page", "sandbox" (returns
    the frame inside), "jupyterlab" and "untrusted"; options are those of `blank`. A string counts
    as a figure's HTML.
    """

    def open_figures(
        *figures: Any, place: str = "page", theme: str = "light", **options: Any
    ) -> Page | Frame:
        html = "\n".join(f if isinstance(f, str) else f._repr_html_() for f in figures)
        file = tmp_path / f"{place}-{theme}.html"
        file.write_text(_PLACES[place](html, theme), encoding="utf-8")
        page = blank(file.as_uri().__eq__, color_scheme=theme, **options)
        page.set_default_timeout(10_000)
        page.goto(file.as_uri())
        return page.frames[1] if place == "sandbox" else page

    return open_figures


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Saves a screenshot as `_build/screens/<test>-<name>.png`, to be looked at."""

    def take(page: Page, name: str = "page") -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        title = re.sub(r"\W+", "-", f"{request.node.name}-{name}").strip("-")
        page.screenshot(path=SCREENS / f"{title}.png", full_page=True)

    return take
