"""An exercise: its statement, what examines an answer to it, and the line that the reader sees."""

from __future__ import annotations

import difflib
import textwrap
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from ._answers import NotAttempted, Wrong, is_gap
from ._limits import TimeLimit, isolated, limited

_WIDTH = 80
_INDENT = " " * 12

SECONDS = 10.0
"""How long one check may take. A right answer needs well under one second."""


class Result(NamedTuple):
    """What a check found.

    Attributes:
        status: "right", "wrong" or "not attempted".
        diagnosis: The kind of mistake, such as "not-zeroed"; "" if there is none.
        message: What the reader is shown.
    """

    status: str
    diagnosis: str
    message: str


class Trial:
    """Fresh random inputs for one check: the same each time, and nobody else's random numbers."""

    def __init__(self, name: str) -> None:
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))

    def number(self, low: float = 0.5, high: float = 2.0) -> float:
        """A number with two decimals, so that a message can show all of it."""
        return round(float(self.rng.uniform(low, high)), 2)

    def array(self, *shape: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Normally distributed numbers in an array of float64."""
        return self.rng.normal(size=shape)

    def tensor(self, *shape: int) -> torch.Tensor:
        """The same as a float64 tensor on the default device."""
        return torch.tensor(self.array(*shape))


Examiner = Callable[[Any, Trial], None]


class Exercise(NamedTuple):
    """One exercise: its name, the number of its chapter, its statement, and its examiner.

    An examiner returns for a right answer, and raises Wrong or NotAttempted for any other.
    """

    name: str
    chapter: int
    statement: str
    examiner: Examiner


EXERCISES: dict[str, Exercise] = {}


def exercise(chapter: int) -> Callable[[Examiner], Callable[[Any], None]]:
    """Register an examiner as the check of an exercise; its docstring is the statement."""

    def register(examiner: Examiner) -> Callable[[Any], None]:
        name, statement = examiner.__name__, (examiner.__doc__ or "").strip()
        EXERCISES[name] = Exercise(name, chapter, statement, examiner)

        def check(answer: Any) -> None:
            print(examine(name, answer).message)

        check.__name__ = check.__qualname__ = name
        check.__doc__ = examiner.__doc__
        return check

    return register


def examine(name: str, answer: Any, seconds: float = SECONDS) -> Result:
    """Examine an answer without printing; `check.<name>(answer)` prints the message of this.

    No answer makes it raise, change the caller's random numbers, or run for much longer than
    `seconds`.

    Args:
        name: The exercise.
        answer: The reader's answer: a value or a function, as the exercise says.
        seconds: How long the check may take.

    Returns:
        The result. What the answer itself printed stands at the head of its message.

    Example:
        >>> examine("running_total", [12, 24, 0, 12]).status
        'right'
    """
    with isolated() as printed:
        status, diagnosis, text = _verdict(EXERCISES[name], answer, seconds)
    output = printed.getvalue().rstrip()
    said = f"(your code printed) {output}\n" if output and status == "wrong" else ""
    return Result(status, diagnosis, said + text)


def _verdict(task: Exercise, answer: Any, seconds: float) -> tuple[str, str, str]:
    try:
        if is_gap(answer):
            raise NotAttempted
        limited(lambda: task.examiner(answer, Trial(task.name)), seconds)
    except NotAttempted:
        return "not attempted", "", f"{task.name}: not attempted yet."
    except Wrong as wrong:
        return "wrong", wrong.diagnosis, _told(task.name, wrong)
    except TimeLimit:
        hint = "is there a loop that does not end?"
        text = f"✗ {task.name}: stopped after {seconds:g} seconds.\n  hint:     {hint}"
        return "wrong", "too-long", text
    except Exception as error:  # an object that breaks when it is looked at
        kind = type(error).__name__
        text = f"✗ {task.name}: your answer could not be examined ({kind})."
        return "wrong", "unreadable", text
    return "right", "", f"✓ {task.name}: right."


def _told(name: str, wrong: Wrong) -> str:
    lines = [f"✗ {name}: not right yet."]
    parts = [
        ("with", wrong.given),
        ("got", wrong.got),
        ("expected", wrong.expected),
        ("hint", wrong.hint),
    ]
    for label, text in parts:
        head = f"  {label + ':':9} "
        for line in text.splitlines():
            lines += textwrap.wrap(
                line,
                _WIDTH,
                initial_indent=head,
                subsequent_indent=_INDENT,
                break_on_hyphens=False,
                break_long_words=False,
            )
            head = _INDENT
    return "\n".join(lines)


class Checks:
    """All checks of the book: `check.derivative(answer)` says what is right or wrong with it."""

    def __getattr__(self, name: str) -> Callable[[Any], None]:
        close = difflib.get_close_matches(name, EXERCISES, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AttributeError(f"there is no exercise {name!r}.{hint} dir(check) lists them all.")

    def __dir__(self) -> list[str]:
        return list(EXERCISES)

    def __repr__(self) -> str:
        chapters = sorted({task.chapter for task in EXERCISES.values()})
        lines = [
            f"chapter {n}: " + ", ".join(t.name for t in EXERCISES.values() if t.chapter == n)
            for n in chapters
        ]
        return "\n".join(["check.<exercise>(answer), where the exercises are", *lines])
