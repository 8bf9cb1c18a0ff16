"""Setting up: which PyTorch and why, quiet if all is well, all that pip said if not."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import progress, setup
from tools.notebooks import ROOT

Make = Callable[..., "subprocess.CompletedProcess[str]"]

# pip as the set-up calls it: it says its arguments, and fails if they hold what FAIL names
PIP = """
import os, sys
print("Collecting", *sys.argv[1:])
print("on stderr too", file=sys.stderr)
sys.exit(3 if os.environ["FAIL"] in sys.argv else 0)
"""


@pytest.fixture
def index() -> Iterator[str]:
    """The address of an index that has torch."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/cpu/torch/" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/cpu"
        server.shutdown()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of an index that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/cpu"


@pytest.fixture
def refused() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/cpu"


def test_the_small_one_where_no_gpu_is(index: str, tmp_path: Path) -> None:
    torch = setup.choose_torch("", system="Linux", root=tmp_path, index=index)
    assert torch.options == ["--extra-index-url", index]
    assert torch.sentence == f"PyTorch: without CUDA, from {index} (no NVIDIA device)."


@pytest.mark.parametrize("device", ["dev/nvidia0", "usr/lib/wsl/lib/libcuda.so.1"])
def test_the_one_with_cuda_where_a_gpu_is(index: str, tmp_path: Path, device: str) -> None:
    (tmp_path / device).parent.mkdir(parents=True)
    (tmp_path / device).touch()
    torch = setup.choose_torch("", system="Linux", root=tmp_path, index=index)
    assert torch.options == []
    assert f"(NVIDIA device {tmp_path / device})" in torch.sentence


def test_a_driver_without_a_gpu_is_none(index: str, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()
    assert setup.choose_torch("", system="Linux", root=tmp_path, index=index).options


def test_a_silent_index_is_given_up_after_three_seconds(silent: str, tmp_path: Path) -> None:
    started = time.monotonic()
    torch = setup.choose_torch("", system="Linux", root=tmp_path, index=silent)
    assert 2.9 < time.monotonic() - started < 4
    assert torch.options == []
    assert f"(no NVIDIA device, but {silent} does not answer within 3 seconds)" in torch.sentence


def test_a_name_that_nobody_resolves_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        given_up.wait(20)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    started = time.monotonic()
    assert not setup.answers("http://there.is.none/cpu", 0.2)
    assert time.monotonic() - started < 2
    given_up.set()


def test_an_index_that_refuses_or_lacks_torch_is_given_up_at_once(
    refused: str, index: str, tmp_path: Path
) -> None:
    started = time.monotonic()
    for address in (refused, f"{index}/elsewhere"):
        assert setup.choose_torch("", system="Linux", root=tmp_path, index=address).options == []
    assert time.monotonic() - started < 2


def test_torch_decides(index: str, refused: str, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").touch()
    small = setup.choose_torch("cpu", system="Linux", root=tmp_path, index=index)
    assert (small.options, small.sentence[-12:]) == (["--extra-index-url", index], "(TORCH=cpu).")
    large = setup.choose_torch("cuda", system="Linux", root=tmp_path / "none", index=index)
    assert (large.options, large.sentence[-13:]) == ([], "(TORCH=cuda).")
    with pytest.raises(setup.SetupError, match=f"TORCH is 'cpu', but {refused} does not answer"):
        setup.choose_torch("cpu", system="Linux", root=tmp_path, index=refused)
    with pytest.raises(setup.SetupError, match="TORCH is 'gpu'; it can be cpu or cuda"):
        setup.choose_torch("gpu", system="Linux", root=tmp_path, index=index)


def test_elsewhere_than_on_linux_pypis_is_small(refused: str) -> None:
    assert setup.choose_torch("", system="Darwin", index=refused).options == []
    assert setup.choose_torch("cpu", system="Darwin", index=refused).options == []
    with pytest.raises(setup.SetupError, match="only for Linux"):
        setup.choose_torch("cuda", system="Darwin", index=refused)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Runs `make` in a copy of the project whose Python has a pip that installs nothing."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "pip.py").write_text(PIP)

    def run(*arguments: str, fail: str = "nothing") -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join([str(tmp_path), str(tmp_path / "fake")])
        environment = {**os.environ, "PYTHONPATH": paths, "FAIL": fail, "TORCH": "cuda"}
        environment = {k: v for k, v in environment.items() if not k.startswith("MAKE")}
        command = ["make", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A .venv there whose Python is the one that runs the tests."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return tmp_path / ".venv"


def test_a_set_up_that_works_is_quiet(make: Make, venv: Path) -> None:
    done = make("setup")
    assert (done.returncode, (venv / "ready").exists()) == (0, True)
    first, last = done.stdout.splitlines()
    assert first.startswith("PyTorch: ")
    assert last.startswith("Set up: ")
    assert done.stderr.splitlines() == [
        "Installing what requirements.txt names …",
        "Installing what requirements.txt names: done in 0:00.",
        "Installing lecture_pkg …",
        "Installing lecture_pkg: done in 0:00.",
    ]
    assert make("setup").stdout == "make: Nothing to be done for 'setup'.\n"


@pytest.mark.parametrize("step", ["requirements.txt", "."])
def test_one_that_fails_says_all_that_pip_said(make: Make, venv: Path, step: str) -> None:
    done = make("setup", fail=step)
    assert (done.returncode, (venv / "ready").exists()) == (2, False)
    assert f" {step}\non stderr too\n" in done.stderr
    assert "it ended with status 3 after 0:00. What pip said stands above" in done.stderr
    assert "Traceback" not in done.stderr
    assert make("setup").returncode == 0
    assert (venv / "ready").exists()


def test_torch_can_be_given_to_make(make: Make, venv: Path) -> None:
    done = make("setup", "TORCH=large")
    assert (done.returncode, (venv / "ready").exists()) == (2, False)
    assert "TORCH is 'large'; it can be cpu or cuda, or be left out." in done.stderr


def test_without_pip_it_says_what_to_remove(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORCH", "cuda")
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"has no pip\. Remove that folder and type `make setup`"):
        setup.main()


def test_without_a_python_that_suits_it_says_which_do(make: Make, tmp_path: Path) -> None:
    done = make("setup", "PYTHON=/there/is/none")
    assert done.returncode == 2
    assert "The book needs Python 3.10 to 3.14 with its venv module" in done.stderr
    assert "none of these is: /there/is/none" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_without_ensurepip_it_says_what_to_install(make: Make, tmp_path: Path) -> None:
    """As on Debian without python3-venv: `python -m venv` leaves half a folder and fails."""
    python = tmp_path / "python"
    half = "mkdir -p .venv/bin; touch .venv/bin/python; exit 1"
    python.write_text(f'#!/bin/sh\n[ "$2" = venv ] && {{ {half}; }}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = make("setup", f"PYTHON={python}")
    assert done.returncode == 2
    assert "(on Debian and Ubuntu: apt install python3-venv)" in done.stderr
    assert not (tmp_path / ".venv").exists()


def read_to_the_end(terminal: int) -> Iterator[str]:
    """What a terminal shows; Linux ends it with an error when nobody writes to it any more."""
    with contextlib.suppress(OSError), os.fdopen(terminal, newline="") as shown:
        while character := shown.read(1):
            yield character


def test_in_a_terminal_one_line_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    import pty  # Windows, which collects this file, has none

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    ours, theirs = pty.openpty()
    talk = "import time; print('a long line ' * 9); time.sleep(0.7)"
    with os.fdopen(theirs, "w") as terminal:
        progress.run("Working", [sys.executable, "-c", talk], terminal)
    shown = "".join(read_to_the_end(ours))
    assert shown.count("\n") == 1
    assert shown.endswith("\r\x1b[KWorking: done in 0:00.\r\n")
    frames = shown.split("\r\x1b[K")[1:-1]
    assert len(frames) >= 3
    assert frames[-1] == "Working … 0:00  a long line a long line"
    assert max(map(len, frames)) == 39


def test_elsewhere_a_plain_line_says_now_and_then_that_it_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_SELDOM", 0.3)
    talk = "import time; print('Collecting torch'); time.sleep(0.8)"
    progress.run("Working", [sys.executable, "-c", talk])
    first, *middle, last = capsys.readouterr().err.splitlines()
    assert (first, last) == ("Working …", "Working: done in 0:00.")
    assert set(middle) == {"  … 0:00  Collecting torch"}


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(progress.StepError, match=r"Working: .*No such file.*/there/is/none"):
        progress.run("Working", ["/there/is/none"])
