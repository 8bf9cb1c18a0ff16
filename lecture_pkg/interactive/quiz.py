"""A question to answer before running a cell, worked on the page without a kernel."""

from __future__ import annotations

import html
import re
from string import ascii_uppercase

from .._arguments import one_of, refuse
from ..exercises.questions import Choice, Question, load
from .figure import Figure


def predict(question: str) -> Figure:
    """A question with three or four answers, and for each of them why it is right or wrong.

    On the page the reader chooses, checks, is told, and may choose again. Without script the
    answer stands folded under the question; in print it stands open.

    Args:
        question: The id of a question in `lecture_pkg/exercises`.

    Returns:
        The question as a figure, shown by returning it from a cell.

    Raises:
        TypeError: If the id is no string.
        ValueError: If there is no question of this id; the message lists those that there are.

    Example:
        >>> print(predict("backward-second").label)
        A question to answer before you read on
    """
    if not isinstance(question, str):
        refuse("question", question, "the id of a question", TypeError)
    return _figure(load()[one_of("question", question, load())])


def _figure(question: Question) -> Figure:
    choices = [{"text": c.text, "right": c.right, "feedback": c.feedback} for c in question.choices]
    return Figure(
        kind="quiz",
        label="A question to answer before you read on",
        data={"question": question.text, "choices": choices},
        still="",
        alt="",
        summary=_plain(question),
        extra_html=_static(question),
    )


def _plain(question: Question) -> str:
    """Question, choices and answer as plain text."""
    lettered = list(zip(ascii_uppercase, question.choices, strict=False))
    lines = [question.text, *(f"  {letter}. {choice.text}" for letter, choice in lettered)]
    letter, right = next((letter, choice) for letter, choice in lettered if choice.right)
    return "\n".join([*lines, f"Answer: {letter}. {right.feedback}"])


def _static(question: Question) -> str:
    """The same as HTML for readers without the script: the answer is folded."""
    choices = "".join(f"<li>{_marked(choice.text)}</li>" for choice in question.choices)
    feedback = "".join(f"<li>{_verdict(choice)}</li>" for choice in question.choices)
    return (
        f"<p><strong>{_marked(question.text)}</strong></p>"
        f'<ol type="A">{choices}</ol>'
        f'<details><summary>Answer</summary><ol type="A">{feedback}</ol></details>'
    )


def _verdict(choice: Choice) -> str:
    said = "<strong>Right.</strong>" if choice.right else "<em>Not this one.</em>"
    return f"{said} {_marked(choice.feedback)}"


def _marked(text: str) -> str:
    """Text as HTML, with `code` between backticks."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))
