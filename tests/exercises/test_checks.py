"""What all checks share: no answer hangs, raises, or changes the caller's world."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from answers import RIGHT

from lecture_pkg import check
from lecture_pkg.exercises import EXERCISES, examine
from lecture_pkg.exercises._answers import Wrong, is_gap
from lecture_pkg.exercises._compare import HINTS, Mistake, compare, numbers_of, show
from lecture_pkg.exercises._exercise import _verdict
from lecture_pkg.exercises._limits import isolated, limited


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, StopIteration, AssertionError],
)
def test_nothing_that_an_answer_raises_gets_through(error: type[BaseException]) -> None:
    def answer(x: float) -> None:
        raise error

    result = examine("derivative", answer)
    assert (result.status, result.diagnosis) == ("wrong", "raised")
    assert error.__name__ in result.message
    assert "in the line: raise error" in result.message


class Hostile:
    """An object that raises whatever is done with it."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError("hands off")

    def __eq__(self, other: object) -> bool:
        raise ValueError("hands off")

    __hash__ = None  # type: ignore[assignment]


class HostileTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise ValueError("hands off")


STRANGE = [
    0,
    True,
    "text",
    b"bytes",
    1j,
    float("inf"),
    10**400,
    [],
    {},
    [[1], [2, 3]],
    [None, None],
    object(),
    Hostile(),
    int,
    print,
    Exception("returned, not raised"),
    torch.ones(0),
    torch.ones(2, 3, 4),
    torch.ones(3, dtype=torch.complex64),
    torch.ones(3, dtype=torch.bool),
    torch.ones(3, device="meta"),
    torch.ones(3).to_sparse(),
    torch.ones(3).as_subclass(HostileTensor),
    torch.full((3,), float("nan")),
    np.array(["a"]),
    np.array([object()]),
    torch.nn.Linear(2, 2),
    (n for n in range(3)),
]


@pytest.mark.parametrize("name", EXERCISES)
def test_strange_answers_are_wrong_and_no_more(name: str) -> None:
    def examine_all() -> list[tuple[int, str, str]]:
        answers = [(n, a) for n, s in enumerate(STRANGE) for a in (s, lambda *_, s=s: s)]
        found = [(n, _verdict(EXERCISES[name], a)) for n, a in answers]
        return [(n, *result[:2]) for n, result in found]

    with isolated():  # one copy of the process for all of them: a copy each takes a minute more
        results = limited(examine_all, seconds=60)
    assert [r for r in results if r[1] != "wrong" or not r[2]] == []


def test_random_numbers_in_an_answer_are_the_same_each_time() -> None:
    def answer(x: float) -> torch.Tensor:
        return torch.randn(()) + random.random() + np.random.rand()

    first = examine("derivative", answer)
    torch.randn(5)
    assert examine("derivative", answer) == first


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answers_are_right_on_every_device(name: str, device: torch.device) -> None:
    answer = RIGHT[name][0]
    with torch.device(device):
        answer = answer() if getattr(answer, "is_maker", False) else answer
        result = examine(name, answer)
    assert result.status == "right", result.message


def test_a_call_prints_once_and_returns_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.derivative(lambda x: math.nan) is None
    out = capsys.readouterr().out
    assert out.count("derivative") == 1
    assert [line.split(":")[0].strip() for line in out.splitlines()] == [
        "✗ derivative",
        "with",
        "got",
        "expected",
        "hint",
    ]


def test_a_gap_inside_a_function_is_not_attempted() -> None:
    def computes_with_it(x: float) -> Any:
        weight: Any = ...
        return weight * torch.tensor(x)

    def unpacks_it(x: float) -> Any:
        first, _ = ...  # type: ignore[misc]
        return first

    for answer in (computes_with_it, unpacks_it, lambda x: ...):
        assert examine("derivative", answer).status == "not attempted"


def test_what_the_answer_prints_is_shown_before_the_message() -> None:
    def answer(x: float) -> float:
        print("x is", x)
        return 0.0

    message = examine("derivative", answer).message
    assert message.startswith("(your code printed) x is ")


def test_the_line_that_raised_is_named() -> None:
    def answer(x: float) -> Any:
        nothing = None
        return nothing.grad  # the line that raises

    assert "return nothing.grad  # the line that raises" in examine("derivative", answer).message


def test_check_lists_and_documents_its_exercises() -> None:
    assert dir(check) == sorted(EXERCISES)
    assert "accumulation: running_total, fresh_gradient, in_batches\n" in repr(check)
    for name, task in EXERCISES.items():
        function = getattr(check, name)
        assert function.__name__ == name
        assert task.statement and function.__doc__.strip() == task.statement
    with pytest.raises(AttributeError, match=r"no exercise 'derivativ'.*'derivative'"):
        check.derivativ  # noqa: B018


def test_checks_load_no_more_than_torch_and_numpy() -> None:
    code = (
        "import sys, lecture_pkg.exercises as c; c.examine('running_total', [12, 24, 0, 12]);"
        "print([m for m in ('matplotlib', 'IPython', 'scipy', 'seaborn') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("answer", "gap"),
    [
        (..., True),
        (None, True),
        ([1, ...], True),
        ((..., ...), True),
        ({"a": ...}, True),
        (0, False),
        ([], False),
        (torch.zeros(3), False),
        (np.zeros(3), False),
        ([torch.zeros(2)], False),
    ],
)
def test_gaps(answer: Any, gap: bool) -> None:
    assert is_gap(answer) is gap


@pytest.mark.parametrize(
    ("got", "expected", "diagnosis"),
    [
        (None, 1.0, "nothing"),
        ("1.0", 1.0, "not-numbers"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "shape"),
        ([[1.0, 3.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], "transposed"),
        ([[1.0], [2.0]], [[1.0, 2.0]], "transposed"),
        ([1.0, float("nan")], [1.0, 2.0], "nan"),
        ([1.0, float("inf")], [1.0, 2.0], "nan"),
        (torch.tensor([0.1, 0.7]), [0.1, 0.7], "float32"),
        ([0.0, 0.0], [1.0, 2.0], "zero"),
        ([-1.0, -2.0], [1.0, 2.0], "sign"),
        ([2.0, 4.0], [1.0, 2.0], "twice"),
        (3.0, 1.5, "twice"),
        ([2.5, 5.0], [1.0, 2.0], "factor"),
        (0.5, 1.5, "factor"),
        (1.1, 1.5, "other"),
        ([1.0, 3.0], [1.0, 2.0], "other"),
        ([1.0, 2.0], [0.0, 0.0], "other"),
    ],
)
def test_numbers_that_differ_get_a_diagnosis(got: Any, expected: Any, diagnosis: str) -> None:
    with pytest.raises(Wrong) as wrong:
        compare(got, expected)
    assert wrong.value.diagnosis == diagnosis
    assert wrong.value.hint[:9] == HINTS[diagnosis][:9]
    assert wrong.value.got != wrong.value.expected


@pytest.mark.parametrize(
    "got",
    [
        [1.0, 2.0],
        (1, 2),
        np.array([1, 2], dtype=np.int8),
        torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True),
        [torch.tensor(1.0), np.float32(2)],
        [1.0 + 1e-10, 2.0],
    ],
)
def test_numbers_of_every_kind_are_compared(got: Any) -> None:
    compare(got, [1.0, 2.0])


def test_a_mistake_that_gives_the_right_numbers_is_not_one() -> None:
    compare(1.0, 1.0, mistakes=[Mistake("never", 1.0, "")])
    with pytest.raises(Wrong) as wrong:
        compare(3.0, 1.0, mistakes=[Mistake("same", 1.0, ""), Mistake("three", 3.0, "")])
    assert wrong.value.diagnosis == "three"


@pytest.mark.parametrize(
    "value", [True, "1", 1j, object(), [], [[1], [1, 2]], {1: 2}, np.array("a")]
)
def test_what_is_no_number_is_none(value: Any) -> None:
    assert numbers_of(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5000"),
        (0, "0"),
        ([12.0, 24.0], "[12, 24]"),
        (1e-7, "1e-07"),
        (1e9, "1e+09"),
        ([[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
        (np.ones((3, 4)), "1, 1, 1, …  (shape (3, 4))"),
    ],
)
def test_numbers_are_shown_in_a_line(value: Any, text: str) -> None:
    assert show(value) == text


def test_of_many_numbers_the_worst_is_shown() -> None:
    expected = np.arange(12.0).reshape(3, 4)
    got = expected.copy()
    got[2, 1] += 5
    with pytest.raises(Wrong) as wrong:
        compare(got, expected)
    assert wrong.value.got == "14  (at [2, 1] of shape (3, 4))"
    assert wrong.value.expected == "9"
