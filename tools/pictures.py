"""Photograph the figures on the built pages, for the README and the API page."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, sync_playwright

from tools import chromium
from tools.notebooks import ROOT

IMAGES = ROOT / "book" / "images"
WINDOW: ViewportSize = {"width": 1280, "height": 860}
# higher than any figure: over one that has to be scrolled the page's header would lie
HIGH: ViewportSize = {"width": 1280, "height": 1500}


def _step(times: int) -> Callable[[Locator], None]:
    def press(figure: Locator) -> None:
        for _ in range(times):
            figure.get_by_role("slider").last.press("ArrowRight")

    return press


def _leave(figure: Locator) -> None:
    """Show a figure as the reader first sees it."""


# picture -> page, kind of figure, what to do with it first
FIGURES: dict[str, tuple[str, str, Callable[[Locator], None]]] = {
    "stepper": ("backward", "stepper", _step(5)),
    "explorer": ("descent", "explorer", _leave),
    "basins": ("descent", "basins", _leave),
    "optimizers": ("nn_and_optim", "optimizers", _leave),
    "question": ("backward", "quiz", _leave),
}


def take(page: Page) -> None:
    """Write one picture a figure, and one of the top of a page."""
    page.set_viewport_size(HIGH)
    for name, (chapter, kind, prepare) in FIGURES.items():
        page.goto(_page(chapter))
        figure = page.locator(f"figure.lp-{kind}").first
        prepare(figure)
        _save(figure.screenshot(), f"figure-{name}.png")
    page.set_viewport_size(WINDOW)
    page.goto(_page("backward"))
    page.locator("figure.lp-stepper").first.scroll_into_view_if_needed()
    _step(5)(page.locator("figure.lp-stepper").first)
    page.mouse.wheel(0, -120)
    page.wait_for_timeout(300)
    _save(page.screenshot(), "page.png")


def _page(subject: str) -> str:
    """The address of a chapter's built page."""
    (path,) = (ROOT / "_build" / "html" / "book").glob(f"[0-9][0-9]_{subject}.html")
    return path.as_uri()


def _save(png: bytes, name: str) -> None:
    """Keep a picture in 256 colours: a third of the bytes, and no difference to be seen."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


def main() -> None:
    """Take all pictures with the Chromium of the tests."""
    path = chromium.find()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        take(browser.new_page(color_scheme="light", reduced_motion="reduce"))
        browser.close()


if __name__ == "__main__":
    try:
        main()
    except (chromium.MissingBrowser, ValueError) as error:
        sys.exit(str(error))
