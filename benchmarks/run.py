"""Measure everything, print the table, and write it to benchmarks/results.md: `make bench`.

A few of its rows go to the README as well.

With `--only GROUP` one group alone is measured and printed. On a machine with CUDA, `--only cuda`
also writes benchmarks/results_cuda.json, which later runs elsewhere show in their results.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
import time
from pathlib import Path

from benchmarks import machine
from benchmarks.alternatives import HERE, ROOT, WORK, interpreter
from benchmarks.table import Comparison, markdown, short_form

GROUPS = ("graphs", "descent", "cuda", "startup", "pages", "build")
_TITLE = "# Measured: this project beside what people would use instead\n\n"
_ABOUT = (
    "Written by `make bench`. Medians of repeated runs, all in turn in one run; ratios of these "
    "medians. What cannot be reached has its reason below the table.\n"
)
_PLACE = re.compile(r"(?<=<!-- make bench writes from here -->\n\n).*?(?=\n<!-- to here -->)", re.S)
_PACKAGES = (
    *("torch", "numpy", "graphviz-pure", "torchviz", "torchview", "torchlens", "plotly"),
    *("jupyter-book", "Sphinx", "myst-nb", "playwright"),
)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=GROUPS, help="measure one group")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    chosen = parser.parse_args(arguments)
    if chosen.only != "cuda" and Path(sys.prefix) != WORK / "venv":
        python = interpreter()  # the one that sees the alternatives
        os.execv(python, [str(python), "-m", "benchmarks.run", *arguments])
    header = machine.described(_PACKAGES)
    rows: list[Comparison] = []
    for group in [chosen.only] if chosen.only else GROUPS:
        started = time.monotonic()
        print(f"Measuring {group} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{group}").compare(chosen.rounds, chosen.quick)
        print(f"… {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(*header, "", markdown(rows), sep="\n")
    if chosen.only == "cuda" and not chosen.quick:
        _keep_cuda(header, rows)
    if not (chosen.only or chosen.quick):
        (HERE / "results.md").write_text(results(header, rows, HERE), "utf-8")
        readme = ROOT / "README.md"
        text = readme.read_text("utf-8")
        readme.write_text(_PLACE.sub(lambda _: short_form(rows), text), "utf-8")


def results(header: list[str], rows: list[Comparison], folder: Path) -> str:
    """The text of results.md, with the kept table of a machine with a GPU if there is one."""
    parts = [_TITLE + _ABOUT, _list(header), markdown(rows)]
    kept = folder / "results_cuda.json"
    if kept.exists():
        found = json.loads(kept.read_text("utf-8"))
        parts += ["## On a machine with a GPU\n", _list(found["header"])]
        parts += [markdown([Comparison(**row) for row in found["rows"]])]
    return "\n".join(parts)


def _list(header: list[str]) -> str:
    return "".join(f"- {line}\n" for line in header)


def _keep_cuda(header: list[str], rows: list[Comparison]) -> None:
    from benchmarks.cuda import device

    if name := device():
        kept = {"header": [*header, f"GPU: {name}."], "rows": [row._asdict() for row in rows]}
        text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
        (HERE / "results_cuda.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
