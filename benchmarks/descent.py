"""Gradient descent and the curve under it, against the lecture's own loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks import lesson
from benchmarks.measure import Contestant, Result, Workers, interleaved
from benchmarks.table import Comparison, Goal

_HERE = "benchmarks.descent"
_LOOP = "the lecture's loop"
_PATHS = 200  # of the lecture's loop in each round; five rounds are a thousand
_CHUNK = 2**16  # for each thread: as many paths as stay in the cache


def compare(rounds: int, quick: bool) -> list[Comparison]:
    wide = 100 if quick else 1000
    with Workers(threads=1) as workers:  # small tensors gain nothing from more
        rows = _path(workers, 3 * rounds)
        curve = _curve(workers, 3 * rounds)
    with Workers() as workers:
        grid = _grid(workers, min(rounds, 5), wide)
        return [*rows, *grid, *_bounded(workers, 10**5 if quick else 10**7), *curve]


def row(
    what: str, against: str, ours: Result, other: Result, goal: Goal | None = None, why: str = ""
) -> Comparison:
    failure = ours.failure or other.failure
    return Comparison(what, against, ours.seconds, other.seconds, "s", goal, failure, why)


def _path(workers: Workers, rounds: int) -> list[Comparison]:
    names = {"ours": "path_ours", "lecture": "path_lecture", "bare": "path_bare"}
    found = interleaved(
        workers, [Contestant(name, f"{_HERE}:{call}") for name, call in names.items()], rounds
    )
    what = "one descent path, 100 steps, recorded"
    why = (
        "Each step also checks what the objective returned and whether it is finite, so that a "
        "path which diverges says where, and keeps point and value."
    )
    return [
        row(what, _LOOP, found["ours"], found["lecture"]),
        row(what, "floor: bare torch loop", found["ours"], found["bare"], Goal("times", 1.1), why),
    ]


def _grid(workers: Workers, rounds: int, wide: int) -> list[Comparison]:
    settings = {"steps": wide, "starts": wide}
    found = interleaved(
        workers,
        [
            Contestant("ours", f"{_HERE}:grid_ours", settings),
            Contestant("formula", f"{_HERE}:grid_formula", settings),
            Contestant("compiled", f"{_HERE}:grid_compiled", settings),
            Contestant("lecture", f"{_HERE}:grid_lecture"),
        ],
        rounds,
    )
    lecture = found["lecture"]
    if lecture.seconds is not None:
        lecture = lecture._replace(seconds=lecture.seconds / _PATHS * wide**2)
    what = f"{wide:,} × {wide:,} grid of steps × starts, 100 iterations"
    why = (
        "A formula by hand needs one cosine and one sine, a fused kernel reads and writes each "
        "number once an iteration; autograd runs some fifteen operations one by one, for any "
        "objective that a reader may write."
    )
    return [
        row(
            what,
            f"{_LOOP}, from {_PATHS * rounds:,} paths",
            found["ours"],
            lecture,
            Goal("faster", 8000),
            "A step of the lecture's loop costs what torch needs to call a dozen operations; a "
            "step of the grid costs a sine and a cosine in float64, on each core. The ratio "
            "grows with the number of cores.",
        ),
        row(
            what,
            "floor: formula by hand, in place",
            found["ours"],
            found["formula"],
            Goal("times", 3),
            why,
        ),
        row(
            what,
            "floor: formula by hand, torch.compile",
            found["ours"],
            found["compiled"],
            Goal("times", 3),
            why,
        ),
    ]


def _bounded(workers: Workers, paths: int) -> list[Comparison]:
    settings = {"steps": paths // 1000, "starts": 1000}
    alone = Contestant("ours", f"{_HERE}:grid_ours", settings, "alone")
    peak = interleaved(workers, [alone], 0)["ours"].peak or None
    what = f"memory of a whole process for {paths * 100:,} path-steps"
    return [Comparison(what, "–", peak, None, "B", Goal("at most", 4 * 2**30))]


def _curve(workers: Workers, rounds: int) -> list[Comparison]:
    names = {"ours": "curve_ours", "list": "curve_list", "bare": "curve_bare"}
    found = interleaved(
        workers, [Contestant(name, f"{_HERE}:{call}") for name, call in names.items()], rounds
    )
    what = "the objective at 2,001 points for a plot"
    floor = "floor: one vectorised call"
    why = (
        "Some 2 µs go to putting the points where the objective's own tensors are, and to looking "
        "whether there is a value for each of them."
    )
    return [
        row(what, "the lecture's list comprehension", found["ours"], found["list"]),
        row(what, floor, found["ours"], found["bare"], Goal("times", 1.1), why),
    ]


# What runs in the workers: each function prepares, and returns what is timed.


def path_ours() -> Callable[[], Any]:
    from lecture_pkg import gradient_descent

    return lambda: gradient_descent(lesson.objective, 0.05, 100, init=-3.5) and None


def path_lecture() -> Callable[[], Any]:
    return lambda: lesson.lecture_loop(lesson.objective, 0.05, 100, -3.5) and None


def path_bare() -> Callable[[], Any]:
    return lambda: lesson.bare_loop(lesson.objective, 0.05, 100, -3.5) is None


def axes(steps: int, starts: int, device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """The grid's step sizes and starts."""
    return (
        torch.linspace(0.01, 0.3, steps, dtype=torch.float64, device=device),
        torch.linspace(-5, 5, starts, dtype=torch.float64, device=device),
    )


def grid_ours(steps: int, starts: int, device: str = "cpu") -> Callable[[], Any]:
    from lecture_pkg import descend_grid

    sizes, begin = axes(steps, starts)
    return lambda: (
        descend_grid(lesson.objective, sizes, begin, 100, keep="final", device=device) and None
    )


def grid_lecture() -> Callable[[], Any]:
    sizes, begin = axes(10, _PATHS // 10)
    pairs = [(step, start) for step in sizes.tolist() for start in begin.tolist()]

    def run() -> None:
        for step, start in pairs:
            lesson.lecture_loop(lesson.objective, step, 100, start)

    return run


def grid_formula(steps: int, starts: int, device: str = "cpu") -> Callable[[], Any]:
    return _in_chunks(
        lambda theta, step: lesson.formula_steps(theta, step, 100), steps, starts, device
    )


def grid_compiled(steps: int, starts: int, device: str = "cpu") -> Callable[[], Any]:
    update = torch.compile(lambda theta, step: theta - step * lesson.slope(theta))

    def walk(theta: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        for _ in range(100):
            theta = update(theta, step)
        return theta

    return _in_chunks(walk, steps, starts, device)


def _in_chunks(
    walk: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], steps: int, starts: int, device: str
) -> Callable[[], Any]:
    """Walk from all starts with all steps, a chunk at a time; ends and values to the CPU."""
    sizes, begin = axes(steps, starts, device)
    paths = torch.cartesian_prod(sizes, begin)
    step, start = paths[:, 0].contiguous(), paths[:, 1].contiguous()
    chunk = _CHUNK * torch.get_num_threads() if device == "cpu" else len(start)

    def run() -> None:
        for low in range(0, len(start), chunk):
            theta = walk(start[low : low + chunk].clone(), step[low : low + chunk])
            lesson.objective(theta).cpu()
            theta.cpu()

    return run


def curve_ours() -> Callable[[], Any]:
    from lecture_pkg.descent.objective import evaluate

    thetas = np.linspace(-5, 5, 2001)
    return lambda: evaluate(lesson.objective, thetas) is None


def curve_list() -> Callable[[], Any]:
    thetas = np.linspace(-5, 5, 2001)
    return lambda: np.array([lesson.objective(torch.tensor(theta)) for theta in thetas]) is None


def curve_bare() -> Callable[[], Any]:
    thetas = np.linspace(-5, 5, 2001)
    return lambda: lesson.objective(torch.from_numpy(thetas)).numpy() is None
