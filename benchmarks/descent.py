"""Gradient descent, one path and a grid of a million, against the lecture's own loop."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from benchmarks import lesson
from benchmarks.measure import Call, medians
from benchmarks.table import Comparison, Goal

_LOOP = "the lecture's loop"
_PATHS = 200  # of the lecture's loop in each round; five rounds are a thousand
_ROUNDS = 5
_CHUNK = 2**16  # for each thread: as many paths as stay in the cache
STARTS = 1_000


def compare(rounds: int, quick: bool) -> list[Comparison]:
    return [*_path(3 * rounds), *_grid(100 if quick else 1_000)]


def _path(rounds: int) -> list[Comparison]:
    calls = {"ours": (path_ours,), "lecture": (path_lecture,), "bare": (path_bare,)}
    found = medians(calls, rounds)
    what = "one descent path, 100 steps, recorded"
    floor, goal = "floor: bare torch loop", Goal("times", 1.1)
    return [
        Comparison(what, _LOOP, found["ours"], found["lecture"], in_readme=True),
        Comparison(what, floor, found["ours"], found["bare"], goal=goal),
    ]


def _grid(steps: int) -> list[Comparison]:
    calls: dict[str, Call] = {
        "ours": (grid_ours, steps, "cpu"),
        "formula": (grid_formula, steps, "cpu"),
        "lecture": (grid_lecture,),
    }
    found = medians(calls, _ROUNDS, threads=os.cpu_count() or 1)
    ours, formula, lecture = found["ours"], found["formula"], found["lecture"]
    if not isinstance(lecture, str):
        lecture *= steps * STARTS / _PATHS
    what = f"{steps:,} × {STARTS:,} grid of steps × starts, 100 iterations"
    loops, fast = f"{_LOOP}, from {_PATHS * _ROUNDS:,} paths", Goal("faster", 8_000)
    floor, near = "floor: formula by hand, in place", Goal("times", 3)
    return [
        Comparison(what, loops, ours, lecture, goal=fast, in_readme=True),
        Comparison(what, floor, ours, formula, goal=near),
    ]


def path_ours() -> Callable[[], object]:
    from lecture_pkg import gradient_descent

    return lambda: gradient_descent(lesson.objective, 0.05, 100, init=-3.5)


def path_lecture() -> Callable[[], object]:
    return lambda: lesson.lecture_loop(lesson.objective, 0.05, 100, -3.5)


def path_bare() -> Callable[[], object]:
    return lambda: lesson.bare_loop(lesson.objective, 0.05, 100, -3.5)


def _axes(steps: int, starts: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The grid's step sizes and starts."""
    return (
        torch.linspace(0.01, 0.3, steps, dtype=torch.float64, device=device),
        torch.linspace(-5, 5, starts, dtype=torch.float64, device=device),
    )


def grid_ours(steps: int, device: str) -> Callable[[], object]:
    from lecture_pkg import descend_grid

    sizes, begin = _axes(steps, STARTS, "cpu")
    return lambda: descend_grid(lesson.objective, sizes, begin, 100, keep="final", device=device)


def grid_lecture() -> Callable[[], object]:
    sizes, begin = _axes(10, _PATHS // 10, "cpu")
    pairs = torch.cartesian_prod(sizes, begin).tolist()
    return lambda: [lesson.lecture_loop(lesson.objective, step, 100, at) for step, at in pairs]


def grid_formula(steps: int, device: str) -> Callable[[], object]:
    """All paths by the formula, a chunk at a time; ends and values to the CPU."""
    step, start = torch.cartesian_prod(*_axes(steps, STARTS, device)).T.contiguous()
    chunk = _CHUNK * torch.get_num_threads() if device == "cpu" else len(start)

    def run() -> None:
        for low in range(0, len(start), chunk):
            part = slice(low, low + chunk)
            theta = lesson.formula_steps(start[part].clone(), step[part], 100)
            lesson.objective(theta).cpu()
            theta.cpu()

    return run
