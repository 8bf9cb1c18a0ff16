"""An exercise: its statement, what examines an answer to it, and the line that the reader sees."""

from __future__ import annotations

import difflib
import importlib
import textwrap
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from ._answers import NotAttempted, Wrong, is_gap
from ._limits import Crash, TimeLimit, isolated, limited, seed

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
    """One exercise: its name, its chapter, its statement, its examiner, and what it loads late.

    An examiner returns for a right answer, and raises Wrong or NotAttempted for any other.
    """

    name: str
    chapter: str
    statement: str
    examiner: Examiner
    loads: str


EXERCISES: dict[str, Exercise] = {}


def exercise(loads: str = "") -> Callable[[Examiner], Examiner]:
    """Make an examiner the check of the exercise of its name, in the chapter of its module.

    Its docstring is the statement. `loads` names a part of torch that is loaded when it is first
    used: better once before the check than in each process that runs one.
    """

    def register(examiner: Examiner) -> Examiner:
        name, statement = examiner.__name__, (examiner.__doc__ or "").strip()
        chapter = examiner.__module__.rpartition(".")[2]
        EXERCISES[name] = Exercise(name, chapter, statement, examiner, loads)
        return examiner

    return register


class Checks:
    """All checks of the book: `check.derivative(answer)` says what is right or wrong with it."""

    def __getattr__(self, name: str) -> Callable[[object], None]:
        if name not in EXERCISES:
            close = difflib.get_close_matches(name, EXERCISES, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise AttributeError(f"there is no exercise {name!r}.{hint} dir(check) lists them all.")

        def check(answer: object) -> None:
            print(examine(name, answer).message)

        check.__name__ = check.__qualname__ = name
        check.__doc__ = EXERCISES[name].statement
        return check

    def __dir__(self) -> list[str]:
        return list(EXERCISES)

    def __repr__(self) -> str:
        chapters: dict[str, list[str]] = {}
        for task in EXERCISES.values():
            chapters.setdefault(task.chapter, []).append(task.name)
        lines = [f"{chapter}: {', '.join(names)}" for chapter, names in chapters.items()]
        return "\n".join(["check.<exercise>(answer), where the exercises are", *lines])


def examine(name: str, answer: object, seconds: float = SECONDS) -> Result:
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
    task = EXERCISES[name]
    if task.loads:
        importlib.import_module(task.loads)
    with isolated() as printed:
        try:
            result = limited(lambda: _verdict(task, answer), seconds)
        except TimeLimit as limit:
            result = Result("wrong", "too-long", _stopped(name, seconds, runs_on=limit.args[0]))
        except Crash:
            text = f"✗ {name}: your answer ended Python itself, and with it the check."
            result = Result("wrong", "crash", text)
    output = printed.text().rstrip()
    if output and result.status == "wrong":
        result = result._replace(message=f"(your code printed) {output}\n{result.message}")
    return result


def _verdict(task: Exercise, answer: object) -> Result:
    seed()
    try:
        if is_gap(answer):
            raise NotAttempted
        task.examiner(answer, Trial(task.name))
    except TimeLimit:
        raise
    except NotAttempted:
        return Result("not attempted", "", f"{task.name}: not attempted yet.")
    except Wrong as wrong:
        return Result("wrong", wrong.diagnosis, _told(task.name, wrong))
    except BaseException as error:  # an object that breaks when it is looked at
        kind = type(error).__name__
        text = f"✗ {task.name}: your answer could not be examined ({kind})."
        return Result("wrong", "unreadable", text)
    return Result("right", "", f"✓ {task.name}: right.")


def _stopped(name: str, seconds: float, runs_on: bool) -> str:
    hint = "is there a loop that does not end?"
    if runs_on:
        hint += " It still runs: restart the kernel."
    return f"✗ {name}: stopped after {seconds:g} seconds.\n  hint:     {hint}"


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
