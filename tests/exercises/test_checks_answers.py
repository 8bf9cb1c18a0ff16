"""Every exercise: right answers in several ways, wrong ones with their diagnosis, and none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from answers import RIGHT, WRONG

from lecture_pkg.exercises import EXERCISES, check, examine

RIGHT_CASES = [(name, i) for name, answers in RIGHT.items() for i in range(len(answers))]
WRONG_CASES = [(name, i) for name, answers in WRONG.items() for i in range(len(answers))]


def _made(answer: Any) -> Any:
    return answer() if getattr(answer, "is_maker", False) else answer


def _unfilled(*arguments: Any) -> Any:
    raise NotImplementedError


@pytest.mark.parametrize(("name", "number"), RIGHT_CASES)
def test_a_right_answer_is_right(name: str, number: int) -> None:
    result = examine(name, _made(RIGHT[name][number]))
    assert result == ("right", "", f"✓ {name}: right."), result.message


@pytest.mark.parametrize(("name", "number"), WRONG_CASES)
def test_a_wrong_answer_gets_its_diagnosis(name: str, number: int) -> None:
    answer, diagnosis = WRONG[name][number]
    result = examine(name, _made(answer))
    assert (result.status, result.diagnosis) == ("wrong", diagnosis), result.message
    assert result.message.startswith(f"✗ {name}: not right yet.\n")
    assert ("\n  hint:     " in result.message) == (diagnosis != "other")
    assert max(map(len, result.message.splitlines())) <= 100


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("gap", [..., None, _unfilled], ids=["ellipsis", "None", "function"])
def test_a_gap_is_not_attempted(name: str, gap: Any, capsys: pytest.CaptureFixture[str]) -> None:
    if gap is _unfilled and f"`{name}(" not in EXERCISES[name].statement:
        gap = [..., ...]  # the answer is a value, not a function
    assert examine(name, gap).status == "not attempted"
    getattr(check, name)(gap)
    assert capsys.readouterr().out == f"{name}: not attempted yet.\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_answers_of_every_kind_are_there(name: str) -> None:
    assert len(RIGHT[name]) >= 4, "the right answer, and three other right ways"
    assert len({diagnosis for _, diagnosis in WRONG[name]}) >= 3


def test_no_answers_without_an_exercise() -> None:
    assert set(RIGHT) == set(WRONG) == set(EXERCISES)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_message_is_the_same_each_time(name: str) -> None:
    answer, _ = WRONG[name][0]
    answer = _made(answer)
    first = examine(name, answer)
    torch.randn(3)
    assert examine(name, answer) == first
