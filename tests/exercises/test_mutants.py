"""A changed right answer is rejected, or is right in fact: no check is fooled by accident."""

from __future__ import annotations

import importlib
import os
import random

import fresh
import pytest
from answers import RIGHT, WRONG
from mutants import Answer, Mutant, mutants, right_answers

from lecture_pkg.exercises import EXERCISES
from lecture_pkg.exercises._exercise import _verdict
from lecture_pkg.exercises._limits import Crash, TimeLimit, isolated, limited

ALL = os.environ.get("STRANGERS") == "all"
"""Whether to try every mutant, some minutes long, and not a sample of each exercise."""

SAMPLE = 3
ANSWERS = list(right_answers())


def _fate(answer: Answer, mutant: Mutant) -> str:
    """What becomes of a mutant: rejected, equal, fooled, or dead if it cannot even be made."""
    with isolated():
        try:
            return limited(
                lambda: _tried(answer, mutant), 20 if mutant.exercise == "fit_sine" else 3
            )
        except (TimeLimit, Crash):
            return "rejected"


def _tried(answer: Answer, mutant: Mutant) -> str:
    try:
        changed = mutant.make()
    except BaseException:
        return "dead"
    if _verdict(EXERCISES[mutant.exercise], changed).status != "right":
        return "rejected"
    try:
        return "equal" if fresh.agree(mutant.exercise, changed, answer.made()) else "fooled"
    except Exception:
        return "fooled"


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answers_agree_on_fresh_inputs(name: str) -> None:
    """So that a mutant is told from its answer by what was changed, and not by the inputs."""
    made = [a() if getattr(a, "is_maker", False) else a for a in RIGHT[name]]
    assert [n for n, answer in enumerate(made) if not fresh.agree(name, answer, made[0])] == []


@pytest.mark.parametrize("name", EXERCISES)
def test_fresh_inputs_tell_a_wrong_answer(name: str) -> None:
    first, answers = RIGHT[name][0], [answer for answer, _ in WRONG[name]]
    assert not all(_tells_nothing(name, answer, first) for answer in answers)


def _tells_nothing(name: str, answer: object, right: object) -> bool:
    try:
        return fresh.agree(name, answer, right)
    except Exception:  # a verdict on what is no answer at all
        return True


@pytest.mark.parametrize("name", EXERCISES)
def test_a_mutant_is_rejected_or_equal(name: str) -> None:
    if EXERCISES[name].loads:
        importlib.import_module(EXERCISES[name].loads)
    pairs = [(a, m) for a in ANSWERS if a.exercise == name for m in mutants(a)]
    if not ALL:
        pairs = random.Random(name).sample(pairs, min(SAMPLE, len(pairs)))
    fates = [(_fate(*pair), pair[1].number, pair[1].change) for pair in pairs]
    counts = {fate: sum(f[0] == fate for f in fates) for fate in sorted({f[0] for f in fates})}
    print(f"{name}: {len(fates)} mutants, {counts}")
    assert [fate for fate in fates if fate[0] == "fooled"] == []
