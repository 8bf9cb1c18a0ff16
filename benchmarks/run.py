"""Measure everything, print the table, and write it to benchmarks/results.md: `make bench`.

A few of its rows go to the README as well.

With `--only GROUP` one group alone is measured and printed. On a machine with CUDA, `--only cuda`
also writes benchmarks/results_cuda.json, which later runs elsewhere show in their results.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import time
from pathlib import Path

from benchmarks import machine
from benchmarks.alternatives import HERE, ROOT, interpreter
from benchmarks.table import Comparison, Goal, markdown, short_form

GROUPS = ("graphs", "descent", "cuda", "startup", "pages", "build")
_TITLE = "# Measured: this project beside what people would use instead\n\n"
_ABOUT = (
    "Written by `make bench`. Medians of repeated runs, all in turn in one run; ratios of these "
    "medians. What cannot be reached has its reason below the table.\n"
)
_LECTURE = "the lecture's loop"
_PLOTLY = "the same page with plotly"
_FORWARD = "(with the forward pass, which it needs)"
_SHORT = {
    ("drawing the lecture's graph to SVG", "torchviz + dot"),
    ("tracing a chain of 10,000 operations", f"torchview {_FORWARD}"),
    ("tracing a chain of 1,000,000 operations", "floor: a bare walk"),
    ("recording the backward pass of 100 operations", f"torchlens {_FORWARD}"),
    ("one descent path, 100 steps, recorded", _LECTURE),
    (
        "1,000 × 1,000 grid of steps × starts, 100 iterations",
        f"{_LECTURE}, from 1,000 paths",
    ),
    ("first cell: import lecture_pkg", "floor: import torch alone"),
    ("page 05_descent: bytes, gzip", _PLOTLY),
    ("page 05_descent: ready, slow 4G and 4× CPU", _PLOTLY),
    ("make book, one cell changed", "jupyter-book build, execution forced"),
    ("make book, from nothing", "jupyter-book build, execution forced"),
}
_PLACE = re.compile(r"(?<=<!-- make bench writes from here -->\n\n).*?(?=\n<!-- to here -->)", re.S)
_PACKAGES = (
    *("torch", "numpy", "graphviz-pure", "torchviz", "torchview", "torchlens", "plotly", "bokeh"),
    *("jupyter-book", "Sphinx", "myst-nb", "playwright"),
)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=GROUPS, help="measure one group")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is run")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    chosen = parser.parse_args(arguments)
    python = sys.executable if chosen.only == "cuda" else interpreter()
    header = machine.described(_PACKAGES, python)
    rows: list[Comparison] = []
    for group in [chosen.only] if chosen.only else GROUPS:
        started = time.monotonic()
        print(f"Measuring {group} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{group}").compare(chosen.rounds, chosen.quick)
        print(f"… {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(*header, "", markdown(rows), sep="\n")
    if chosen.only == "cuda" and rows[0].ours is not None and not chosen.quick:
        _keep_cuda(header, rows)
    if not (chosen.only or chosen.quick):
        (HERE / "results.md").write_text(results(header, rows, HERE), "utf-8")
        readme = ROOT / "README.md"
        text = readme.read_text("utf-8")
        readme.write_text(_PLACE.sub(lambda _: short_form(rows, _SHORT), text), "utf-8")


def results(header: list[str], rows: list[Comparison], folder: Path) -> str:
    """The text of results.md, with the kept table of a machine with a GPU if there is one."""
    parts = [_TITLE + _ABOUT, _list(header), markdown(rows)]
    kept = folder / "results_cuda.json"
    if kept.exists():
        found = json.loads(kept.read_text("utf-8"))
        parts += ["## On a machine with a GPU\n", _list(found["header"])]
        parts += [markdown([_restored(row) for row in found["rows"]])]
    return "\n".join(parts)


def _list(header: list[str]) -> str:
    return "".join(f"- {line}\n" for line in header)


def _keep_cuda(header: list[str], rows: list[Comparison]) -> None:
    from benchmarks.cuda import device

    kept = {"header": [*header, f"GPU: {device()}."], "rows": [row._asdict() for row in rows]}
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    (HERE / "results_cuda.json").write_text(text, "utf-8")


def _restored(row: dict[str, object]) -> Comparison:
    found = Comparison(**row)  # type: ignore[arg-type]
    return found._replace(goal=Goal(*found.goal) if found.goal else None)


if __name__ == "__main__":
    main(sys.argv[1:])
