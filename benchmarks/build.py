"""From nothing to a book, in a fresh clone with an environment of its own; then what changes cost.

What is committed is what is measured. The clone lies under _build/bench and is made anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.alternatives import ROOT, WORK
from benchmarks.table import Comparison, Goal, quantity

_CHAPTER = "05_descent"
_UNITS = {"bytes": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
# pip's log names what it downloads, and what it takes from a folder of this machine
_DOWNLOADED = re.compile(r"  Downloading \S+ \(([\d.]+) (\w+)\)$", re.MULTILINE)
_FROM_DISK = re.compile(r" Processing (/\S+\.whl)\b")


def compare(rounds: int, quick: bool) -> list[Comparison]:
    clone, log = WORK / "clone", WORK / "pip.log"
    log.unlink(missing_ok=True)
    shutil.rmtree(clone, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    setup = _make(clone, "setup", PIP_LOG=str(log), PIP_NO_CACHE_DIR="1")
    first = _make(clone, "book")
    rows = _first_build(setup + first, clone / ".venv", log.read_text("utf-8"))
    nothing = [_make(clone, "book") for _ in range(3)]
    one = []
    for turn in range(1 if quick else 3):
        _change(clone / "book" / f"{_CHAPTER}.ipynb", turn)
        one.append(_make(clone, "book"))
    subprocess.run(["git", "-C", clone, "checkout", "--quiet", "."], check=True)
    forced = "not tried" if quick else _jupyter_book(clone)
    shutil.rmtree(clone / "_build")
    tests = "not tried" if quick else _make(clone, "test")
    against = "jupyter-book build, execution forced"
    at_once = Goal("at most", 3)
    return [
        Comparison("make book, nothing changed", against, _median(nothing), forced, goal=at_once),
        Comparison("make book, one cell changed", against, _median(one), forced, in_readme=True),
        Comparison("make book, from nothing", against, first, forced, in_readme=True),
        Comparison(
            "make test, after installation",
            "–",
            tests,
            goal=Goal("at most", 270),
            why="Each notebook runs twice: for the book, and as on Colab to be compared; "
            "small books are built to be refused, and every page is opened in a browser.",
        ),
        *rows,
    ]


def _first_build(seconds: float, environment: Path, log: str) -> list[Comparison]:
    """What a machine that has never seen the book needs, from `pip`'s log and from the disk."""
    what = "from a fresh clone to the book"
    downloaded, from_disk = fetched(log)
    local = f"{quantity(from_disk, 'B')} of it from a folder of this machine" if from_disk else "–"
    installed = sum(path.lstat().st_size for path in environment.rglob("*") if not path.is_dir())
    return [
        Comparison(f"{what}: installing and building", "–", f"{seconds / 60:.1f} minutes"),
        Comparison(f"{what}: packages", "–", downloaded + from_disk, local, "B"),
        Comparison(f"{what}: .venv on the disk", "–", installed, unit="B"),
    ]


def fetched(log: str) -> tuple[float, float]:
    """The bytes that pip downloaded, and those that it took from files, by its log."""
    found = _DOWNLOADED.findall(log)
    downloaded = sum(float(number) * _UNITS[unit] for number, unit in found)
    files = {Path(name) for name in _FROM_DISK.findall(log)}
    return downloaded, sum(file.stat().st_size for file in files if file.is_file())


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds)


def _make(clone: Path, target: str, **settings: str) -> float:
    """The seconds that `make target` takes."""
    # the same Python as here, whatever else there is
    return _run(clone, ["make", target, f"PYTHON={os.path.realpath(sys.executable)}"], settings)


def _jupyter_book(clone: Path) -> float:
    """The seconds that plain `jupyter-book build` takes, with the same package and threads."""
    command = [".venv/bin/jupyter-book", "build", "--all", "--quiet", "."]
    return _run(clone, command, {"OMP_NUM_THREADS": "1"})


def _run(clone: Path, command: list[str], settings: dict[str, str]) -> float:
    ours = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}  # of the `make bench` around it
    outer = {name: value for name, value in os.environ.items() if name not in ours}
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=clone, env=outer | settings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise RuntimeError(f"{' '.join(command)} failed: {said}")
    return time.perf_counter() - started


def _change(path: Path, turn: int) -> None:
    """Change the first code cell of a notebook."""
    notebook = json.loads(path.read_text("utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["source"] = [*cell["source"], f"\n# changed {turn}"]
    path.write_text(json.dumps(notebook), "utf-8")
