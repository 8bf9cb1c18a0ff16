"""Every page of the built book in a real browser: over http in light, from a file in dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import built_site
import pytest
from chapters import chapters, stem
from playwright.sync_api import BrowserContext, Page, expect

Watched = Callable[..., BrowserContext]
PAGES = built_site.names()
CHAPTERS = [name for name in PAGES if name[5:7].isdigit()]
THEME_SHARE = 110_000
ONLY_WHERE_NEEDED = {"math.woff2", "searchindex.js"}
PAGE_SHARE = 250_000
SITE = 15_000_000


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with built_site.served() as where:
        yield where


def opened(context: BrowserContext, where: str) -> Page:
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(where)
    return page


def test_the_book_is_built() -> None:
    built = [name.removeprefix("book/").removesuffix(".html") for name in CHAPTERS]
    assert built == [path.stem for path in chapters().values()], "run `make book` first"


@pytest.mark.parametrize("name", PAGES)
def test_over_http_in_light(watched: Watched, address: str, name: str) -> None:
    viewport = {"width": 1280, "height": 900}
    context = watched(
        lambda url: url.startswith(address), viewport=viewport, reduced_motion="reduce"
    )
    loaded: list[str] = []
    context.on("request", lambda request: loaded.append(request.url))
    page = opened(context, address + name)
    files = [built_site.file_of(url) for url in loaded if url.startswith(address)]
    own = {path.resolve() for path in built_site.own_files(name)}
    shared = {p for p in files if p.resolve() not in own and p.name not in ONLY_WHERE_NEEDED}
    assert sum(map(built_site.weight, shared)) < THEME_SHARE
    if name.startswith("book/"):
        assert_in_order(page.evaluate(built_site.HEADINGS))
    assert page.evaluate(built_site.UNNAMED) == []
    page.evaluate(built_site.AXE)
    assert page.evaluate(built_site.VIOLATIONS) == []
    assert_copies_code(context, page, address)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate(built_site.TOO_WIDE) == []
    assert_prints_well(page)


def assert_in_order(levels: list[int]) -> None:
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def assert_copies_code(context: BrowserContext, page: Page, address: str) -> None:
    """Each block of code has a button, no output has one, and the last one's code is copied."""
    assert page.locator(".output .copybtn").count() == 0
    blocks = page.locator(".cell_input:visible pre")
    assert page.locator(".cell_input:visible .copybtn").count() == blocks.count()
    if blocks.count() == 0:
        return
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.locator(".cell_input:visible .copybtn").last.click(force=True)
    page.wait_for_function("navigator.clipboard.readText().then((text) => text !== '')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == blocks.last.text_content().strip()


def assert_prints_well(page: Page) -> None:
    """On paper: the text and the still pictures, without what only a screen can use."""
    page.emulate_media(media="print")
    for gone in (".bd-sidebar-primary", ".copybtn", ".lp-live", ".prev-next-footer"):
        assert page.locator(f"{gone}:visible").count() == 0, gone
    assert page.locator(".lp-still:visible").count() == page.locator(".lp-still").count()
    assert page.locator("main").is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_from_a_file_in_dark(blank: Callable[..., Page], name: str) -> None:
    root = built_site.HTML.as_uri()
    page = blank(lambda url: url.startswith(root), color_scheme="dark")
    page.goto(f"{root}/{name}")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.evaluate(built_site.AXE)
    assert page.evaluate(built_site.VIOLATIONS, ["color-contrast"]) == []


@pytest.mark.parametrize("name", PAGES)
def test_without_javascript(blank: Callable[..., Page], name: str) -> None:
    root = built_site.HTML.as_uri()
    page = blank(lambda url: url.startswith(root), java_script_enabled=False)
    page.goto(f"{root}/{name}")
    assert page.locator("main").is_visible()
    stills = page.locator(".lp-still")
    assert all(still.is_visible() for still in stills.all())
    assert page.locator(".lp-live").count() == 0
    blocks = page.locator(".cell > .cell_input")
    assert all(block.is_visible() for block in blocks.all())
    assert page.locator(".bd-sidebar-primary nav a").first.is_visible()


def test_pictures_keep_their_place_and_come_late(watched: Watched, address: str) -> None:
    page = opened(
        watched(lambda url: url.startswith(address)), f"{address}book/{stem('descent')}.html"
    )
    # what answers a question is folded; open it without going there
    page.evaluate("document.querySelectorAll('.book-show').forEach((button) => button.click())")
    pictures = page.locator("img[src*=_images]")
    assert pictures.count() == 3
    room = "i => [i.clientWidth, i.clientHeight]"
    before = [picture.evaluate(room) for picture in pictures.all()]
    assert [picture.get_attribute("loading") for picture in pictures.all()] == [
        None,
        "lazy",
        "lazy",
    ]
    assert not pictures.last.evaluate("i => i.complete")
    for picture, (wide, high) in zip(pictures.all(), before, strict=True):
        picture.scroll_into_view_if_needed()
        page.wait_for_function("i => i.complete && i.naturalWidth", arg=picture.element_handle())
        assert picture.evaluate(room) == [wide, high]
        natural = picture.evaluate("i => i.naturalHeight / i.naturalWidth")
        assert high / wide == pytest.approx(natural, abs=1 / wide)


@pytest.mark.parametrize("name", CHAPTERS)
def test_own_weight(name: str) -> None:
    assert sum(map(built_site.weight, built_site.own_files(name))) <= PAGE_SHARE


def test_weight_of_the_site() -> None:
    files = (path for path in built_site.HTML.rglob("*") if path.is_file())
    assert sum(path.stat().st_size for path in files) <= SITE


def test_every_page_says_where_it_comes_from() -> None:
    for name in PAGES:
        assert "Revision: " in (built_site.HTML / name).read_text("utf-8"), name
    for name in CHAPTERS:
        assert "The outputs on this page come from PyTorch" in (built_site.HTML / name).read_text(
            "utf-8"
        )


def test_search_finds_an_error_message(watched: Watched, address: str) -> None:
    page = opened(watched(lambda url: url.startswith(address)), address + CHAPTERS[0])
    page.get_by_role("button", name="Search").first.click()
    page.locator("#search-input").fill("Trying to backward through the graph a second time")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li a", has_text="When autograd complains")
    expect(found.first).to_be_visible()
    found.first.click()
    page.wait_for_url("**/book/errors.html*")
