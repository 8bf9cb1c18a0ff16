"""`predict`: the HTML of a question, its plain text, and what it refuses."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lecture_pkg import predict
from lecture_pkg.exercises.questions import Choice, Question, load
from lecture_pkg.interactive import quiz

NASTY = "</script><script>alert(1)</script>&amp;`<b>`"
TRICKY = Question(
    "tricky",
    f"What is {NASTY}?",
    (
        Choice(f"One {NASTY}", False, f"No: {NASTY}"),
        Choice("Two `x.grad`", True, "Yes: `x.grad`"),
        Choice("Three", False, "No."),
    ),
    "x.md",
)


@pytest.mark.parametrize("name", load())
def test_a_question_is_the_same_bytes_each_time(name: str) -> None:
    assert predict(name)._repr_html_() == predict(name)._repr_html_()


def test_two_processes_agree() -> None:
    name = next(iter(load()))
    code = f"from lecture_pkg import predict; print(predict({name!r})._repr_html_())"
    out = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], capture_output=True, check=True
    )
    assert out.stdout.decode().replace("\r\n", "\n").strip() == predict(name)._repr_html_()


@pytest.mark.parametrize("name", load())
def test_plain_text_holds_question_choices_and_answer(name: str) -> None:
    question, lines = load()[name], repr(predict(name)).splitlines()
    assert lines[0] == question.text
    assert [line[5:] for line in lines[1:-1]] == [c.text for c in question.choices]
    place = [c.right for c in question.choices].index(True)
    assert lines[-1] == f"Answer: {'ABCD'[place]}. {question.choices[place].feedback}"


def test_what_stands_without_script_is_whole() -> None:
    html = quiz._figure(TRICKY).extra_html
    assert html.count("<li>") == 2 * len(TRICKY.choices)
    assert "<details><summary>Answer</summary>" in html
    assert "<strong>Right.</strong> Yes: <code>x.grad</code>" in html


def test_text_cannot_leave_its_place() -> None:
    html = quiz._figure(TRICKY)._repr_html_()
    assert html.count("<script") == 2
    assert "<code>&lt;b&gt;</code>" in html
    data = re.search(r'<script type="application/json">(.*?)</script>', html)
    assert data and json.loads(data[1])["question"] == TRICKY.text


def test_a_question_asks_for_nothing_and_is_light() -> None:
    for name in load():
        html = predict(name)._repr_html_()
        assert "http" not in html.replace("http://www.w3.org/2000/svg", "") and "<img" not in html
        assert len(gzip.compress(html.encode())) < 6_000


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("nope", ValueError, "question must be one of .*'backward-second', .* but it is 'nope'"),
        ("", ValueError, "question must be one of"),
        (3, TypeError, r"question must be the id of a question, but it is 3 \(int\)"),
        (None, TypeError, "question must be"),
        (["second"], TypeError, "question must be"),
    ],
)
def test_what_is_no_question_is_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        predict(given)


def test_a_misspelt_question_gets_a_suggestion() -> None:
    name = next(iter(load()))
    with pytest.raises(ValueError, match=f"Did you mean '{name}'"):
        predict(name[:-1] + "q")


def test_script_and_style_keep_the_rules_for_assets() -> None:
    static = Path(quiz.__file__).parent / "static"
    script = (static / "quiz.js").read_text(encoding="utf-8")
    assert "innerHTML" not in script and "</" not in script.replace("<details>", "")
    for line in script.splitlines():
        assert "//" not in line or line.strip().startswith("//")
