"""Medians of repeated runs, all competitors in turn, each in a process that may fail."""

from __future__ import annotations

import contextlib
import json
import os
import select
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from benchmarks.alternatives import ROOT

LIMIT = 60.0  # seconds after which a single run counts as failed
_BUDGET = 20.0  # seconds after which a competitor is not run again


class Contestant(NamedTuple):
    """Something to be timed.

    Attributes:
        name: What it is called in the result.
        function: "module:function"; the function gets the settings and returns what is timed.
        settings: Its arguments.
        process: Contestants with the same one share a process.
    """

    name: str
    function: str
    settings: dict[str, Any] = {}  # noqa: RUF012  # never changed
    process: str = "book"


class Result(NamedTuple):
    """Seconds for one run, or why there are none; what the run returned; bytes held at most."""

    seconds: float | None
    failure: str = ""
    value: Any = None
    peak: int = 0


class Failed(Exception):
    """A contestant could not be prepared or run; says why in a few words."""


class Workers:
    """The processes, by name; one that hangs or crashes is replaced when it is needed again."""

    def __init__(self, python: Path | str = sys.executable, threads: int | None = None) -> None:
        self._python = str(python)
        count = str(threads or os.cpu_count() or 1)
        self._environment = {**os.environ, "OMP_NUM_THREADS": count}
        self._running: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for process in list(self._running):
            self._end(process)

    def ask(self, process: str, limit: float, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer; Failed after `limit` seconds without one."""
        worker = self._running.get(process) or self._start(process)
        assert worker.stdin and worker.stdout
        with contextlib.suppress(BrokenPipeError):  # it has died; there is no answer then
            worker.stdin.write(json.dumps(request) + "\n")
            worker.stdin.flush()
        ready, _, _ = select.select([worker.stdout], [], [], limit)
        line = worker.stdout.readline() if ready else ""
        if not line:
            self._end(process)
            raise Failed("its process crashed" if ready else f"passes {limit:.0f} s")
        answer: dict[str, Any] = json.loads(line)
        if "failure" in answer:
            raise Failed(answer["failure"])
        return answer

    def release(self) -> None:
        """Let all processes forget what they have prepared."""
        for process in list(self._running):
            # freeing a deep graph that Python has walked through crashes PyTorch 2.13
            with contextlib.suppress(Failed):
                self.ask(process, LIMIT, do="release")

    def _start(self, process: str) -> subprocess.Popen[str]:
        self._running[process] = subprocess.Popen(
            [self._python, "-m", "benchmarks.worker"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._running[process]

    def _end(self, process: str) -> None:
        worker = self._running.pop(process)
        worker.kill()
        worker.communicate()


def interleaved(
    workers: Workers, contestants: Sequence[Contestant], rounds: int
) -> dict[str, Result]:
    """Run all contestants in turn, `rounds` times after a first time to warm up."""
    results: dict[str, Result] = {}
    times: dict[str, list[float]] = {each.name: [] for each in contestants}
    for turn in range(rounds + 1):
        for each in contestants:
            known = results.get(each.name)
            if known and (known.seconds is None or sum(times[each.name]) > _BUDGET):
                continue
            try:
                if turn == 0:
                    request = {"name": each.name, "function": each.function}
                    # twice the time, for what is measured may have to be made first
                    workers.ask(
                        each.process, 2 * LIMIT, do="prepare", settings=each.settings, **request
                    )
                answer = workers.ask(each.process, LIMIT, do="run", name=each.name)
            except Failed as error:
                results[each.name] = Result(None, str(error))
                continue
            # the first run also imports and compiles; it counts only where another takes too long
            if turn == 1 and times[each.name][0] <= _BUDGET:
                times[each.name].clear()
            times[each.name].append(answer["seconds"])
            median = statistics.median(times[each.name])
            results[each.name] = Result(median, "", answer["value"], answer["peak"])
    workers.release()
    return results
