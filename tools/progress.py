"""Run a long command quietly: one moving line while it works, all that it said if it fails.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from typing import TextIO

_OFTEN, _SELDOM = 0.2, 30.0  # seconds between two looks, and between two plain lines


class StepError(Exception):
    """A command failed; `output` is all that it said."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output


def run(step: str, command: list[str], stream: TextIO | None = None) -> None:
    """Run `command`, and show on `stream` (stderr) which step this is and how long it takes.

    StepError if it cannot be run or ends with another status than 0.
    """
    line = _Line(step, stream or sys.stderr)
    said: list[str] = []
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},  # else it speaks 8 kB at a time
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise StepError(f"{step}: {error}", "") from error
    with process:
        listener = threading.Thread(target=_listen, args=(process.stdout, said), daemon=True)
        listener.start()
        try:
            while listener.is_alive():
                line.show(said[-1] if said else "")
                listener.join(_OFTEN)
            process.wait()
        except BaseException:
            process.terminate()
            line.end("interrupted")
            raise
    if process.returncode != 0:
        line.end("failed")
        raise StepError(
            f"{step}: it ended with status {process.returncode} after {line.clock()}.",
            "".join(said),
        )
    line.end("done")


def _listen(output: TextIO, said: list[str]) -> None:
    for text in output:
        said.append(text)


class _Line:
    """What a person sees of a step: a line that moves, or a plain one now and then."""

    def __init__(self, step: str, stream: TextIO) -> None:
        self._step, self._stream = step, stream
        self._moves = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._started = time.monotonic()
        self._due = _SELDOM
        if not self._moves:
            self._print(f"{step} …")

    def clock(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        return f"{minutes}:{seconds:02}"

    def show(self, latest: str) -> None:
        """The step, its time and, as far as there is room, what the command said last."""
        if self._moves:
            text = f"{self._step} … {self.clock()}  {latest.strip()}"
            text = text[: shutil.get_terminal_size().columns - 1]
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
        elif time.monotonic() - self._started >= self._due:
            self._due += _SELDOM
            self._print(f"  … {self.clock()}  {latest.strip()}")

    def end(self, outcome: str) -> None:
        """Leave one line that stays: the step, how it ended and its time."""
        start = "\r\x1b[K" if self._moves else ""
        self._print(f"{start}{self._step}: {outcome} in {self.clock()}.")

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
