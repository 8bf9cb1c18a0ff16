"""Install into .venv what requirements.txt names, and lecture_pkg itself.

The Python of .venv runs this before anything is in it: standard library only.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import importlib.util
import os
import platform
import sys
import threading
import urllib.request
from pathlib import Path
from typing import NamedTuple

from tools.progress import StepError, run

# PyTorch's own builds without CUDA: on Linux a small part of the gigabytes that PyPI's brings
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE = 3.0  # seconds for that index to answer, if nobody asked for it
_INSISTENCE = 30.0  # seconds, if somebody did
# where Linux shows an NVIDIA GPU that can be used, and where its subsystem on Windows does
_DEVICES = ("dev/nvidia[0-9]*", "usr/lib/wsl/lib/libcuda.so*")


class SetupError(Exception):
    """Something is to be mended first; the message says what, and how."""


class Torch(NamedTuple):
    """Where pip is to look for PyTorch, beside where it looks anyway, and why, in a sentence."""

    options: list[str]
    sentence: str


def choose_torch(
    choice: str,
    *,
    system: str | None = None,
    root: Path = Path("/"),
    index: str = CPU_INDEX,
) -> Torch:
    """Which PyTorch suits this machine: `choice` decides if it is "cpu" or "cuda".

    SetupError for another choice, and for one that cannot be had.
    """
    if choice not in ("", "cpu", "cuda"):
        raise SetupError(f"TORCH is {choice!r}; it can be cpu or cuda, or be left out.")
    if (system or platform.system()) != "Linux":
        if choice == "cuda":
            raise SetupError("TORCH is 'cuda', but only for Linux PyPI has a PyTorch with CUDA.")
        return Torch([], "PyTorch: PyPI's, which has no CUDA on this system.")
    if choice == "cuda":
        return _with_cuda("TORCH=cuda")
    if choice == "cpu":
        if not answers(index, _INSISTENCE):
            raise SetupError(
                f"TORCH is 'cpu', but {index} does not answer; "
                "without TORCH, PyTorch comes from where pip finds it."
            )
        return _without_cuda(index, "TORCH=cpu")
    if device := nvidia_device(root):
        return _with_cuda(f"NVIDIA device {device}")
    if answers(index, PATIENCE):
        return _without_cuda(index, "no NVIDIA device")
    return _with_cuda(
        f"no NVIDIA device, but {index} does not answer within {PATIENCE:.0f} seconds"
    )


def _with_cuda(reason: str) -> Torch:
    place = "from where pip finds it; on PyPI that is the one with CUDA, some 3 GB"
    return Torch([], f"PyTorch: {place} ({reason}).")


def _without_cuda(index: str, reason: str) -> Torch:
    place = f"without CUDA, from {index}"
    return Torch(["--extra-index-url", index], f"PyTorch: {place} ({reason}).")


def nvidia_device(root: Path = Path("/")) -> Path | None:
    """The file that shows an NVIDIA GPU to programs, if there is one."""
    return next((path for pattern in _DEVICES for path in sorted(root.glob(pattern))), None)


def answers(index: str, seconds: float) -> bool:
    """Whether `index` answers for torch within so many seconds, all told.

    In a thread, because a name that nobody resolves takes longer than any timeout of a socket.
    """
    good = threading.Event()

    def ask() -> None:
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            urllib.request.urlopen(f"{index}/torch/", timeout=seconds),
        ):
            good.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return good.is_set()


def install(torch: Torch) -> None:
    """Let pip install everything; StepError, with all that pip said, if it cannot."""
    if importlib.util.find_spec("pip") is None:
        raise SetupError(
            f"{sys.prefix} has no pip. Remove that folder and type `make setup` again: "
            "it makes one that has."
        )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pip += ["--progress-bar", "off"]
    run("Installing what requirements.txt names", [*pip, *torch.options, "-r", "requirements.txt"])
    run("Installing lecture_pkg", [*pip, "--no-deps", "--no-build-isolation", "-e", "."])


def main() -> None:
    """Set up; on failure say what pip said, and what to do."""
    try:
        torch = choose_torch(os.environ.get("TORCH", ""))
        print(torch.sentence, flush=True)
        install(torch)
    except SetupError as error:
        sys.exit(str(error))
    except StepError as error:
        sys.exit(f"{error.output}\n{error} What pip said stands above; nothing is set up.")
    except KeyboardInterrupt:
        sys.exit(130)
    installed = {found.name: found.version for found in importlib.metadata.distributions()}
    print(f"Set up: {len(installed)} packages, among them torch {installed['torch']}.", flush=True)


if __name__ == "__main__":
    main()
