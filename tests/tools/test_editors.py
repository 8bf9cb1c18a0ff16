"""Notebooks as they come from an editor: which metadata stays, and what new cells are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools import notebooks
from tools.notebooks import BookError, canonical, name_cells, read


def cell(source: str, kind: str = "code", **content: Any) -> dict[str, Any]:
    outputs = {"outputs": [], "execution_count": 1} if kind == "code" else {}
    return {"cell_type": kind, "id": "x", "metadata": {}, "source": source, **outputs, **content}


def write(folder: Path, *cells: dict[str, Any], minor: int = 5) -> Path:
    path = folder / "book" / "a.ipynb"
    path.parent.mkdir(exist_ok=True)
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
    path.write_text(json.dumps(notebook), "utf-8")
    return path


@pytest.mark.parametrize(
    "metadata",
    [
        {"tags": ["hide-input"]},
        {"slideshow": {"slide_type": "slide"}},
        {"nbgrader": {"grade": True, "grade_id": "one"}, "deletable": False, "editable": False},
        {"mystnb": {"image": {"alt": "A line"}}, "jupyter": {"source_hidden": True}},
        {"cellView": "form"},
    ],
)
def test_metadata_that_somebody_chose_stays(tmp_path: Path, metadata: dict[str, Any]) -> None:
    written = json.loads(canonical(read(write(tmp_path, cell("1", metadata=metadata)))))
    assert written["cells"][0]["metadata"] == metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {"execution": {"iopub.status.busy": "2030-01-01"}, "scrolled": True, "collapsed": False},
        {"editable": True, "deletable": True, "slideshow": {"slide_type": ""}, "tags": []},
        {"id": "kZVnPqOUAlqb", "outputId": "8a7b", "colab": {"base_uri": "https://x.org"}},
    ],
)
def test_metadata_that_editors_write_unasked_goes(tmp_path: Path, metadata: dict[str, Any]) -> None:
    written = json.loads(canonical(read(write(tmp_path, cell("1", metadata=metadata)))))
    assert written["cells"][0]["metadata"] == {}


def test_metadata_that_nothing_knows_is_refused_by_name(tmp_path: Path) -> None:
    cells = [
        cell("1", metadata={"slidshow": {}}),
        cell("2", id="y", metadata={"rise": 1, "tags": []}),
    ]
    with pytest.raises(BookError) as caught:
        read(write(tmp_path, *cells))
    assert str(caught.value) == (
        "book/a.ipynb, cell x: 'slidshow' is no known metadata; do you mean 'slideshow'?\n"
        "book/a.ipynb, cell y: 'rise' is no known metadata; take it out."
    )


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        (
            "Some words.\n\n## What `backward()` gives back to us",
            "markdown",
            "what-backward-gives-back",
        ),
        ("One sentence. And another one.", "markdown", "one-sentence-and-another"),
        ("import torch\n\ndef slope(x):\n    return x", "code", "slope"),
        (
            "# set up\nfrom a import b\ngrads = torch.autograd.grad(y, x)",
            "code",
            "grads-torch-autograd-grad",
        ),
        ("2 * x", "code", "cell-2-x"),
        ("deadbeef", "code", "cell-deadbeef"),
        ("import torch", "code", "cell"),
        ("θ", "markdown", "cell"),
    ],
)
def test_a_new_cell_is_called_after_what_is_in_it(
    tmp_path: Path, source: str, kind: str, name: str
) -> None:
    notebook = read(write(tmp_path, cell(source, kind, id="3f2a9c1b")))
    assert name_cells(notebook) == [("3f2a9c1b", name)]
    assert notebook.cells[0].id == name
    assert name_cells(notebook) == []


@pytest.mark.parametrize(
    "chance", ["3f2a9c1b", "c0ffee12", "kZVnPqOUAlqb", "a1b2c3d4-0000-4000-8000-000000000000"]
)
def test_names_are_given_once_each_and_chosen_ones_stay(tmp_path: Path, chance: str) -> None:
    cells = [cell("f()", id="f"), cell("f(1)", id=chance), cell("f(1)", id="9" + chance[1:])]
    notebook = read(write(tmp_path, *cells))
    name_cells(notebook)
    assert [each.id for each in notebook.cells] == ["f", "f-1", "f-1-2"]


def test_a_notebook_of_an_older_format_gets_ids(tmp_path: Path) -> None:
    """Colab writes them without."""
    old = cell("def area(r):\n    return r")
    del old["id"]
    notebook = read(write(tmp_path, old, minor=0))
    ((_, name),) = name_cells(notebook)
    assert name == "area"
    nbformat.validate(json.loads(canonical(notebook)))


def run_nothing(paths: list[Path], runs: notebooks.Runs) -> None:
    """In place of executing notebooks: keep the outputs that they have."""
    for path in paths:
        runs.save(path, read(path), 1.0)


def test_make_notebooks_says_which_cell_it_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, cell("print(6 * 7)", id="3f2a9c1b"))
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.setattr(notebooks, "execute", run_nothing)
    notebooks.main([])
    said = capsys.readouterr().out
    assert "book/a.ipynb: the new cell 3f2a9c1b is called print-6-7 from now on.\n" in said
    assert [each.id for each in read(path).cells] == ["print-6-7"]
