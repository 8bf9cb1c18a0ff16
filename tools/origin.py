"""Where pages come from, for their foot: what their outputs ran on, and which revision they are."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

from tools.notebooks import BookError, Runs, surroundings

PLACE = "@revision@"  # what stands in the pages until they are published
_ASK = """
import torch
from lecture_pkg import default_device
device = default_device()
cuda = device.type == "cuda"
name = f"the GPU {torch.cuda.get_device_name(device)}" if cuda else "the CPU"
print(f"PyTorch {torch.__version__}", name, sep="|", end="")
"""


def ran_on(root: Path, runs: Runs) -> str:
    """In words: the torch, the Python and the device that notebooks run on here.

    Asked once and kept beside the outputs, for importing torch takes seconds.
    """
    file, key = runs.folder / "ran_on" / "words.json", surroundings(root)
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept["key"] == key:
            return str(kept["words"])
    except (FileNotFoundError, ValueError, KeyError):
        pass
    asked = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True)
    if asked.returncode != 0:
        raise BookError(asked.stderr.strip().splitlines()[-1])
    torch, device = asked.stdout.split("|")
    words = f"{torch} and Python {platform.python_version()} on {device}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"key": key, "words": words}), "utf-8")
    return words


def revision(root: Path, inputs: tuple[str, ...]) -> str:
    """The last commit that changed one of `inputs`, and whether they changed since.

    A commit that touches none of them makes no other book, so it gets no other foot.
    """
    said = _git(root, "log", "-1", "--format=%h", "--abbrev=10", "--", *inputs)
    if not said:
        return "unknown (built outside a git checkout)"
    changed = _git(root, "status", "--porcelain", "--", *inputs)
    return f"{said} with changes not committed" if changed else said


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
