"""A copy of the book to try things on, and the pages that a chapter is compared with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import lesson
from benchmarks.alternatives import ROOT

CHAPTER = "05_descent"
_SKIPPED = (".git", ".venv", "_build", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info")
_STEPS, _STARTS = np.linspace(0.01, 0.3, 14), np.linspace(-4.5, 4.5, 10)


def copy_tree(place: Path, history: bool = False) -> Path:
    """A copy of the project without anything built, with the same environment."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*_SKIPPED))
    if history:
        shutil.copytree(ROOT / ".git", place / ".git")
    (place / ".venv").symlink_to(ROOT / ".venv")
    return place


def environment(place: Path) -> dict[str, str]:
    """The environment in which a copy is built with its own package, as `make` would build it."""
    return {**os.environ, "PYTHONPATH": str(place), "OMP_NUM_THREADS": "1"}


def jupyter_book(place: Path) -> None:
    """Plain `jupyter-book build`."""
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    done = subprocess.run(
        [*command, "build", "--quiet", "."],
        cwd=place,
        env=environment(place),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"jupyter-book build failed:\n{done.stderr[-2000:]}")


def comparison_pages(place: Path, python: Path) -> Path:
    """A site with the book's pages, an empty page, and the chapter with others' figures in it.

    Args:
        place: Where to make it.
        python: An interpreter that has plotly and bokeh.

    Returns:
        The folder of the pages.
    """
    copy_tree(place)
    shutil.copytree(ROOT / "_build" / "source" / "book", place / "book", dirs_exist_ok=True)
    (place / "book" / "empty.md").write_text("# Empty\n\nNothing is here.\n", "utf-8")
    subprocess.run([str(python), "-m", "benchmarks.site", str(place)], cwd=ROOT, check=True)
    pages = ("empty", "with_plotly", "with_bokeh", "without_figures")
    with (place / "_toc.yml").open("a", encoding="utf-8") as toc:
        toc.write("  - caption: Compared\n    chapters:\n")
        toc.writelines(f"      - file: book/{page}\n" for page in pages)
    settings = place / "_config.yml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("execute_notebooks: force", "execute_notebooks: off"), "utf-8")
    jupyter_book(place)
    return place / "_build" / "html"


def _replace_figures(place: Path) -> None:
    """Write the chapter with each library's figures, or none, in place of its own moving ones."""
    static = place / "book" / "_static"
    for name, library, figure in (
        ("with_plotly", _plotly_library, _plotly_figure),
        ("with_bokeh", _bokeh_library, _bokeh_figure),
        ("without_figures", lambda static: "", lambda: "<p>A figure.</p>"),
    ):
        notebook = json.loads((place / "book" / f"{CHAPTER}.ipynb").read_text("utf-8"))
        loading = library(static)
        for output in _moving_figures(notebook):
            output["data"] = {"text/html": loading + figure(), "text/plain": "figure"}
            loading = ""
        text = re.sub(
            r"^(\s*\")\([\w-]+\)=(\\n)?", r"\1", json.dumps(notebook, indent=1), flags=re.M
        )
        (place / "book" / f"{name}.ipynb").write_text(text, "utf-8")


def _moving_figures(notebook: Any) -> list[Any]:
    """The outputs that hold a figure of the project, apart from questions, which others lack."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    html = ("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    return [
        output
        for output, text in zip(outputs, html, strict=True)
        if "lp-figure" in text and "lp-quiz" not in text
    ]


def _paths() -> tuple[list[str], np.ndarray]:
    """What the chapter's figure holds: 14 steps × 10 starts, and the 101 points of each path."""
    from lecture_pkg import descend_grid

    thetas = descend_grid(lesson.objective, _STEPS, _STARTS, 100, device="cpu").thetas
    names = [f"{step:.2f} from {start:.1f}" for step in _STEPS for start in _STARTS]
    return names, np.clip(thetas, -5, 5).reshape(len(names), -1)


def _value(theta: np.ndarray) -> np.ndarray:
    return theta * np.cos(4 * theta) + 2 * np.abs(theta)


def _plotly_library(static: Path) -> str:
    import plotly.offline

    (static / "plotly.min.js").write_text(plotly.offline.get_plotlyjs(), "utf-8")
    return '<script src="../_static/plotly.min.js"></script>'


def _plotly_figure() -> str:
    import plotly.graph_objects as go

    curve, (names, paths) = np.linspace(-5, 5, 401), _paths()
    figure = go.Figure(
        [go.Scatter(x=curve, y=_value(curve), name="objective")]
        + [
            go.Scatter(x=path, y=_value(path), mode="lines+markers", visible=i == 4, name="path")
            for i, path in enumerate(paths)
        ]
    )
    steps = [
        {
            "label": name,
            "method": "restyle",
            "args": ["visible", [True, *(i == shown for i in range(len(paths)))]],
        }
        for shown, name in enumerate(names)
    ]
    figure.update_layout(sliders=[{"active": 4, "steps": steps}])
    return str(figure.to_html(full_html=False, include_plotlyjs=False))


def _bokeh_library(static: Path) -> str:
    from bokeh.resources import Resources

    tags = ""
    for i, text in enumerate(
        Resources(mode="inline", components=["bokeh", "bokeh-widgets"]).js_raw
    ):
        (static / f"bokeh-{i}.js").write_text(text, "utf-8")
        tags += f'<script src="../_static/bokeh-{i}.js"></script>'
    return tags


def _bokeh_figure() -> str:
    from bokeh.embed import components
    from bokeh.layouts import column
    from bokeh.models import ColumnDataSource, CustomJS, Slider
    from bokeh.plotting import figure

    curve, (_, paths) = np.linspace(-5, 5, 401), _paths()
    plot = figure(width=700, height=350)
    plot.line(curve, _value(curve))
    source = ColumnDataSource({"x": paths[4], "y": _value(paths[4])})
    plot.scatter("x", "y", source=source)
    everything = ColumnDataSource(
        {f"{axis}{i}": of(path) for i, path in enumerate(paths) for axis, of in _AXES.items()}
    )
    slider = Slider(start=0, end=len(paths) - 1, value=4, step=1, title="path")
    code = "const d = all.data, i = this.value; s.data = {x: d['x' + i], y: d['y' + i]};"
    slider.js_on_change("value", CustomJS(args={"s": source, "all": everything}, code=code))
    script, div = components(column(slider, plot))
    return str(script + div)


_AXES = {"x": np.asarray, "y": _value}


if __name__ == "__main__":
    _replace_figures(Path(sys.argv[1]))
