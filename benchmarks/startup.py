"""What the first cell of a notebook costs beside `import torch`."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.alternatives import ROOT
from benchmarks.table import Comparison, Goal

_FIRST_CELLS = {
    "import lecture_pkg": "import lecture_pkg",
    "the names of chapter 3": "from lecture_pkg import record, show_graph, step_backward",
    "the plots of chapter 5": "from lecture_pkg import gradient_descent, plot_objective",
}
_PROGRAM = """
import time
begin = time.perf_counter(); import torch
middle = time.perf_counter(); {}
print(middle - begin, time.perf_counter() - begin)
"""


def compare(rounds: int, quick: bool) -> list[Comparison]:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in _FIRST_CELLS}
    for turn in range(rounds + 1):
        for name, cell in _FIRST_CELLS.items():
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM.format(cell)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            alone, both = map(float, done.stdout.split())
            if turn:  # the first brings the files into memory
                times[name].append((alone, both))
    return [_row(name, pairs) for name, pairs in times.items()]


def _row(name: str, pairs: list[tuple[float, float]]) -> Comparison:
    alone = statistics.median(pair[0] for pair in pairs)
    more = statistics.median(both - alone for alone, both in pairs)
    return Comparison(
        f"first cell: {name}",
        "floor: import torch alone",
        alone + more,
        alone,
        goal=Goal("more", 0.05) if name == "import lecture_pkg" else None,
    )
