"""What `import lecture_pkg` costs beside `import torch`."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.alternatives import ROOT
from benchmarks.table import Comparison, Goal

_PROGRAM = """
import time
begin = time.perf_counter(); import torch
middle = time.perf_counter(); import lecture_pkg
print(middle - begin, time.perf_counter() - middle)
"""


def compare(rounds: int, quick: bool) -> list[Comparison]:
    _once()  # brings the files into memory
    return [_row([_once() for _ in range(rounds)])]


def _once() -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    torch, ours = map(float, done.stdout.split())
    return torch, ours


def _row(times: list[tuple[float, float]]) -> Comparison:
    """From the seconds of importing torch, and of importing lecture_pkg after it."""
    torch, more = (statistics.median(each) for each in zip(*times, strict=True))
    return Comparison(
        "first cell: import lecture_pkg",
        "floor: import torch alone",
        torch + more,
        torch,
        goal=Goal("more", 0.05),
        in_readme=True,
    )
