"""The ground that all moving figures share, with a kind made for the purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from lecture_pkg.interactive import figure as _figure

NASTY = "</script><script>alert(1)</script>"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 20" width="80" height="20">'
    "<style>text{fill:red}</style><text x='2' y='15'>50% of “a &amp; b”</text></svg>"
)
SCRIPT = """
mount("probe", ({ root, live, data }) => {
  if (data.broken) throw new Error("broken on purpose");
  live.append(element("b", {}, data.name), liveStill(root));
  const shown = slider("size", { min: 0, max: 9, value: 3 }, (v) => `${v} of 9`, () => {});
  live.append(shown.node);
});
"""


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., _figure.Figure]:
    """A figure of a kind that exists only here."""
    read = _figure._read
    own = {"probe.js": SCRIPT, "probe.css": ""}
    monkeypatch.setattr(_figure, "_read", lambda name: own[name] if name in own else read(name))
    _figure._assets.cache_clear()

    def make(**data: object) -> _figure.Figure:
        data = {"name": NASTY, **data}
        return _figure.Figure("probe", NASTY, data, SVG, f'alt "{NASTY}', "summary", caption=NASTY)

    yield make
    _figure._assets.cache_clear()


def test_a_nasty_name_is_text_everywhere(show: Callable[..., Page], probe) -> None:
    page = show(probe())
    assert page.locator(".lp-live > b").inner_text() == NASTY
    assert page.locator("figcaption").inner_text() == NASTY
    assert page.locator("figure").get_attribute("aria-label") == NASTY
    assert page.locator(".lp-still img").get_attribute("alt") == f'alt "{NASTY}'
    assert page.locator("svg").get_attribute("aria-label") == f'alt "{NASTY}'


def test_the_still_picture_arrives_whole_and_gives_way(show: Callable[..., Page], probe) -> None:
    page = show(probe())
    assert page.locator(".lp-still img").evaluate("image => image.naturalWidth") == 80
    assert page.locator("svg text").text_content() == "50% of “a & b”"
    assert page.locator("svg style").count() == 0
    assert not page.locator(".lp-still").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".lp-still").is_visible()
    assert not page.locator(".lp-live").is_visible()


def test_two_figures_on_a_page_are_each_made_alive_once(show: Callable[..., Page], probe) -> None:
    page = show(probe(name="a"), probe(name="b"))
    assert page.locator(".lp-live > b").all_inner_texts() == ["a", "b"]


@pytest.mark.parametrize("place", ["sandbox", "jupyterlab"])
def test_alive_where_scripts_are_made_anew(show: Callable[..., Page], probe, place: str) -> None:
    assert show(probe(name="a"), place=place).locator(".lp-live > b").inner_text() == "a"


def test_the_still_picture_stays_without_script(show: Callable[..., Page], probe) -> None:
    for page in (show(probe(), java_script_enabled=False), show(probe(), place="untrusted")):
        assert page.locator(".lp-still img").is_visible()
        assert page.locator(".lp-live").count() == 0


def test_a_slider_has_a_name_and_tells_its_value(show: Callable[..., Page], probe) -> None:
    handle = show(probe()).get_by_role("slider", name="size")
    assert handle.get_attribute("aria-valuetext") == "3 of 9"
    handle.press("ArrowRight")
    assert handle.get_attribute("aria-valuetext") == "4 of 9"


def test_a_script_that_fails_leaves_the_still_picture(browser, tmp_path, probe) -> None:
    file = tmp_path / "page.html"
    file.write_text(probe(broken=True)._repr_html_(), encoding="utf-8")
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.message))
    page.goto(file.as_uri())
    assert errors == ["broken on purpose"]
    assert page.locator(".lp-still img").is_visible()
    assert page.locator(".lp-live").count() == 0
    page.close()
