"""The questions: each file in the format, each question asked once, in its own chapter."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from lecture_pkg.exercises.questions import Choice, Question, QuestionError, load, parse

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "lecture_pkg" / "exercises").glob("*.md"))
CHAPTERS = {p.stem.partition("_")[2] for p in (ROOT / "book").glob("[0-9][0-9]_*.ipynb")}

WHOLE = """
# one-two
Is `1` odd?
And 2?

- [x] Yes,
  and no.
  > Each in
  > turn.
- [ ] No.
  > 1 is.
- [ ] Perhaps.
  > There is no third way.
"""


def test_a_question_is_read_whole() -> None:
    choices = (
        Choice("Yes, and no.", True, "Each in turn."),
        Choice("No.", False, "1 is."),
        Choice("Perhaps.", False, "There is no third way."),
    )
    assert parse(WHOLE, "x.md") == (Question("one-two", "Is `1` odd? And 2?", choices, "x.md"),)
    assert [q.id for q in parse(WHOLE + WHOLE.replace("one", "three"), "x.md")] == [
        "one-two",
        "three-two",
    ]
    assert parse("", "x.md") == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("# one-two", "no heading", 2, 'before the first "# id" stands text'),
        ("# one-two", "# One Two", 2, "an id is small letters, digits and hyphens, not 'One Two'"),
        ("# one-two", "# ", 2, "an id is small letters"),
        ("Is `1` odd?\nAnd 2?\n", "", 2, "'one-two' has no text"),
        ("[ ] No.", "[x] No.", 2, r"exactly one right choice, \[x\]"),
        ("[x]", "[ ]", 2, r"exactly one right choice, \[x\]"),
        ("[x]", "[X]", 6, r'begins with "- \[ \]"'),
        ("[x]", "[]", 6, r'begins with "- \[ \]"'),
        ("  > 1 is.\n", "", 2, "a choice without feedback"),
        ("[ ] No.", "[ ]", 2, "a choice without text"),
        ("[ ] No.", "[ ] Perhaps.", 2, "the same choice twice"),
        ("- [ ] No.\n  > 1 is.\n", "", 2, "has 2 choices; 3 or 4 are allowed"),
        ("  > 1 is.", "> 1 is.", 11, "indented by two spaces"),
        ("  > turn.", "  turn.", 9, 'every line of feedback begins with "  >"'),
        ("`1`", "`1", 3, "only `code` in backticks"),
        ("`1`", "$1$", 3, "no LaTeX"),
        ("And 2?", "```", 4, "no fences"),
    ],
)
def test_a_break_of_the_format_is_refused_with_its_line(
    old: str, new: str, line: int, problem: str
) -> None:
    assert old in WHOLE
    with pytest.raises(QuestionError, match=rf"^x\.md, line {line}: .*{problem}"):
        parse(WHOLE.replace(old, new, 1), "x.md")


def test_an_id_in_two_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(WHOLE, encoding="utf-8")
    monkeypatch.setattr("lecture_pkg.exercises.questions.files", lambda package: tmp_path)
    with pytest.raises(QuestionError, match=r"b\.md: the id 'one-two' is also in a\.md"):
        load.__wrapped__()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_file_is_well_formed_and_asks_at_least_two(file: Path) -> None:
    assert len(parse(file.read_text(encoding="utf-8"), file.name)) >= 2


def test_there_is_a_file_for_each_chapter() -> None:
    assert {file.stem for file in FILES} == CHAPTERS


def _asked() -> Counter[tuple[str, str]]:
    """How often each question is asked in each notebook."""
    asked: Counter[tuple[str, str]] = Counter()
    for notebook in (ROOT / "book").glob("*.ipynb"):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                for name in re.findall(r'predict\("([^"]*)"\)', "".join(cell["source"])):
                    asked[name, notebook.stem.partition("_")[2]] += 1
    return asked


def test_each_question_is_asked_once_and_in_its_chapter() -> None:
    expected = {(name, question.source.removesuffix(".md")): 1 for name, question in load().items()}
    assert dict(_asked()) == expected


def test_the_right_answer_has_no_favourite_place() -> None:
    places = Counter([c.right for c in q.choices].index(True) for q in load().values())
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) <= 0.4 * len(load())
