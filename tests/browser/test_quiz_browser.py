"""Questions in a real browser: by mouse and keyboard, in every place, without script, in print."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from lecture_pkg import predict
from lecture_pkg.exercises.questions import Choice, Question, load
from lecture_pkg.interactive import quiz

NAMES = list(load())
FIRST = load()[NAMES[0]]
NASTY = "</script><script>alert(1)</script>"


def _plain(text: str) -> str:
    return text.replace("`", "")


def _letters(text: str) -> str:
    """Text without spaces; in print "fi" comes as one letter."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _told(page: Page) -> Any:
    return page.get_by_role("status")


def _expected(choice: Choice) -> str:
    verdict = "✓ Right." if choice.right else "✗ Not this one."
    return f"{verdict} {_plain(choice.feedback)}"


@pytest.mark.parametrize("name", NAMES)
def test_each_choice_gets_its_feedback_by_mouse(show: Callable[..., Page], name: str) -> None:
    page, question = show(predict(name)), load()[name]
    group = page.get_by_role("group", name=_plain(question.text), exact=True)
    for choice in question.choices:
        group.get_by_role("radio", name=_plain(choice.text), exact=True).check()
        expect(_told(page)).to_have_text("")
        page.get_by_role("button", name="Check").click()
        expect(_told(page)).to_have_text(_expected(choice))


@pytest.mark.parametrize("place", ["page", "sandbox", "jupyterlab"])
def test_a_question_is_worked_by_keyboard_alone(show: Callable[..., Page], place: str) -> None:
    page = show(predict(FIRST.id), place=place)
    radios = page.get_by_role("radio")
    radios.first.focus()
    for number, choice in enumerate(FIRST.choices):
        radios.nth(number).press("Space" if number == 0 else "Shift")
        expect(radios.nth(number)).to_be_checked()
        expect(_told(page)).to_have_text("")
        radios.nth(number).press("Enter")
        expect(_told(page)).to_have_text(_expected(choice))
        radios.nth(number).press("ArrowDown")  # chooses the next one, and does not check it
    radios.first.press("Tab")
    button = page.get_by_role("button", name="Check")
    expect(button).to_be_focused()
    button.press("Enter")
    expect(_told(page)).to_have_text(_expected(FIRST.choices[0]))


def test_nothing_chosen_is_said_and_no_answer_is_given_away(show: Callable[..., Page]) -> None:
    page = show(predict(FIRST.id))
    page.get_by_role("button", name="Check").click()
    expect(_told(page)).to_have_text("Choose an answer first.")
    assert not page.get_by_text("Answer", exact=True).is_visible()
    assert page.get_by_role("status").count() == 1


def test_two_questions_do_not_share_their_choices(show: Callable[..., Page]) -> None:
    page = show(predict(NAMES[0]), predict(NAMES[1]))
    first, second = page.get_by_role("group").all()
    first.get_by_role("radio").nth(1).check()
    second.get_by_role("radio").nth(0).check()
    expect(first.get_by_role("radio").nth(1)).to_be_checked()


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, {"place": "untrusted"}])
def test_without_script_the_answer_is_folded(
    show: Callable[..., Page], options: dict[str, Any]
) -> None:
    page = show(predict(FIRST.id), **options)
    right = next(choice for choice in FIRST.choices if choice.right)
    said = page.get_by_text(_plain(right.feedback))
    expect(page.get_by_text(_plain(FIRST.text))).to_be_visible()
    assert page.get_by_role("radio").count() == 0
    assert not said.is_visible()
    page.get_by_text("Answer", exact=True).click()
    expect(said).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_question_and_answer_are_printed(
    show: Callable[..., Page], tmp_path: Any, script: bool
) -> None:
    page = show(predict(FIRST.id), java_script_enabled=script)
    page.pdf(path=tmp_path / "page.pdf")
    printed = PdfReader(tmp_path / "page.pdf").pages[0].extract_text()
    text = _letters(printed)
    for part in (FIRST.text, *(p for c in FIRST.choices for p in (c.text, c.feedback))):
        assert _letters(_plain(part)) in text
    assert "Check" not in text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_right(show: Callable[..., Page], shot: Callable[..., None], theme: str) -> None:
    page = show(*map(predict, NAMES[:3]), theme=theme)
    for number, choice in enumerate((0, 1)):
        group = page.get_by_role("group").nth(number)
        group.get_by_role("radio").nth(choice).check()
        page.get_by_role("button", name="Check").nth(number).click()
    shot(page)


def test_it_fits_a_narrow_phone(show: Callable[..., Page]) -> None:
    page = show(*map(predict, NAMES), width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_choices_are_large_enough_to_touch(show: Callable[..., Page]) -> None:
    page = show(predict(FIRST.id))
    for label in page.locator("label").all():
        assert label.bounding_box()["height"] >= 44


def test_a_nasty_text_is_text(show: Callable[..., Page]) -> None:
    choices = tuple(Choice(f"{n} {NASTY}", n == 1, f"`{NASTY}`") for n in range(3))
    page = show(quiz._figure(Question("nasty", f"{NASTY}?", choices, "x.md")))
    expect(page.get_by_role("group", name=f"{NASTY}?", exact=True)).to_be_visible()
    page.get_by_role("radio", name=f"1 {NASTY}", exact=True).check()
    page.get_by_role("button", name="Check").click()
    expect(_told(page)).to_have_text(f"✓ Right. {NASTY}")
