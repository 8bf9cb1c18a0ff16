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
    """What a page did that no page of the book may do: requests, errors, warnings."""

    def __init__(self, context: BrowserContext, allowed: Callable[[str], bool]) -> None:
        self.problems: list[str] = []
        self._allowed = allowed
        context.on("request", lambda request: self._request(request.url))
        context.on("console", lambda message: self._console(message.type, message.text))
        context.on("weberror", lambda error: self.problems.append(f"error: {error.error}"))

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
    contexts: list[tuple[BrowserContext, Watch]] = []

    def open_context(allowed: Callable[[str], bool], **options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        contexts.append((context, Watch(context, allowed)))
        return context

    yield open_context
    for context, _ in contexts:
        context.close()
    assert [problem for _, watch in contexts for problem in watch.problems] == []


@pytest.fixture
def show(watched: Callable[..., BrowserContext], tmp_path: Path) -> Callable[..., Page | Frame]:
    """Shows figures on a small page of their own, from a file, and returns that page (or frame).

    `show(*figures, place="page", theme="light", width=1280, **options)`: places are "page",
    "sandbox" (returns the frame inside), "jupyterlab" and "untrusted"; options go to Playwright's
    new_context (`java_script_enabled=False`, `reduced_motion="reduce"`, …). A string counts as
    a figure's HTML.
    """

    def open_figures(
        *figures: Any, place: str = "page", theme: str = "light", width: int = 1280, **options: Any
    ) -> Page | Frame:
        html = "\n".join(f if isinstance(f, str) else f._repr_html_() for f in figures)
        file = tmp_path / f"{place}-{theme}.html"
        file.write_text(_PLACES[place](html, theme), encoding="utf-8")
        address = file.as_uri()
        options.setdefault("reduced_motion", "reduce")
        context = watched(
            address.__eq__, viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(address)
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
