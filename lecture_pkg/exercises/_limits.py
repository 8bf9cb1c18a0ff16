"""Running somebody's answer so that it can neither hang the kernel nor leave traces in it."""

from __future__ import annotations

import io
import mmap
import multiprocessing
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, TypeVar

import numpy as np
import torch

T = TypeVar("T")

MOST_PRINTED = 1_000
"""How many bytes of what an answer prints are kept."""

LONGEST_LOADING = 6
"""Loading modules may take this many times as long: a torch used for the first time loads many."""


class TimeLimit(BaseException):
    """Raised for an answer that has run too long; the argument says whether it still runs.

    It is no Exception, so that an `except Exception` in the answer does not keep it alive.
    """


class Crash(Exception):
    """Raised for an answer that ended the Python in which it ran."""


def limited(call: Callable[[], T], seconds: float) -> T:
    """Return `call()`, or end it after `seconds`; the caller's kernel runs on in any case.

    Where the system can copy a running process (Linux, unless torch may have threads on a GPU,
    which do not survive it), the call runs in a copy, which is killed when the time is up. So it
    ends whatever it does, a loop in C included. Elsewhere it runs in a thread that looks at the
    clock on each line of Python. There, what runs in C runs on when nobody waits for it any more.

    Args:
        call: What to run, without arguments. It raises nothing, and returns plain data.
        seconds: How long it may take, not counting the loading of modules.

    Raises:
        TimeLimit: If the call was still running when the time was up.
        Crash: If it ended its process.

    Example:
        >>> limited(lambda: 1 + 1, seconds=5)
        2
    """
    return (_in_a_copy if _can_copy() else _in_a_thread)(call, seconds)


def _can_copy() -> bool:
    return sys.platform == "linux" and not (torch.cuda.is_available() or torch.xpu.is_available())


def _in_a_copy(call: Callable[[], T], seconds: float) -> T:
    context = multiprocessing.get_context("fork")
    inbox, outbox = context.Pipe(duplex=False)
    process = context.Process(target=_work_in_a_copy, args=(call, outbox))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a kernel has threads; they are idle
        process.start()
    outbox.close()
    last = time.monotonic() + LONGEST_LOADING * seconds
    try:
        while inbox.poll(min(seconds, max(0.0, last - time.monotonic()))):
            if results := inbox.recv():  # nothing is a sign of life
                return results[0]  # type: ignore[no-any-return]
        raise TimeLimit(False)
    except EOFError:
        raise Crash from None
    finally:  # also when the reader interrupts the kernel
        process.kill()
        process.join()
        inbox.close()


def _work_in_a_copy(call: Callable[[], Any], outbox: Connection) -> None:
    torch.set_num_threads(1)  # the threads of the original are not in the copy
    sys.addaudithook(lambda event, _: outbox.send([]) if event == "import" else None)
    sys.settrace(lambda *_: None)  # some 3.13 and 3.14 count no calls with defaults otherwise
    with torch.inference_mode(False), torch.enable_grad():
        outbox.send([call()])


def _in_a_thread(call: Callable[[], T], seconds: float) -> T:
    results: list[T] = []
    device = torch.get_default_device()
    end, last = (time.monotonic() + n * seconds for n in (1, LONGEST_LOADING))

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal end
        if (now := time.monotonic()) > end:
            if not _loading(frame):
                raise TimeLimit
            end = min(now + 0.1, last)  # a module that is loaded by half is broken for good
        return watch

    def work() -> None:
        if device.type != "cpu":  # the default device belongs to a thread
            torch.set_default_device(device)
        sys.settrace(watch)
        try:
            results.append(call())
        except TimeLimit:
            pass
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=work, name="an answer being checked", daemon=True)
    thread.start()
    try:
        while thread.is_alive() and time.monotonic() < end + 0.5:
            thread.join(0.05)
    finally:  # also when the reader interrupts the kernel
        end = last = 0.0
    if not results:
        raise TimeLimit(thread.is_alive())
    return results[0]


def _loading(frame: FrameType | None) -> bool:
    """Whether a frame belongs to the loading of a module."""
    while frame and frame.f_globals.get("__name__") != "importlib._bootstrap":
        frame = frame.f_back
    return frame is not None


class Printed(io.TextIOBase):
    """What an answer prints, the first of it: an endless loop must not flood the notebook.

    It is kept in memory that a copy of the process shares.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, MOST_PRINTED)

    def write(self, text: str) -> int:
        """Keep `text` as far as there is room, and say that all of it was written."""
        room = MOST_PRINTED - self._memory.tell()
        self._memory.write(text.encode(errors="replace")[:room])
        return len(text)

    def text(self) -> str:
        """What was printed."""
        return self._memory[:].rstrip(b"\0").decode(errors="ignore")


def seed() -> None:
    """Begin all random numbers at the same place; a copy of a process begins them anew itself."""
    torch.default_generator.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    if _on_gpu():
        torch.cuda.manual_seed_all(0)


def _on_gpu() -> bool:
    return torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]


@contextmanager
def isolated() -> Iterator[Printed]:
    """Put the caller's world back after an answer has run.

    Kept are the random numbers of torch, NumPy and `random`, the default dtype, the warning filters
    and the standard output. Yields what is printed meanwhile.
    """
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    gpu_states = torch.cuda.get_rng_state_all() if _on_gpu() else []
    dtype, printed = torch.get_default_dtype(), Printed()
    try:
        with warnings.catch_warnings(), redirect_stdout(printed):
            warnings.simplefilter("ignore")
            yield printed
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        if gpu_states:
            torch.cuda.set_rng_state_all(gpu_states)
