"""`make book` and `make test`, on a copy of the project, against plain `jupyter-book build`."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.alternatives import WORK
from benchmarks.site import CHAPTER, copy_tree, environment, jupyter_book
from benchmarks.table import Comparison, Goal


def compare(rounds: int, quick: bool) -> list[Comparison]:
    copy, plain = copy_tree(WORK / "book"), copy_tree(WORK / "plain")
    whole, forced = [], []
    for _ in range(1 if quick else 2):  # a minute or two each
        shutil.rmtree(copy / "_build", ignore_errors=True)
        whole.append(_seconds(lambda: _make(copy, "book")))
        shutil.rmtree(plain / "_build", ignore_errors=True)
        forced.append(_seconds(lambda: jupyter_book(plain)))
    runs = _run_seconds(copy)
    nothing = [_seconds(lambda: _make(copy, "book")) for _ in range(3)]
    one = []
    for turn in range(1 if quick else 3):
        _change(copy, turn)
        one.append(_seconds(lambda: _make(copy, "book")))
    changed = _run_seconds(copy)[CHAPTER]
    cores = min(os.cpu_count() or 1, 4)
    against = "jupyter-book build, execution forced"
    rows = [
        Comparison(
            "make book, nothing changed",
            against,
            statistics.median(nothing),
            statistics.median(forced),
            goal=Goal("at most", 3),
        ),
        Comparison(
            "make book, one cell changed",
            against,
            statistics.median(one),
            statistics.median(forced),
        ),
        Comparison(
            "make book, one cell changed",
            "floor: that notebook's run",
            statistics.median(one),
            changed,
            goal=Goal("more", 5),
            why="Sphinx makes all pages anew, since one may name what another no longer has.",
        ),
        Comparison(
            "make book, from nothing", against, statistics.median(whole), statistics.median(forced)
        ),
        Comparison(
            "make book, from nothing",
            f"floor: the notebooks' runs over {cores} cores",
            statistics.median(whole),
            sum(runs.values()) / cores,
            goal=Goal("times", 1.3),
            why="Beside the runs stand Sphinx' reading and writing of all pages on one core, and "
            "the end of the last notebook, when a core has nothing left to do.",
        ),
    ]
    return rows if quick else [*rows, _tests()]


def _tests() -> Comparison:
    """`make test` where nothing is built yet."""
    seconds: float | None = None
    with tempfile.TemporaryDirectory() as place:
        copy = copy_tree(Path(place) / "book", history=True)
        try:
            seconds, said = _seconds(lambda: _make(copy, "test")), ""
        except RuntimeError as error:
            print(error, file=sys.stderr)
            said = "failed"
    why = (
        "Each notebook runs twice: for the book, and as on Colab to be compared; 15 small books are "
        "built, most to be refused; every page is opened in a browser four times."
    )
    goal = Goal("at most", 270)
    return Comparison("make test, after installation", "–", seconds, goal=goal, said=said, why=why)


def _seconds(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _make(place: Path, target: str) -> None:
    settings = environment(place)
    settings.pop("MAKEFLAGS", None)  # of the `make bench` around it
    done = subprocess.run(["make", target], cwd=place, env=settings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"make {target} failed: {(done.stdout + done.stderr)[-2000:]}")


def _change(place: Path, turn: int) -> None:
    """Change the first code cell of a chapter."""
    path = place / "book" / f"{CHAPTER}.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["source"] = "".join(cell["source"]) + f"\n# changed {turn}"
    path.write_text(json.dumps(notebook), "utf-8")


def _run_seconds(place: Path) -> dict[str, float]:
    """How long each notebook ran in the last build, by name."""
    files = (place / "_build" / "runs").glob("*.json")
    return {file.stem: json.loads(file.read_text("utf-8"))["seconds"] for file in files}
