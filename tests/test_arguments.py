"""The checks that all public functions share."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lecture_pkg._arguments import integer, number, one_of, refuse, shown


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int64(1), Fraction(1)])
def test_every_real_number_is_a_number(value: object) -> None:
    assert number("step_size", value, above=0) == 1.0


@pytest.mark.parametrize("value", [True, "1", 1j, None, [1.0], np.ones(1)])
def test_what_is_no_real_number_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match=r"step_size must be a finite number, but it is .*\."):
        number("step_size", value)


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, -math.inf, 10**400])
def test_a_number_out_of_range_is_a_value_error(value: float) -> None:
    with pytest.raises(ValueError, match="step_size must be a finite number above 0"):
        number("step_size", value, above=0)


def test_a_bound_can_be_reached_by_at_least_and_not_by_above() -> None:
    assert number("low", 2, at_least=2) == 2.0
    with pytest.raises(ValueError, match="at least 2"):
        number("low", 1.9, at_least=2)


@pytest.mark.parametrize("value", [100, 100.0, np.int32(100), Fraction(100)])
def test_whole_numbers_are_integers_whatever_their_type(value: object) -> None:
    assert integer("max_iter", value, at_least=0) == 100


def test_an_integer_of_any_length_is_kept() -> None:
    assert integer("max_iter", 10**400, at_least=0) == 10**400


@pytest.mark.parametrize("value", [-1, 1.5, math.nan, math.inf])
def test_fractions_and_negative_counts_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="max_iter must be a whole number, 0 or more"):
        integer("max_iter", value, at_least=0)


@pytest.mark.parametrize("value", [True, "3", None, 1j])
def test_what_cannot_count_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="max_iter must be a whole number"):
        integer("max_iter", value, at_least=0)


@pytest.mark.parametrize("value", ["basn", "", 3, None])
def test_a_choice_lists_what_is_allowed(value: object) -> None:
    with pytest.raises(ValueError, match="kind must be one of 'basin', 'path'"):
        one_of("kind", value, ["basin", "path"])


def test_a_long_or_broken_value_still_makes_a_short_message() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert len(shown("x" * 1000)) < 100
    with pytest.raises(ValueError, match=r"a value without a printable form \(Broken\)"):
        refuse("graph", Broken(), "a graph")
