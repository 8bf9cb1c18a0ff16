"""The HTML that every moving figure is made of."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser

import pytest

from lecture_pkg.interactive import figure as _figure
from lecture_pkg.interactive.figure import Figure, as_json, svg_address

NASTY = "</script><script>alert(1)</script><!--"
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><text x=\"1\">50% &amp; #1 ×</text></svg>"


@pytest.fixture(autouse=True)
def probe(monkeypatch: pytest.MonkeyPatch):
    """Kind `probe`, whose script and style are empty."""
    read = _figure._read
    monkeypatch.setattr(_figure, "_read", lambda name: "" if "probe" in name else read(name))
    _figure._assets.cache_clear()
    yield
    _figure._assets.cache_clear()


class Tags(HTMLParser):
    """The tags of a document, and the text inside each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.attributes.setdefault(tag, dict(attrs))

    def handle_data(self, data: str) -> None:
        if self.opened and self.opened[-1] == "script" and data.strip():
            self.scripts.append(data)


def figure(**changes: object) -> Figure:
    given = {"kind": "probe", "label": "l", "data": {}, "still": SVG, "alt": "a", "summary": "s"}
    return Figure(**{**given, **changes})


def test_the_parts_stand_in_the_order_of_the_contract() -> None:
    tags = Tags(figure(extra_html="<ol></ol>", caption="c")._repr_html_())
    assert " ".join(tags.opened) == "figure style div img div ol figcaption script script"


def test_names_cannot_leave_their_place() -> None:
    shown = figure(label=NASTY, data=[NASTY], alt=NASTY, caption=NASTY)
    tags = Tags(shown._repr_html_())
    assert " ".join(tags.opened) == "figure style div img figcaption script script"
    assert json.loads(tags.scripts[0]) == [NASTY]
    assert tags.attributes["img"]["alt"] == tags.attributes["figure"]["aria-label"] == NASTY


def test_the_id_follows_the_content() -> None:
    def name(shown: Figure) -> str:
        return re.search('id="(.*?)"', shown._repr_html_())[1]

    assert name(figure()) == name(figure())
    assert len({name(figure()), name(figure(data=[1])), name(figure(caption="c"))}) == 3


def test_plain_text_is_the_summary() -> None:
    assert repr(figure(summary="in a line")) == "in a line"


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_json_holds_no_nan(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json([number])


def test_the_address_survives_attributes_and_urls() -> None:
    address = svg_address(SVG + "\n")
    assert not set(address) & set("\"'<>#&\n")
    assert all(ord(character) < 128 for character in address)


def test_shared_assets_hold_no_comment_and_no_end_of_script() -> None:
    style, script = _figure._assets("probe", ())
    assert "/*" not in style and "*/" not in style
    assert not re.search(r"^//", script, re.M)
    assert "</" not in script and "<!--" not in script
