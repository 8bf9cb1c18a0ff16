"""The search page finds the section on an error message that was pasted whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import built_site
import pytest
from chapters import BOOK
from playwright.sync_api import BrowserContext, expect


def printed() -> dict[str, str]:
    """Every message that the page of errors prints, with the heading of its section."""
    found, heading = {}, ""
    for cell in json.loads((BOOK / "errors.ipynb").read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = (re.findall("^### (.+)$", source, re.MULTILINE) or [heading])[-1]
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", ""))
            for line in re.findall(r"^\w+(?:Error|Warning): .+$", text, re.MULTILINE):
                found[line] = heading.replace("\\", "").replace("`", "")
    return found


MESSAGES = printed()


def test_there_are_messages_to_look_for() -> None:
    assert len(MESSAGES) > 20


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with built_site.served() as where:
        yield where


Watched = Callable[..., BrowserContext]


def test_a_pasted_message_finds_its_section_first(watched: Watched, address: str) -> None:
    page = watched(lambda url: url.startswith(address)).new_page()
    for message, heading in MESSAGES.items():
        page.goto(f"{address}search.html?q={quote(message)}")
        link = page.locator(".book-found a")
        quotes = re.sub("'", "['‘’]", re.escape(heading))  # on a page they are typographic
        expect(link).to_have_text(re.compile(f"^{quotes}"))
        assert (link.get_attribute("href") or "").startswith("book/errors.html#")


@pytest.mark.parametrize("words", ["gradient descent", "step size", "the", "a leaf", ""])
def test_other_words_are_no_message(watched: Watched, address: str, words: str) -> None:
    page = watched(lambda url: url.startswith(address)).new_page()
    page.goto(f"{address}search.html?q={quote(words)}")
    assert page.locator(".book-found").count() == 0
