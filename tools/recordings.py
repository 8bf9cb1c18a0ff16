"""Measure the chapter on GPUs on a real one, for the books that are built where there is none.

Run as a program on a machine with an NVIDIA GPU, it runs the chapter's own code there and writes
what the chapter measured, with the device's name and the day, to book/recordings_gpu.json. The
chapter draws its figures from that file wherever it finds no GPU of its own.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import Any, TypedDict

from tools.notebooks import ROOT, BookError, read

FILE = ROOT / "book" / "recordings_gpu.json"
PARTS = ("stopwatch", "race", "transfer")
_DIGITS = 3  # of a time that another run would give otherwise anyway


class Recording(TypedDict):
    """What the file holds; `seconds` are the chapter's `measured`, part by part."""

    device: str
    torch: str
    day: str
    seconds: dict[str, dict[str, Any]]


def run(chapter: Path) -> dict[str, dict[str, Any]]:
    """Run a notebook's code in this process, and return what it leaves in `measured`.

    Raises BookError where a cell fails, where a part is missing, or where no GPU was measured.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in read(chapter).cells:
        if cell.cell_type != "code" or "remove-cell" in cell.metadata.get("tags", []):
            continue
        try:
            with redirect_stdout(io.StringIO()):
                exec(compile(cell.source, f"{chapter.name}, cell {cell.id}", "exec"), names)
        except Exception as error:
            told = f"{chapter.name}, cell {cell.id}: {type(error).__name__}: {error}"
            raise BookError(told) from error
    measured: dict[str, dict[str, Any]] = names.get("measured", {})
    if missing := [part for part in PARTS if part not in measured]:
        raise BookError(f"{chapter.name} measured nothing under {', '.join(missing)}.")
    if "GPU" not in measured["race"]:
        raise BookError(f"{chapter.name} measured no GPU.")
    return measured


def recording(measured: dict[str, dict[str, Any]], device: str, torch: str, day: date) -> Recording:
    """What the file is to hold of `measured`, each time rounded to three digits."""
    seconds = {part: {name: _rounded(t) for name, t in measured[part].items()} for part in PARTS}
    return {"device": device, "torch": torch, "day": f"{day.day} {day:%B %Y}", "seconds": seconds}


def _rounded(times: Any) -> Any:
    return (
        [_rounded(t) for t in times] if isinstance(times, list) else float(f"{times:.{_DIGITS}g}")
    )


def write(file: Path, new: Recording) -> None:
    """Replace the file by a new recording, in a form whose changes are easy to read."""
    file.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Record the chapter on the GPU that LECTURE_DEVICE names."""
    import matplotlib

    matplotlib.use("agg")
    import torch

    from lecture_pkg import default_device

    if default_device().type != "cuda":
        raise BookError(
            "There is no NVIDIA GPU to record on, so nothing was written. On a machine that has "
            "one, type: LECTURE_DEVICE=cuda make recordings"
        )
    (chapter,) = (ROOT / "book").glob("[0-9][0-9]_gpu.ipynb")
    measured = run(chapter)
    name = torch.cuda.get_device_name(default_device())
    write(FILE, recording(measured, name, torch.__version__, date.today()))
    print(f"{FILE.relative_to(ROOT)} holds the times of {name}.")
    print(f"Now type: make notebooks ONLY={chapter.stem}, and commit both.")


if __name__ == "__main__":
    try:
        main()
    except (BookError, ValueError) as error:
        sys.exit(str(error))
