"""Without a browser all other tests run, and then one line says that this is not all."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tools import chromium, pdf, suite
from tools.notebooks import BookError

TESTS = ["-q", "-p", "no:cacheprovider", "tests/browser/test_pdf.py"]


@pytest.fixture
def browser_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception | str], None]:
    def make(outcome: Exception | str) -> None:
        def find() -> str:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(chromium, "find", find)
        monkeypatch.setenv("CHROMIUM", "")

    return make


def test_without_one_the_others_run_and_the_end_says_so(
    browser_is: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    browser_is(chromium.MissingBrowser("No browser: none."))
    monkeypatch.setattr(pdf, "make", lambda: pytest.fail("it printed without a browser"))
    assert suite.main(TESTS) == "Without a browser: tests passed. No browser: none."
    assert "2 passed, 5 deselected" in capfd.readouterr().out


@pytest.mark.parametrize(("status", "word"), [(0, "passed"), (1, "failed")])
def test_without_one_it_says_how_the_others_ended(
    browser_is: Callable[..., None], monkeypatch: pytest.MonkeyPatch, status: int, word: str
) -> None:
    browser_is(chromium.MissingBrowser("No browser: none."))
    monkeypatch.setattr(suite, "_pytest", lambda *_: status)
    assert suite.main([]) == f"Without a browser: tests {word}. No browser: none."


def test_with_one_the_pdf_is_made_and_all_tests_run(
    browser_is: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser_is("/usr/bin/one")
    done: list[str] = []
    monkeypatch.setattr(pdf, "make", lambda: done.append(os.environ["CHROMIUM"]))
    monkeypatch.setattr(suite, "_pytest", lambda *arguments: done.append(*arguments) or 7)
    assert suite.main(["-q"]) == 7
    assert done == ["/usr/bin/one", "-q"]


@pytest.mark.parametrize(
    "error", [ValueError("CHROMIUM names 'x'."), BookError("There is no built x.html.")]
)
def test_a_mistake_is_told_before_any_test_runs(
    browser_is: Callable[..., None], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    browser_is(error)
    monkeypatch.setattr(suite, "_pytest", lambda *_: pytest.fail("it ran tests"))
    assert suite.main([]) == str(error)
