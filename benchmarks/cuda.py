"""The grid of descents on a GPU, against the CPU beside it and against the GPU's memory."""

from __future__ import annotations

import os
from collections.abc import Callable

from benchmarks.descent import STARTS, grid_formula, grid_ours
from benchmarks.measure import Call, medians
from benchmarks.table import Comparison

_NUMBERS = 2**27  # copied to measure the memory: 1 GiB in float64


def compare(rounds: int, quick: bool) -> list[Comparison]:
    if not device():
        return [Comparison("the same grid on CUDA", "–", "no CUDA device")]
    # ten million paths fill a GPU; on a CPU they would take minutes
    widths = (100,) if quick else (1_000, 10_000)
    return [row for steps in widths for row in _grid(rounds, steps)]


def device() -> str:
    """The name of the GPU, "" where there is none."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def _grid(rounds: int, steps: int) -> list[Comparison]:
    calls: dict[str, Call] = {
        "ours": (grid_ours, steps, "cuda"),
        "formula": (grid_formula, steps, "cuda"),
        "memory": (copy,),
    }
    if steps <= 1_000:
        calls["cpu"] = (grid_ours, steps, "cpu")
    found = medians(calls, rounds, threads=os.cpu_count() or 1)
    if not isinstance(copied := found["memory"], str):
        # an iteration reads a point and a step and writes a point; the copy reads and writes
        found["memory"] = copied * 3 * steps * STARTS * 100 / (2 * _NUMBERS)
    against = {
        "cpu": "the CPU",
        "formula": "floor: formula by hand, in place",
        "memory": "floor: memory bandwidth, 24 bytes a step",
    }
    what = f"{steps:,} × {STARTS:,} grid on CUDA, 100 iterations"
    return [
        Comparison(what, said, found["ours"], found[name])
        for name, said in against.items()
        if name in found
    ]


def copy() -> Callable[[], object]:
    """A copy inside the GPU's memory, which tells its bandwidth."""
    import torch

    numbers = torch.zeros(_NUMBERS, dtype=torch.float64, device="cuda")
    target = torch.empty_like(numbers)

    def run() -> None:
        target.copy_(numbers)
        torch.cuda.synchronize()

    return run
