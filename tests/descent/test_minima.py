"""Minima of functions of one number: their places, their limits, and kinks told apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from lecture_pkg.descent.grid import descend_grid
from lecture_pkg.descent.minima import Minimum, find_minima, find_ridges
from lecture_pkg.descent.path import gradient_descent


def lecture(theta: torch.Tensor) -> torch.Tensor:
    return theta * torch.cos(4 * theta) + 2 * torch.abs(theta)


def test_the_limits_of_the_lectures_minima() -> None:
    """Row L15a."""
    found = [f"{m.theta:.4f} {m.step_limit:.4f}" for m in find_minima(lecture, -5, 5)]
    assert found == [
        "-4.6991 0.0268",
        "-3.1215 0.0407",
        "-1.5292 0.0877",
        "0.0000 0.0000",
        "0.6838 0.2905",
        "2.3292 0.0553",
        "3.9110 0.0323",
    ]


def test_the_true_minimum_is_the_kink() -> None:
    """Row L13: θ = 0 with value 0, which a grid of 100 points misses."""
    best = min(find_minima(lecture, -5, 5), key=lambda m: m.value)
    assert best == Minimum(0.0, 0.0, math.inf, 0.0, True)
    grid = torch.linspace(-5, 5, 100)
    assert f"{grid[lecture(grid).argmin()]:.4f}" == "-0.0505"


def test_places_and_curvatures_against_scipy_and_finite_differences() -> None:
    def value(theta: float) -> float:
        return theta * math.cos(4 * theta) + 2 * abs(theta)

    for minimum in find_minima(lecture, -5, 5):
        bounds = (minimum.theta - 0.2, minimum.theta + 0.2)
        oracle = minimize_scalar(value, bounds=bounds, method="bounded", options={"xatol": 1e-12})
        assert minimum.theta == pytest.approx(oracle.x, abs=1e-6)
        assert minimum.value == pytest.approx(oracle.fun, abs=1e-9)
        if not minimum.kink:
            h, at = 1e-4, minimum.theta
            second = (value(at + h) - 2 * value(at) + value(at - h)) / h**2
            assert minimum.curvature == pytest.approx(second, rel=1e-5)
            assert minimum.step_limit == 2 / minimum.curvature


def test_a_descent_rests_below_the_limit_and_leaves_above_it() -> None:
    for minimum in find_minima(lecture, -5, 5):
        if not minimum.kink:
            start, limit = minimum.theta + 1e-3, minimum.step_limit
            below = gradient_descent(lecture, 0.9 * limit, 200, start, dtype=torch.float64)
            above = gradient_descent(lecture, 1.1 * limit, 200, start, dtype=torch.float64)
            assert abs(below.thetas[-1] - minimum.theta) < 1e-9
            assert abs(above.thetas[-1] - minimum.theta) > 1e-2


def test_at_the_kink_the_bounce_shrinks_with_the_step() -> None:
    """Slopes 3 and −1 at 0: the bounce stays within 3 steps' worth of the kink."""
    steps = np.array([0.04, 0.02, 0.01, 0.005])
    grid = descend_grid(lecture, steps, [0.01], 400)
    swing = np.abs(grid.thetas[:, 0, -50:]).max(axis=1)
    assert (swing > 0).all() and (swing <= 3 * steps).all()
    assert (np.diff(swing) < 0).all()


CASES: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], list[tuple[float, float, bool]]]] = {
    "a bowl": (lambda t: (t - 0.3) ** 2, [(0.3, 1.0, False)]),
    "as flat as can be": (lambda t: (t - 0.3) ** 4, [(0.3, math.inf, False)]),
    "a valley floor": (lambda t: torch.relu(t.abs() - 1), [(0.0, math.inf, False)]),
    "a kink": (torch.abs, [(0.0, 0.0, True)]),
    "a kink off the grid": (lambda t: (t - 0.12345678).abs(), [(0.12345678, 0.0, True)]),
    "a weak kink in a bowl": (lambda t: 0.01 * t.abs() + t**2, [(0.0, 0.0, True)]),
    "a bowl beside a kink": (lambda t: 0.1 * (t - 1).abs() + t**2, [(0.05, 1.0, False)]),
    "an infinite slope": (lambda t: t.abs().sqrt(), [(0.0, 0.0, True)]),
    "a jump": (lambda t: torch.where(t < 0, -t, t - 3), [(0.0, 0.0, True)]),
    "waves": (lambda t: torch.cos(t), [(-math.pi, 2.0, False), (math.pi, 2.0, False)]),
    "nan for negative theta": (lambda t: t - torch.log(t), [(1.0, 2.0, False)]),
    "huber": (
        lambda t: torch.nn.functional.huber_loss(t, torch.zeros_like(t), reduction="none"),
        [(0.0, 2.0, False)],
    ),
    "a slope": (lambda t: 2 * t, []),
    "a hill": (lambda t: -(t**2), []),
    "a constant": (lambda t: torch.sin(t) ** 2 + torch.cos(t) ** 2, []),
    "a pole": (lambda t: -1 / t**2, []),
    "a pole off the grid": (lambda t: -1 / (t - 0.3) ** 2, []),
    "a logarithm's pole": (lambda t: torch.log((t - 0.3).abs()), []),
    "nowhere defined": (lambda t: torch.log(-1 - t**2), []),
}


@pytest.mark.parametrize("name", CASES)
def test_functions_of_every_kind(name: str) -> None:
    objective, expected = CASES[name]
    found = find_minima(objective, -5, 5)
    assert [m.kink for m in found] == [kink for _, _, kink in expected]
    np.testing.assert_allclose([m.theta for m in found], [t for t, _, _ in expected], atol=1e-9)
    np.testing.assert_allclose([m.step_limit for m in found], [s for _, s, _ in expected], 1e-6)


def test_between_two_minima_lies_one_ridge() -> None:
    """Against scipy, which is let loose on −f between each minimum and the next."""

    def below(theta: float) -> float:
        return -(theta * math.cos(4 * theta) + 2 * abs(theta))

    minima = find_minima(lecture, -5, 4.5)
    ridges = find_ridges(lecture, -5, 4.5)
    assert len(ridges) == len(minima) - 1
    for left, ridge, right in zip(minima, ridges, minima[1:], strict=False):
        bounds, options = (left.theta, right.theta), {"xatol": 1e-12}
        oracle = minimize_scalar(below, bounds=bounds, method="bounded", options=options)
        assert ridge.theta == pytest.approx(oracle.x, abs=1e-6)
        assert ridge.value == pytest.approx(-oracle.fun, abs=1e-9)


def test_ridges_of_every_kind() -> None:
    kinds = [
        (torch.cos, [(0.0, 1.0)]),
        (lambda t: -t.abs(), [(0.0, 0.0)]),
        (lambda t: t**2 + 1 / t**2, [(0.0, math.inf)]),
        (lambda t: t**2, []),
        (torch.tan, []),
    ]
    for objective, expected in kinds:
        assert list(find_ridges(objective, -3, 3)) == expected
    with pytest.raises(ValueError, match="high must be a finite number above 1"):
        find_ridges(torch.cos, 1, 0)


def test_more_points_part_minima_that_stand_close() -> None:
    def fine(theta: torch.Tensor) -> torch.Tensor:
        return torch.cos(1000 * theta)

    assert len(find_minima(fine, 0, 1)) == 159
    assert len(find_minima(fine, 0, 1, points=11)) < 20


def test_it_works_anywhere_and_touches_nothing(device: str) -> None:
    weight = torch.tensor(2.0, requires_grad=True, device=device)
    try:
        torch.set_default_device(device)
        with torch.no_grad():
            (minimum,) = find_minima(lambda t: weight * (t - 1) ** 2, -5, 5)
            assert not torch.is_grad_enabled()
    finally:
        torch.set_default_device(None)
    assert minimum.curvature == pytest.approx(4) and weight.grad is None
    assert all(type(each) is float for each in minimum[:4]) and minimum.kink is False


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no function": ({"objective": "t**2"}, TypeError, "objective must be a function"),
    "not elementwise": ({"objective": lambda t: (t**2).sum()}, ValueError, "element by element"),
    "low text": ({"low": "a"}, TypeError, "low must be a finite number"),
    "high inf": ({"high": math.inf}, ValueError, "high must be a finite number"),
    "nothing between": ({"low": 1, "high": 1}, ValueError, "high must be.*above 1"),
    "two points": ({"points": 2}, ValueError, "points must be a whole number, 3 or more"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(case: str) -> None:
    changed, error, words = BAD[case]
    good: dict[str, Any] = {"objective": lambda t: t**2, "low": -5, "high": 5}
    with pytest.raises(error, match=words):
        find_minima(**{**good, **changed})
