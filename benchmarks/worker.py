"""A process that runs what is measured: it gets requests as lines of JSON, and answers each.

A process for each competitor, since some change torch for good once they have run, some crash, and
some never end.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

_SECONDS = 0.05  # what takes less is repeated until it takes this long


class Prepared:
    """A call that can be timed, and how often to repeat it."""

    def __init__(self, function: str, settings: dict[str, Any]) -> None:
        module, name = function.split(":")
        self._call: Callable[[], Any] = getattr(importlib.import_module(module), name)(**settings)
        self._number = 1

    def run(self) -> dict[str, Any]:
        """Seconds for one call, what the last one returned, and the largest memory so far."""
        started = time.perf_counter()
        for _ in range(self._number):
            value = self._call()
        seconds = (time.perf_counter() - started) / self._number
        self._number = min(10_000, max(1, math.ceil(_SECONDS / seconds)))
        if not isinstance(value, int | float | dict):
            value = None
        return {"seconds": seconds, "value": value, "peak": peak_memory()}


def peak_memory() -> int:
    """The most bytes that this process has held at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not pass for an answer
    prepared: dict[str, Prepared] = {}
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any] = {}
        try:
            if request["do"] == "prepare":
                prepared[request["name"]] = Prepared(request["function"], request["settings"])
            elif request["do"] == "run":
                answer = prepared[request["name"]].run()
            else:
                prepared.clear()
        except Exception as error:
            answer = {"failure": type(error).__name__, "message": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
