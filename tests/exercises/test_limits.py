"""No answer hangs or floods the kernel: in a copy of the process, and in a thread."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lecture_pkg.exercises import _limits, examine
from lecture_pkg.exercises._limits import MOST_PRINTED, Crash, TimeLimit, limited

COPIES = _limits._can_copy()


@pytest.fixture(params=["copy", "thread"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to run an answer that this machine has."""
    if request.param == "copy" and not COPIES:
        pytest.skip("this system cannot copy a process")
    monkeypatch.setattr(_limits, "_can_copy", lambda: request.param == "copy")
    return str(request.param)


def _endless(*_: Any) -> None:
    while True:
        pass


def _endless_torch(*_: Any) -> None:
    x = torch.tensor(0.0, requires_grad=True)
    while True:
        x.grad = None
        (x * 2).backward()


def _endless_except(*_: Any) -> None:
    while True:
        with contextlib.suppress(Exception):
            len("some work")


enough = threading.Event()


def _endless_bare_except(*_: Any) -> None:
    while not enough.is_set():  # in a thread nothing else ends it
        try:
            while not enough.is_set():
                len("some work")
        except:  # noqa: E722
            pass


def _asleep(*_: Any) -> None:
    time.sleep(30)


def _recursive(*_: Any) -> None:
    _recursive()


def _recursive_with_default(x: float, depth: int = 0) -> float:
    return x + _recursive_with_default(x)


ENDLESS = [_endless, _endless_torch, _endless_except, _endless_bare_except, _asleep]


@pytest.mark.parametrize("answer", ENDLESS)
def test_an_endless_answer_gives_the_kernel_back(way: str, answer: Any) -> None:
    enough.clear()
    begin = time.monotonic()
    try:
        result = examine("derivative", answer, seconds=0.2)
    finally:
        enough.set()
    assert time.monotonic() - begin < 5
    assert (result.status, result.diagnosis) == ("wrong", "too-long")
    assert result.message.startswith("✗ derivative: stopped after 0.2 seconds.\n")


@pytest.mark.parametrize("answer", ENDLESS[:3])
def test_an_endless_answer_ends(way: str, answer: Any) -> None:
    before = set(threading.enumerate())
    with pytest.raises(TimeLimit):
        limited(answer, 0.1)
    assert set(threading.enumerate()) <= before


@pytest.mark.skipif(not COPIES, reason="this system cannot copy a process")
def test_a_loop_in_c_ends_too() -> None:
    result = examine("derivative", lambda x: all(itertools.repeat(True)), seconds=0.2)
    assert result.diagnosis == "too-long" and "still runs" not in result.message


def test_a_loop_in_c_that_no_thread_can_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "_can_copy", lambda: False)
    result = examine("derivative", _asleep, seconds=0.1)
    assert result.diagnosis == "too-long"
    assert result.message.endswith("does not end? It still runs: restart the kernel.")


def test_nothing_is_reported_late(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_limits, "_can_copy", lambda: False)

    def answer() -> int:
        end = time.monotonic() + 0.01
        while time.monotonic() < end:
            pass
        return 1

    for _ in range(120):
        with contextlib.suppress(TimeLimit):
            assert limited(answer, 0.01) == 1
    assert capfd.readouterr() == ("", "")


def test_a_module_is_never_loaded_by_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "_can_copy", lambda: False)  # a copy takes its modules with it
    code = "import time\nend = time.monotonic() + 0.8\nwhile time.monotonic() < end: pass\nX = 1\n"
    (tmp_path / "slow_to_load.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def answer() -> int:
        import slow_to_load

        return int(slow_to_load.X)

    assert limited(answer, 0.4) == 1
    with pytest.raises(TimeLimit):
        limited(lambda: (answer(), _endless()), 0.4)


def test_the_loading_of_modules_takes_no_time(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(6):
        code = f"import time\ntime.sleep(0.2)\nimport part{n + 1}\n" if n < 5 else "X = 1\n"
        (tmp_path / f"part{n}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def answer() -> int:
        import part0

        return len(part0.__name__)

    assert limited(answer, 0.5) == 5


def test_the_time_limit_works_in_another_thread(way: str) -> None:
    found = []
    thread = threading.Thread(
        target=lambda: found.append(examine("derivative", _endless, seconds=0.2))
    )
    thread.start()
    thread.join(20)
    assert found[0].diagnosis == "too-long"


def test_a_flood_of_output_is_cut_and_does_not_reach_the_notebook(
    way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def flood(x: float) -> None:
        while True:
            print("line after line")

    result = examine("derivative", flood, seconds=0.2)
    assert len(result.message) < MOST_PRINTED + 300
    assert result.message.startswith("(your code printed) line after line\n")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("answer", [_recursive, _recursive_with_default])
def test_endless_recursion_is_told(way: str, answer: Any) -> None:
    result = examine("derivative", answer)
    assert result.diagnosis == "recursion", result.message


@pytest.mark.skipif(not COPIES, reason="it ends the kernel")
@pytest.mark.parametrize("end", [lambda: os._exit(3), lambda: os.kill(os.getpid(), 9)])
def test_an_answer_that_ends_python_is_told(end: Callable[[], None]) -> None:
    with pytest.raises(Crash):
        limited(end, 5)
    result = examine("derivative", lambda x: end())
    assert (result.status, result.diagnosis) == ("wrong", "crash")


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_an_answer_can_record_whatever_the_caller_switched_off(way: str, mode: Any) -> None:
    def slope() -> float:
        x = torch.tensor(3.0, requires_grad=True)
        (x * x).backward()
        return x.grad.item()

    with mode():
        assert limited(slope, 5) == 6
        assert not torch.is_grad_enabled()


def _world() -> tuple[Any, ...]:
    return (
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),
        random.getstate(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        sys.stdout,
        sys.gettrace(),
    )


@pytest.mark.parametrize("ends", [True, False])
def test_the_callers_world_is_left_alone(way: str, ends: bool) -> None:
    def answer(x: float) -> float:
        torch.manual_seed(1)
        np.random.seed(1)
        random.seed(1)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        sys.stdout = None  # type: ignore[assignment]
        while not ends:
            pass
        return 3.0

    before = _world()
    examine("derivative", answer, seconds=0.5)
    assert _world() == before
