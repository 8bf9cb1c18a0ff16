"""The questions that a reader answers before running a cell, and the reader of their files.

One Markdown file for each chapter, `name.md`, with its questions one after the other:

    # second-call
    You call `y.backward()` once more. What happens?

    - [ ] It gives 1.8510 again.
      > Why this is wrong.
    - [x] It raises a RuntimeError.
      > Why this is right.
    - [ ] It gives 3.7020.
      > Why this is wrong.

Three or four choices, exactly one of them right, each with its feedback. Long lines may go on in
the next one, indented. Of Markdown there is only `code` in backticks.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple, NoReturn

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CHOICE = re.compile(r"- \[(?P<mark>.?)\](?P<text>.*)")


class Choice(NamedTuple):
    """One answer to choose, whether it is the right one, and what the reader is told then."""

    text: str
    right: bool
    feedback: str


class Question(NamedTuple):
    """A question with its choices; `source` is the name of its file."""

    id: str
    text: str
    choices: tuple[Choice, ...]
    source: str


class QuestionError(ValueError):
    """A file of questions breaks the format; the message names file, line and what to do."""


@cache
def load() -> dict[str, Question]:
    """All questions of the book by their id.

    Raises:
        QuestionError: If a file breaks the format, or an id is there twice.

    Example:
        >>> len(load()["backward-second"].choices) in (3, 4)
        True
    """
    found: dict[str, Question] = {}
    for file in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".md"):
            continue
        for question in parse(file.read_text(encoding="utf-8"), file.name):
            if question.id in found:
                other = found[question.id].source
                raise QuestionError(f"{file.name}: the id {question.id!r} is also in {other}.")
            found[question.id] = question
    return found


def parse(text: str, source: str) -> tuple[Question, ...]:
    """The questions of one file.

    Args:
        text: What the file holds.
        source: Its name, for messages.

    Returns:
        The questions in their order.

    Raises:
        QuestionError: If the text breaks the format, with the number of the line.

    Example:
        >>> parse("What is this?", "x.md")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        lecture_pkg...QuestionError: x.md, line 1: before the first "# id" stands text.
    """
    blocks: list[_Block] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("# "):
            blocks.append(_Block(line[2:].strip(), source, number))
        elif line.strip():
            if not blocks:
                _refuse(source, number, 'before the first "# id" stands text.')
            blocks[-1].add(line, number)
    return tuple(block.question() for block in blocks)


class _Block:
    """The lines of one question while they are read."""

    def __init__(self, name: str, source: str, line: int) -> None:
        self.name, self.source, self.line = name, source, line
        self.text: list[str] = []
        self.choices: list[tuple[bool, list[str], list[str]]] = []
        if not _ID.fullmatch(name):
            _refuse(source, line, f"an id is small letters, digits and hyphens, not {name!r}.")

    def add(self, line: str, number: int) -> None:
        choice = _CHOICE.fullmatch(line.rstrip())
        words = line.strip()
        if line.startswith("```") or "$" in line or words.count("`") % 2:
            _refuse(self.source, number, "only `code` in backticks, no fences and no LaTeX.")
        if choice:
            if choice["mark"] not in ("x", " "):
                _refuse(self.source, number, 'a choice begins with "- [ ]" or, if right, "- [x]".')
            self.choices.append((choice["mark"] == "x", [choice["text"].strip()], []))
        elif not self.choices:
            self.text.append(words)
        elif not line.startswith("  "):
            _refuse(self.source, number, "what belongs to a choice is indented by two spaces.")
        elif words.startswith(">"):
            self.choices[-1][2].append(words[1:].strip())
        elif self.choices[-1][2]:
            _refuse(self.source, number, 'every line of feedback begins with "  >".')
        else:
            self.choices[-1][1].append(words)

    def question(self) -> Question:
        choices = tuple(Choice(" ".join(t), right, " ".join(f)) for right, t, f in self.choices)
        problems = {
            "has no text": not self.text,
            f"has {len(choices)} choices; 3 or 4 are allowed": len(choices) not in (3, 4),
            "needs exactly one right choice, [x]": sum(c.right for c in choices) != 1,
            "has a choice without text": not all(c.text for c in choices),
            "has a choice without feedback": not all(c.feedback for c in choices),
            "has the same choice twice": len({c.text for c in choices}) < len(choices),
        }
        for problem, found in problems.items():
            if found:
                _refuse(self.source, self.line, f"the question {self.name!r} {problem}.")
        return Question(self.name, " ".join(self.text), choices, self.source)


def _refuse(source: str, line: int, problem: str) -> NoReturn:
    raise QuestionError(f"{source}, line {line}: {problem}")
