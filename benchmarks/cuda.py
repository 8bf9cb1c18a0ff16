"""The grid of descents on a GPU, against the CPU beside it and against the GPU's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.descent import row
from benchmarks.measure import Contestant, Workers, interleaved
from benchmarks.table import Comparison

_GRID = "benchmarks.descent:grid_"
_NUMBERS = 2**27  # copied to measure the memory: 1 GiB in float64


def compare(rounds: int, quick: bool) -> list[Comparison]:
    import torch

    if not torch.cuda.is_available():
        return [Comparison("the same grid on CUDA", "–", None, said="no CUDA device")]
    with Workers() as workers:
        rows = _grid(workers, min(rounds, 5), 100 if quick else 1000, with_cpu=True)
        return rows if quick else [*rows, *_grid(workers, min(rounds, 5), 10_000, with_cpu=False)]


def _grid(workers: Workers, rounds: int, steps: int, with_cpu: bool) -> list[Comparison]:
    settings = {"steps": steps, "starts": 1000, "device": "cuda"}
    contestants = [
        Contestant("ours", f"{_GRID}ours", settings),
        Contestant("formula", f"{_GRID}formula", settings),
        Contestant("compiled", f"{_GRID}compiled", settings),
        Contestant("copy", "benchmarks.cuda:copy"),
    ]
    if with_cpu:
        contestants.append(Contestant("cpu", f"{_GRID}ours", {**settings, "device": "cpu"}))
    found = interleaved(workers, contestants, rounds)
    memory = found["copy"]
    if memory.seconds is not None:
        # an iteration reads a point and a step and writes a point; the copy reads and writes
        moved = 3 * steps * 1000 * 100 / (2 * _NUMBERS)
        memory = memory._replace(seconds=moved * memory.seconds)
    what = f"{steps:,} × 1,000 grid on CUDA, 100 iterations"
    rows = [row(what, "the CPU", found["ours"], found["cpu"])] if with_cpu else []
    return [
        *rows,
        row(what, "floor: formula by hand, in place", found["ours"], found["formula"]),
        row(what, "floor: formula by hand, torch.compile", found["ours"], found["compiled"]),
        row(what, "floor: memory bandwidth, 24 bytes a step", found["ours"], memory),
    ]


def device() -> str:
    """The name of the GPU, "" where there is none."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def copy() -> Callable[[], Any]:
    """A copy inside the GPU's memory, which tells its bandwidth."""
    import torch

    numbers = torch.zeros(_NUMBERS, dtype=torch.float64, device="cuda")
    target = torch.empty_like(numbers)

    def run() -> None:
        target.copy_(numbers)
        torch.cuda.synchronize()

    return run
