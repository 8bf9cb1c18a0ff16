"""Medians of repeated runs, all competitors in turn, each in a process of its own.

Some of them change torch for good once they have run, some crash and some never end.
"""

from __future__ import annotations

import contextlib
import gc
import math
import multiprocessing
import os
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.alternatives import ROOT

LIMIT = 60.0  # seconds after which a single run counts as failed
_BUDGET = 20.0  # seconds after which a competitor is not run again
_SECONDS = 0.05  # what takes less is repeated until it takes this long

Prepare = Callable[..., Callable[[], object]]  # what it returns is timed
Call = tuple[Any, ...]  # such a function and its arguments


class Failed(Exception):
    """A competitor could not be prepared or run; says why in a few words."""


class Competitor:
    """A process that makes calls ready and times them; it is ended with the `with` block."""

    def __init__(self, threads: int) -> None:
        self._pipe, other = multiprocessing.Pipe()
        # no child of multiprocessing: torchlens refuses to work in one
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.measure", str(other.fileno())],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            pass_fds=[other.fileno()],
            stdout=subprocess.DEVNULL,  # a library's own messages are not the benchmark's
            stderr=subprocess.DEVNULL,
        )
        other.close()

    def __enter__(self) -> Competitor:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._pipe.close()

    def seconds(self, call: Call, limit: float = LIMIT) -> float:
        """How long one call takes; Failed after `limit` seconds without an answer."""
        try:
            self._pipe.send(call)
            if not self._pipe.poll(limit):
                raise Failed(f"passes {limit:.0f} s")
            answer: float | str = self._pipe.recv()
        except (EOFError, OSError):
            raise Failed("its process crashed") from None
        if isinstance(answer, str):
            raise Failed(answer)
        return answer


def medians(calls: Mapping[str, Call], rounds: int, threads: int = 1) -> dict[str, float | str]:
    """Seconds of each call, or why there are none: all in turn, `rounds` times after a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    failures: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        competitors = {name: stack.enter_context(Competitor(threads)) for name in calls}
        for turn in range(rounds + 1):
            for name, call in calls.items():
                if name in failures or sum(times[name]) > _BUDGET:
                    continue
                if turn == 1:  # the first run also imports; it counts only where one must do
                    times[name].clear()
                try:
                    times[name].append(competitors[name].seconds(call))
                except Failed as failure:
                    failures[name] = str(failure)
    return {name: failures.get(name) or statistics.median(times[name]) for name in calls}


def largest(prepare: Prepare, sizes: Sequence[int], limit: float) -> tuple[int | str, str]:
    """The last of growing sizes that takes at most `limit` seconds, and why none after it does."""
    reached: int | str = "none"
    with Competitor(threads=1) as competitor:
        for size in sizes:
            try:
                if competitor.seconds((prepare, size)) > limit:
                    return reached, f"passes {limit:.0f} s"
            except Failed as failure:
                return reached, str(failure)
            reached = size
    return reached, "nothing larger was tried"


def _serve(pipe: Connection) -> None:
    """Answer each call with its seconds, or the name of its error."""
    timers: dict[Call, timeit.Timer] = {}
    numbers: dict[Call, int] = {}
    with contextlib.suppress(EOFError):
        while True:
            call: Call = pipe.recv()
            try:
                if call not in timers:
                    prepare, *arguments = call
                    # collected as in real use, which timeit would switch off
                    timers[call] = timeit.Timer(prepare(*arguments), setup=gc.enable)
                number = numbers.get(call, 1)
                seconds = timers[call].timeit(number) / number
                numbers[call] = min(10_000, max(1, math.ceil(_SECONDS / seconds)))
                pipe.send(seconds)
            except Exception as error:
                pipe.send(type(error).__name__)


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
