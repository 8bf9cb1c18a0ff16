"""What is recorded on a GPU: written from what the chapter measured, shown with its device and day.

No GPU is needed: the device `meta` stands for it, and a stopwatch that counts for its times.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import pytest
import torch

from tools import recordings
from tools.notebooks import ROOT, BookError, read, surroundings

DAY = date(2026, 3, 1)
(CHAPTER,) = (ROOT / "book").glob("*_gpu.ipynb")
MEASURING = ("setup", "batch-loop", "wait", "seconds", "stopwatch", "race", "transfer")
FIGURES = ("recording", "stopwatch-picture", "race-picture", "transfer-picture")

CODE = """
measured = {
    "stopwatch": {"CPU, waiting": 0.012345, "GPU, waiting": 1.23456e-4},
    "race": {"CPU": [0.5, 0.25], "GPU": [0.125, 0.0333333]},
    "transfer": {"copy over": 0.001},
}
print("nobody reads this")
"""


def notebook(tmp_path: Path, *code: str) -> Path:
    """A notebook with an installation cell that must not run, and the given cells."""
    install = nbformat.v4.new_code_cell("raise SystemExit", metadata={"tags": ["remove-cell"]})
    cells = [install, *(nbformat.v4.new_code_cell(source) for source in code)]
    path = tmp_path / "01_gpu.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_what_the_chapter_measured_is_written_with_device_and_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = recordings.run(notebook(tmp_path, CODE))
    recordings.write(tmp_path / "r.json", recordings.recording(measured, "Fake 1", "2.13.0", DAY))
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "r.json").read_text("utf-8")) == {
        "device": "Fake 1",
        "torch": "2.13.0",
        "day": "1 March 2026",
        "seconds": {
            "stopwatch": {"CPU, waiting": 0.0123, "GPU, waiting": 0.000123},
            "race": {"CPU": [0.5, 0.25], "GPU": [0.125, 0.0333]},
            "transfer": {"copy over": 0.001},
        },
    }


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (CODE.replace('"GPU": [0.125, 0.0333333]', ""), "measured no GPU"),
        (CODE.replace('"transfer"', '"trip"'), "measured nothing under transfer"),
        ("x = 1", "measured nothing under stopwatch, race, transfer"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, code: str, told: str) -> None:
    with pytest.raises(BookError, match=told):
        recordings.run(notebook(tmp_path, code))


def test_without_an_nvidia_gpu_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LECTURE_DEVICE", "cpu")
    monkeypatch.setattr(recordings, "FILE", tmp_path / "recordings_gpu.json")
    with pytest.raises(BookError, match=r"no NVIDIA GPU .* nothing was written"):
        recordings.main()
    assert list(tmp_path.iterdir()) == []


def test_a_new_recording_makes_the_notebooks_run_again(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    before = surroundings(tmp_path)
    (tmp_path / "book" / "recordings_gpu.json").write_text("{}")
    assert surroundings(tmp_path) != before


def cells(*ids: str) -> Iterator[str]:
    """The chapter's code, cell by cell."""
    by_id = {cell.id: cell.source for cell in read(CHAPTER).cells}
    return (by_id[name] for name in ids)


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Run the chapter's cells in an empty folder, measuring with a stopwatch that counts."""
    matplotlib.use("agg")
    monkeypatch.chdir(tmp_path)

    def run(device: str) -> dict[str, Any]:
        plt.close("all")
        names: dict[str, Any] = {}
        ticks = itertools.count(1)
        for name, source in zip(MEASURING, cells(*MEASURING), strict=True):
            exec(source, names)
            if name == "setup":
                names["device"] = torch.device(device)
            if name == "seconds":
                names["seconds"] = lambda *args, **kwargs: next(ticks) / 1000
        for source in cells(*FIGURES):
            exec(source, names)
        return names

    yield run
    plt.close("all")


def drawn() -> list[tuple[str, set[str]]]:
    """Each figure's title, and what it names: the lines of a plot, the rows of dots."""
    found = []
    for number in plt.get_fignums():
        (ax,) = plt.figure(number).axes
        legend = ax.get_legend()
        texts = legend.get_texts() if legend else ax.get_yticklabels()
        found.append((ax.get_title(), {text.get_text() for text in texts}))
    return found


def test_without_a_recording_the_page_says_so_and_draws_what_was_measured_here(
    chapter: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    chapter("cpu")
    assert capsys.readouterr().out == "Recorded on: no GPU so far\n"
    assert drawn() == [
        ("10 million cosines, measured here, on cpu", {"CPU, not waiting", "CPU, waiting"}),
        ("20 iterations of descent, measured here, on cpu", {"CPU"}),
        (
            "1 million numbers, measured here, on cpu",
            {"one cosine", "the objective", "a copy on the spot"},
        ),
    ]


def test_with_a_recording_the_page_draws_it_and_names_device_and_day(
    chapter: Callable[..., Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    measured = chapter("meta")["measured"]
    written = recordings.recording(measured, "Fake 1", "2.13.0", DAY)
    recordings.write(tmp_path / recordings.FILE.name, written)
    capsys.readouterr()
    chapter("cpu")
    on = "Fake 1, torch 2.13.0, 1 March 2026"
    assert capsys.readouterr().out == f"Recorded on: {on}\n"
    both = {"CPU, not waiting", "CPU, waiting", "GPU, not waiting", "GPU, waiting"}
    here = {"one cosine", "the objective", "a copy on the spot"}
    assert drawn() == [
        (f"10 million cosines, {on}", both),
        (f"20 iterations of descent, {on}", {"CPU", "GPU"}),
        (f"1 million numbers, {on}", here | {"copy over", "copy back"}),
    ]
    line = plt.figure(plt.get_fignums()[1]).axes[0].lines[1]
    assert list(line.get_ydata()) == written["seconds"]["race"]["GPU"]


def test_a_gpu_of_ones_own_is_drawn_before_a_recorded_one(
    chapter: Callable[..., Any], tmp_path: Path
) -> None:
    measured = chapter("meta")["measured"]
    written = recordings.recording(measured, "Fake 1", "2.13.0", DAY)
    recordings.write(tmp_path / recordings.FILE.name, written)
    chapter("meta")
    assert {title.partition(", ")[2] for title, _ in drawn()} == {"measured here, on meta"}


@pytest.mark.skipif(not recordings.FILE.exists(), reason="nothing has been recorded on a GPU yet")
def test_the_committed_recording_is_whole() -> None:
    held = json.loads(recordings.FILE.read_text("utf-8"))
    assert set(held) == {"device", "torch", "day", "seconds"}
    assert set(held["seconds"]) == set(recordings.PARTS)
    race = held["seconds"]["race"]
    assert len(race["CPU"]) == len(race["GPU"]) == 6
    assert all(0 < time < 60 for times in race.values() for time in times)
