"""What learners of autograd complain about, and where the book makes them practise it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lecture_pkg.exercises import EXERCISES
from lecture_pkg.exercises.questions import load

ERRORS = Path(__file__).parents[2] / "book" / "errors.ipynb"

# complaint -> questions, exercises and entries of the page of error messages
ANSWERS = {
    "C1 what is the argument of backward(v)?": ["?ones-as-v", "!choose_v", "#err-scalar"],
    "C2 v with the input's shape": ["?shape-of-v", "!choose_v", "#err-shape-v"],
    "C3 the Jacobian, or a product with it?": ["?ones-as-v", "!jacobian"],
    "C4 transposed Jacobian, wrong factor": ["?jacobian-shape", "!jacobian", "!layer_vjp"],
    "C5 why zero_grad, and where?": ["?accumulate-twice", "?accumulate-misplaced", "!train"],
    "C6 zero_grad forgotten": ["?accumulate-forgotten", "!fresh_gradient", "#silent-accumulate"],
    "C7 backward a second time": ["?backward-second", "?backward-retain", "#err-second"],
    "C8 leaf or not, .grad of a non-leaf": ["?graph-leaf", "!leaves", "!upstream", "#err-nonleaf"],
    "C9 in-place errors": ["?in-place-twins", "!which_raise", "#err-version", "#err-leaf-inplace"],
    "C10 .numpy() refused": ["?numpy-from-the-gpu", "!to_numpy", "#err-numpy"],
    "C11 does the bridge copy?": ["?bridge-shared", "!own_copy"],
    "C12 no_grad, detach, inference_mode, .data": [
        "?detached-sine",
        "?data-behind",
        "!fixed_target",
        "!sgd_step",
        "#silent-cut",
    ],
    "C13 an integer cannot require gradients": ["!new_leaf", "#err-integer"],
    "C14 why topological order?": ["?backward-haste", "!by_counting"],
    "C15 stale gradients on intermediates": ["?accumulate-stale"],
}


def test_no_complaint_is_missing() -> None:
    assert [title.split()[0] for title in ANSWERS] == [f"C{n}" for n in range(1, 16)]


@pytest.mark.parametrize("title", ANSWERS)
def test_a_complaint_has_a_question_an_exercise_or_an_entry(title: str) -> None:
    entries = {cell["id"] for cell in json.loads(ERRORS.read_text("utf-8"))["cells"]}
    places = {"?": set(load()), "!": set(EXERCISES), "#": entries}
    assert ANSWERS[title]
    for answer in ANSWERS[title]:
        assert answer[1:] in places[answer[0]], answer
