"""Running somebody's answer so that it can neither hang the kernel nor leave traces in it."""

from __future__ import annotations

import ctypes
import io
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import _bootstrap
from typing import TypeVar

import numpy as np
import torch

T = TypeVar("T")

MOST_PRINTED = 1_000
"""How many characters of what an answer prints are kept."""


class TimeLimit(BaseException):
    """Raised for an answer that has run too long, and in it.

    It is no Exception, so that an `except Exception` in the answer does not keep it alive.
    """


class Printed(io.StringIO):
    """What an answer prints, the first of it: an endless loop must not flood the notebook."""

    def write(self, text: str) -> int:
        """Keep `text` as far as there is room, and say that all of it was written."""
        super().write(text[: max(0, MOST_PRINTED - self.tell())])
        return len(text)


def limited(call: Callable[[], T], seconds: float) -> T:
    """Return `call()`, or stop waiting for it after `seconds`.

    The call runs in a thread of its own, so the caller gets the kernel back whatever the call
    does, in the main thread and in any other. Its thread is then told to raise TimeLimit; that
    ends loops in Python. A thread starts with recording switched on, as an answer expects.

    Args:
        call: What to run, without arguments.
        seconds: How long it may take. Loading modules, such as a part of torch that is used for
            the first time, may take six times as long: one that is interrupted half-way would be
            broken in the whole kernel.

    Returns:
        What the call returns.

    Raises:
        TimeLimit: If the call was still running when the time was up.
        BaseException: What the call raises.

    Example:
        >>> limited(lambda: 1 + 1, seconds=5)
        2
    """
    results: list[T] = []
    errors: list[BaseException] = []
    ended = threading.Event()
    device = torch.get_default_device()

    def work() -> None:
        try:
            if device.type != "cpu":  # the default device belongs to a thread
                torch.set_default_device(device)
            results.append(call())
        except BaseException as error:
            errors.append(error)
        ended.set()
        _send(None)  # one that came too late must not hit the end of the thread

    loading = _loading()
    thread = threading.Thread(target=work, name="an answer being checked", daemon=True)
    thread.start()
    left, to_load = seconds, 6 * seconds
    try:
        while left > 0 and to_load > 0 and not ended.is_set():
            begin = time.monotonic()
            ended.wait(min(left, 0.05))
            if _loading() - loading:
                to_load -= time.monotonic() - begin
            else:
                left -= time.monotonic() - begin
    finally:  # also when the reader interrupts the kernel
        late = not ended.is_set()
        _stop(thread, ended, loading)
    if late:
        raise TimeLimit
    if errors:
        raise errors[0]
    return results[0]


def _stop(thread: threading.Thread, ended: threading.Event, loading: set[str]) -> None:
    """Let a thread raise TimeLimit at its next Python instruction, and wait a moment for its end.

    Several times, because a bare `except:` in a loop swallows one.
    """
    report = sys.unraisablehook
    # one that hits a destructor is swallowed there, and would be reported on stderr
    sys.unraisablehook = lambda info: None if info.exc_type is TimeLimit else report(info)
    try:
        for _ in range(20):
            if ended.is_set():
                thread.join()
                return
            if not _loading() - loading:
                _send(TimeLimit, thread.ident)
            ended.wait(0.02)
    finally:
        sys.unraisablehook = report


def _send(error: type[BaseException] | None, thread: int | None = None) -> None:
    """Let a thread (this one) raise `error`; None takes back one that it has not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread or threading.get_ident()),
        None if error is None else ctypes.py_object(error),
    )


def _loading() -> set[str]:
    """The modules that some thread is importing now: those for which the importer holds a lock.

    (Looking at the thread's frames would tell too, but Python 3.11 can lock up in
    `sys._current_frames` while another thread ends.)
    """
    return set(getattr(_bootstrap, "_module_locks", ()))


@contextmanager
def isolated() -> Iterator[Printed]:
    """Give an answer a fresh, seeded world, and put the caller's back afterwards.

    Kept for the caller: the random numbers of torch, NumPy and `random`, the default dtype, the
    warning filters and the standard output. Yields what is printed meanwhile.
    """
    on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    gpu_states = torch.cuda.get_rng_state_all() if on_gpu else []
    dtype, printed = torch.get_default_dtype(), Printed()
    try:
        torch.default_generator.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        if on_gpu:
            torch.cuda.manual_seed_all(0)
        with warnings.catch_warnings(), redirect_stdout(printed):
            warnings.simplefilter("ignore")
            yield printed
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        if on_gpu:
            torch.cuda.set_rng_state_all(gpu_states)
