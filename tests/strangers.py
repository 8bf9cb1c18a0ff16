"""Objectives that nobody here chose: the standard ones of optimization, in one and two numbers.

Written from their definitions as collected by Surjanovic and Bingham (Virtual Library of Simulation
Experiments) and by Jamil and Yang (A literature survey of benchmark functions, 2013), and some that
are known for the trouble they make: poles, kinks, floors, steps, very large and very small values.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, cos, exp, sin, sqrt

ALL = os.environ.get("STRANGERS") == "all"
PI = math.pi


class One(NamedTuple):
    """An objective of one number, elementwise, and where it is looked at."""

    of: Callable[[Tensor], Tensor]
    low: float
    high: float


class Two(NamedTuple):
    """An objective of two numbers, a square to look at and a start in it."""

    of: Callable[[Tensor], Tensor]
    low: float
    high: float
    start: tuple[float, float]


def sample(names: list[str], every: int) -> list[str]:
    """All of them if the environment says STRANGERS=all; otherwise every so-many-th."""
    return names if ALL else names[::every]


def problem_02(t: Tensor) -> Tensor:
    return sin(t) + sin(10 * t / 3)


def shubert(t: Tensor) -> Tensor:
    return -sum(k * sin((k + 1) * t + k) for k in range(1, 7))


def problem_15(t: Tensor) -> Tensor:
    return (t**2 - 5 * t + 6) / (t**2 + 1)


def problem_18(t: Tensor) -> Tensor:
    return torch.where(t <= 3, (t - 2) ** 2, 2 * torch.log((t - 2).clamp(min=0.5)) + 1)


def gramacy_lee(t: Tensor) -> Tensor:
    return sin(10 * PI * t) / (2 * t) + (t - 1) ** 4


def weierstrass(t: Tensor) -> Tensor:
    return sum(0.5**k * cos(2 * PI * 3**k * t) for k in range(6))


def de_jong_step(t: Tensor) -> Tensor:
    return torch.floor(t + 0.5) ** 2 + 0 * t


def langermann(t: Tensor) -> Tensor:
    parts = ((1, 3), (2, 5), (5, 2), (2, 1), (3, 7))
    return sum(c * exp(-((t - a) ** 2) / PI) * cos(PI * (t - a) ** 2) for c, a in parts)


def levy(t: Tensor) -> Tensor:
    w = 1 + (t - 1) / 4
    return sin(PI * w) ** 2 + (w - 1) ** 2 * (1 + sin(2 * PI * w) ** 2)


ONE: dict[str, One] = {
    "lecture": One(lambda t: t * cos(4 * t) + 2 * t.abs(), -5, 5),
    "sphere": One(torch.square, -5, 5),
    "problem 01": One(lambda t: t**6 / 6 - 52 / 25 * t**5 + 39 / 80 * t**4 + 71 / 10 * t**3
                      - 79 / 20 * t**2 - t + 0.1, -1.5, 11),
    "problem 02": One(problem_02, 2.7, 7.5),
    "problem 03 (Shubert)": One(shubert, -10, 10),
    "problem 04": One(lambda t: -(16 * t**2 - 24 * t + 5) * exp(-t), 1.9, 3.9),
    "problem 05": One(lambda t: -(1.4 - 3 * t) * sin(18 * t), 0, 1.2),
    "problem 06": One(lambda t: -(t + sin(t)) * exp(-(t**2)), -10, 10),
    "problem 09": One(lambda t: sin(t) + sin(2 * t / 3), 3.1, 20.4),
    "problem 10": One(lambda t: -t * sin(t), 0, 10),
    "problem 11": One(lambda t: 2 * cos(t) + cos(2 * t), -1.57, 6.28),
    "problem 12": One(lambda t: sin(t) ** 3 + cos(t) ** 3, 0, 6.28),
    "problem 14": One(lambda t: -exp(-t) * sin(2 * PI * t), 0, 4),
    "problem 15": One(problem_15, -5, 5),
    "problem 18": One(problem_18, 0, 6),
    "problem 20": One(lambda t: -(t - sin(t)) * exp(-(t**2)), -10, 10),
    "problem 21": One(lambda t: t * sin(t) + t * cos(2 * t), 0, 10),
    "problem 22": One(lambda t: exp(-3 * t) - sin(t) ** 3, 0, 20),
    "Ackley": One(lambda t: -20 * exp(-0.2 * t.abs()) - exp(cos(2 * PI * t)) + 20 + math.e, -5, 5),
    "Rastrigin": One(lambda t: 10 + t**2 - 10 * cos(2 * PI * t), -5.12, 5.12),
    "Griewank": One(lambda t: t**2 / 4000 - cos(t) + 1, -20, 20),
    "Levy": One(levy, -10, 10),
    "Schwefel": One(lambda t: 418.9829 - t * sin(sqrt(t.abs())), -500, 500),
    "Forrester": One(lambda t: (6 * t - 2) ** 2 * sin(12 * t - 4), 0, 1),
    "Gramacy and Lee": One(gramacy_lee, 0.5, 2.5),
    "Michalewicz": One(lambda t: -sin(t) * sin(t**2 / PI) ** 20, 0, PI),
    "Styblinski and Tang": One(lambda t: (t**4 - 16 * t**2 + 5 * t) / 2, -5, 5),
    "Higdon": One(lambda t: sin(2 * PI * t / 10) + 0.2 * sin(2 * PI * t / 2.5), 0, 10),
    "Holsclaw": One(lambda t: t * sin(t) / 10, 0, 10),
    "Santner": One(lambda t: exp(-1.4 * t) * cos(3.5 * PI * t), 0, 1),
    "Alpine 1": One(lambda t: (t * sin(t) + 0.1 * t).abs(), -10, 10),
    "Salomon": One(lambda t: 1 - cos(2 * PI * t.abs()) + 0.1 * t.abs(), -4, 4),
    "Langermann": One(langermann, 0, 10),
    "Weierstrass": One(weierstrass, -0.5, 0.5),
    "Qing": One(lambda t: (t**2 - 1) ** 2, -3, 3),
    "quartic": One(lambda t: t**4, -2, 2),
    "an inflection": One(lambda t: t**4 - t**3, -2, 2),
    "Csendes": One(lambda t: t**6 * (2 + sin(1 / t.clamp(min=1e-3))), 0.05, 1),
    "cosine": One(cos, -5, 5),
    "fast sine": One(lambda t: sin(100 * t), -5, 5),
    "chirp": One(lambda t: sin(t**2), -6, 6),
    "tangent": One(torch.tan, -5, 5),
    "walls": One(lambda t: t**2 + 1 / t**2, 0.02, 5),
    "a pole": One(lambda t: -1 / (t - 0.3) ** 2, -5, 5),
    "a logarithm": One(lambda t: t - torch.log(t), 0.01, 5),
    "huge": One(lambda t: 1e11 * t**2, -5, 5),
    "tiny": One(lambda t: 1e-9 * cos(3 * t), -5, 5),
    "steep": One(lambda t: exp(t**2 / 2), -5, 5),
    "far from 0": One(lambda t: (t - 1e6) ** 2 + 3 * cos(3 * t), 1e6 - 4, 1e6 + 4),
    "high up": One(lambda t: 1e9 + cos(t), -5, 5),
    "absolute": One(torch.abs, -3, 3),
    "a floor": One(lambda t: torch.relu(t.abs() - 1), -3, 3),
    "steps": One(de_jong_step, -3, 3),
    "a line": One(lambda t: 2 * t, -3, 3),
    "level": One(lambda t: 0 * t, -3, 3),
    "a saw": One(lambda t: (t - torch.round(t)).abs() + 0.1 * t**2, -3.2, 3.3),
    "a square root": One(lambda t: t.abs().sqrt(), -3, 3.1),
    "sigmoid": One(torch.sigmoid, -6, 6),
    "soft sign": One(lambda t: torch.nn.functional.softplus(t) - 0.5 * t, -6, 6),
    "Huber": One(lambda t: torch.where(t.abs() < 1, t**2 / 2, t.abs() - 0.5), -4, 4),
    "GELU": One(torch.nn.functional.gelu, -4, 4),
}  # fmt: skip


def rosenbrock(p: Tensor) -> Tensor:
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def ackley(p: Tensor) -> Tensor:
    wide, fine = -0.2 * sqrt((p**2).mean()), cos(2 * PI * p).mean()
    return -20 * exp(wide) - exp(fine) + 20 + math.e


def goldstein_price(p: Tensor) -> Tensor:
    x, y = p
    one = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    two = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return one * two


def branin(p: Tensor) -> Tensor:
    x, y = p
    return (
        (y - 5.1 * x**2 / (4 * PI**2) + 5 * x / PI - 6) ** 2
        + 10 * (1 - 1 / (8 * PI)) * cos(x) + 10
    )  # fmt: skip


def beale(p: Tensor) -> Tensor:
    x, y = p
    return sum((c - x + x * y**k) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625)))


def six_hump_camel(p: Tensor) -> Tensor:
    x, y = p
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2


def levy_13(p: Tensor) -> Tensor:
    x, y = p
    return (
        sin(3 * PI * x) ** 2 + (x - 1) ** 2 * (1 + sin(3 * PI * y) ** 2)
        + (y - 1) ** 2 * (1 + sin(2 * PI * y) ** 2)
    )  # fmt: skip


def easom(p: Tensor) -> Tensor:
    return -cos(p[0]) * cos(p[1]) * exp(-((p - PI) ** 2).sum())


def drop_wave(p: Tensor) -> Tensor:
    square = (p**2).sum()
    return -(1 + cos(12 * sqrt(square + 1e-12))) / (0.5 * square + 2)


def michalewicz(p: Tensor) -> Tensor:
    return -(sin(p) * sin(torch.tensor([1.0, 2.0], dtype=p.dtype) * p**2 / PI) ** 20).sum()


def dixon_price(p: Tensor) -> Tensor:
    return (p[0] - 1) ** 2 + 2 * (2 * p[1] ** 2 - p[0]) ** 2


TWO: dict[str, Two] = {
    "sphere": Two(lambda p: (p**2).sum(), -5, 5, (3, -4)),
    "Rosenbrock": Two(rosenbrock, -2, 2, (-1.2, 1)),
    "Himmelblau": Two(
        lambda p: (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2, -5, 5, (0, -3)
    ),
    "Booth": Two(
        lambda p: (p[0] + 2 * p[1] - 7) ** 2 + (2 * p[0] + p[1] - 5) ** 2, -10, 10, (-4, 5)
    ),
    "Beale": Two(beale, -4.5, 4.5, (1, 1)),
    "Matyas": Two(lambda p: 0.26 * (p**2).sum() - 0.48 * p.prod(), -10, 10, (7, 2)),
    "Levy 13": Two(levy_13, -4, 4, (-2, 3)),
    "Ackley": Two(ackley, -5, 5, (2.2, -1.7)),
    "Rastrigin": Two(lambda p: 20 + (p**2 - 10 * cos(2 * PI * p)).sum(), -5, 5, (1.7, -2.2)),
    "Griewank": Two(
        lambda p: (p**2).sum() / 4000 - cos(p[0]) * cos(p[1] / 2**0.5) + 1, -8, 8, (3, 5)
    ),
    "Schwefel": Two(
        lambda p: 837.9658 - (p * sin(sqrt(p.abs()))).sum(), -500, 500, (100, -230)
    ),
    "Styblinski and Tang": Two(
        lambda p: (p**4 - 16 * p**2 + 5 * p).sum() / 2, -5, 5, (0.3, -0.2)
    ),
    "Michalewicz": Two(michalewicz, 0, PI, (2, 1.3)),
    "Goldstein and Price": Two(goldstein_price, -2, 2, (0.5, -0.5)),
    "Branin": Two(branin, -5, 15, (0, 6)),
    "six-hump camel": Two(six_hump_camel, -2, 2, (0.5, 1)),
    "three-hump camel": Two(
        lambda p: 2 * p[0] ** 2 - 1.05 * p[0] ** 4 + p[0] ** 6 / 6 + p.prod() + p[1] ** 2,
        -3, 3, (2, -2),
    ),
    "Easom": Two(easom, 0, 6, (2, 4)),
    "drop wave": Two(drop_wave, -3, 3, (1, 1.3)),
    "McCormick": Two(
        lambda p: sin(p.sum()) + (p[0] - p[1]) ** 2 - 1.5 * p[0] + 2.5 * p[1] + 1, -3, 4, (2, 2)
    ),
    "Dixon and Price": Two(dixon_price, -3, 3, (-1, 2)),
    "Zakharov": Two(
        lambda p: (p**2).sum() + (0.5 * p[0] + p[1]) ** 2 + (0.5 * p[0] + p[1]) ** 4,
        -5, 5, (3, 2),
    ),
    "sum squares": Two(lambda p: p[0] ** 2 + 2 * p[1] ** 2, -5, 5, (4, -3)),
    "a ravine": Two(lambda p: 50 * p[0] ** 2 + 0.5 * p[1] ** 2, -2, 2, (1, 1.5)),
    "a saddle": Two(lambda p: p[0] ** 2 - p[1] ** 2, -2, 2, (1, 0)),
    "a monkey saddle": Two(lambda p: p[0] ** 3 - 3 * p[0] * p[1] ** 2, -2, 2, (0.5, 0.1)),
    "a valley without end": Two(lambda p: p[0] ** 2 + 0 * p[1], -2, 2, (1, 1)),
    "Bohachevsky": Two(
        lambda p: p[0] ** 2 + 2 * p[1] ** 2 - 0.3 * cos(3 * PI * p[0])
        - 0.4 * cos(4 * PI * p[1]) + 0.7, -4, 4, (2, -3),
    ),
    "Bukin 6": Two(
        lambda p: 100 * sqrt((p[1] - 0.01 * p[0] ** 2).abs()) + 0.01 * (p[0] + 10).abs(),
        -15, 5, (-5, 3),
    ),
    "huge": Two(lambda p: 1e14 * (p**2).sum(), -2, 2, (1, 1)),
}  # fmt: skip
