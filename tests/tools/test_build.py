"""The build itself, on a small book in an empty folder, called as the Makefile calls it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from small_book import assert_refused, build, page, write_notebook

from tools import notebooks
from tools.whole import check_pages, missing


def test_pages_show_outputs_and_formulas(built: Path) -> None:
    assert "six is 6" in page(built, "a")
    assert "<math><msup><mi>x</mi><mn>2</mn></msup></math>" in page(built, "a")
    assert ">42\n" in page(built, "b")
    assert "url=book/index.html" in (built / "_build" / "html" / "index.html").read_text()


def test_pages_ask_nothing_of_other_sites(built: Path) -> None:
    loads = r'<(?:script|img|iframe)\b[^>]*\bsrc="(?:https?:)?//|<link\b[^>]*\bhref="(?:https?:)?//'
    for path in (built / "_build" / "html").rglob("*.html"):
        assert re.findall(loads, path.read_text("utf-8")) == [], path.name


def test_unchanged_book_is_left_alone(root: Path) -> None:
    status, said = build(root)
    assert status == 0
    assert "Nothing has changed" in said
    assert "execute" not in said


def test_changed_cell_executes_its_notebook(root: Path) -> None:
    write_notebook(root / "book" / "b.ipynb", "# B", "7 * 7")
    status, said = build(root)
    assert status == 0, said
    assert "1 of 2 notebooks to execute" in said
    assert "] b … " in said
    assert ">49\n" in page(root, "b")
    assert "six is 6" in page(root, "a")


def test_changed_text_executes_nothing(root: Path) -> None:
    old = root / "_build" / "pages" / "_images" / "old.png"
    old.parent.mkdir(exist_ok=True)
    old.write_bytes(b"")
    write_notebook(root / "book" / "a.ipynb", "# Another A", "print('six is', 2 * 3)")
    status, said = build(root)
    assert status == 0, said
    assert "0 of 2 notebooks to execute" in said
    assert "six is 6" in page(root, "a")
    for name in ("a", "b", "index"):  # each page links the others by their titles
        assert "Another A" in page(root, name)
    assert not list((root / "_build" / "html").rglob(old.name))


def test_changed_package_executes_all(root: Path) -> None:
    (root / "lecture_pkg" / "module.py").write_text("VALUE = 2\n")
    status, said = build(root)
    assert status == 0, said
    assert "2 of 2 notebooks to execute" in said


def test_failing_cell_and_printed_warning(root: Path) -> None:
    write_notebook(root / "book" / "a.ipynb", "# A", "import warnings\nwarnings.warn('old')")
    write_notebook(root / "book" / "b.ipynb", "# B", "print('before')\n1 / 0")
    assert_refused(
        root,
        *("book/a.ipynb, cell code: it printed a warning", "UserWarning: old"),
        *("book/b.ipynb, cell code: ZeroDivisionError: division by zero", "1 / 0"),
    )


def test_dying_kernel(root: Path) -> None:
    write_notebook(root / "book" / "b.ipynb", "# B", "import os\nos._exit(1)")
    assert_refused(root, "book/b.ipynb, cell code: the Python process died")


def test_what_sphinx_and_mathml_refuse_is_refused_again_and_again(root: Path) -> None:
    text = "# B\n\nSee [](c.ipynb).\n\n$$\\foo$$"
    write_notebook(root / "book" / "b.ipynb", text, "7 * 6")
    faults = (
        "book/b.ipynb, cell title, line 3: WARNING: 'myst' cross-reference target not found",
        "book/b.ipynb, cell title, line 5: WARNING: in the formula \\foo",
    )
    assert_refused(root, *faults)
    assert_refused(root, *faults)


def test_reference_to_what_another_page_no_longer_has(root: Path) -> None:
    write_notebook(root / "book" / "a.ipynb", "# A\n\n(here)=\n## Here", "1")
    write_notebook(root / "book" / "b.ipynb", "# B\n\nSee [](#here).", "2")
    assert build(root)[0] == 0
    write_notebook(root / "book" / "a.ipynb", "# A\n\n## Here", "1")
    assert_refused(root, "book/b.ipynb, cell title, line 3: WARNING:")


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def test_canonical_form_drops_what_chance_put_there() -> None:
    cell = nbformat.v4.new_code_cell("1\n2", id="one", execution_count=17)
    cell.metadata = nbformat.from_dict(
        {"tags": ["hide-input"], "execution": {"iopub.status.busy": "2030-01-01"}, "scrolled": True}
    )
    result = {"output_type": "execute_result", "execution_count": 17, "metadata": {}, "data": {}}
    cell.outputs = [nbformat.from_dict(o) for o in (stream("a\n"), stream("b\n"), result)]
    untouched = nbformat.v4.new_code_cell("3", id="two")
    notebook = nbformat.v4.new_notebook(
        cells=[cell, untouched], metadata={"language_info": {"name": "python", "version": "3.99"}}
    )
    text = notebooks.canonical(notebook)
    written = json.loads(text)
    first, second = written["cells"]
    assert written["metadata"] == notebooks.METADATA
    assert first["metadata"] == {"tags": ["hide-input"]}
    assert first["execution_count"] == first["outputs"][1]["execution_count"] == 1
    assert first["outputs"][0]["text"] == ["a\n", "b\n"]
    assert second["execution_count"] is None
    assert cell.execution_count == 17
    assert text.endswith("}\n")
    assert notebooks.canonical(nbformat.reads(text, as_version=4)) == text


def test_measured_times_stay_while_nothing_changes(tmp_path: Path) -> None:
    measured = nbformat.v4.new_code_cell("clock()", id="times")
    measured.metadata = nbformat.from_dict({"tags": [notebooks.MEASURED]})
    plain = nbformat.v4.new_code_cell("print(1)", id="plain")
    notebook = nbformat.v4.new_notebook(cells=[measured, plain])
    runs = notebooks.Runs(tmp_path / "runs", tmp_path)
    path = tmp_path / "a.ipynb"

    def run(number: int) -> list[str]:
        for cell in notebook.cells:
            cell.outputs = [nbformat.from_dict(stream(str(number)))]
        runs.save(path, notebook, 1.0)
        return [outputs[0]["text"] for outputs in runs.load(path)["outputs"]]

    assert run(1) == ["1", "1"]
    assert run(2) == ["1", "2"]
    plain.source = "print(2)"
    assert run(3) == ["3", "3"]


def test_plots_are_kept_in_few_colours(tmp_path: Path) -> None:
    from PIL import Image

    large = io.BytesIO()
    Image.effect_mandelbrot((300, 200), (-2, -1, 1, 1), 90).convert("RGBA").save(large, "PNG")
    encoded = base64.b64encode(large.getvalue()).decode()
    cell = nbformat.v4.new_code_cell("plot()", id="plot")
    cell.outputs = [nbformat.v4.new_output("display_data", {"image/png": encoded})]
    runs = notebooks.Runs(tmp_path / "runs", tmp_path)
    runs.save(tmp_path / "a.ipynb", nbformat.v4.new_notebook(cells=[cell]), 1.0)
    ((output,),) = runs.load(tmp_path / "a.ipynb")["outputs"]
    small = Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
    assert (small.mode, small.size) == ("P", (300, 200))
    assert len(output["data"]["image/png"]) < len(encoded)


def test_foot_says_what_it_ran_on_and_which_revision(built: Path) -> None:
    # the wheel's metadata may leave out what it was built for: 2.13.0, not 2.13.0+cu130
    pytorch = re.escape(torch.__version__)
    ran_on = rf"come from PyTorch {pytorch} and Python {platform.python_version()} on the (CPU|GPU)"
    assert re.search(ran_on, page(built, "a"))
    assert "come from PyTorch" not in page(built, "index")
    assert "Revision: unknown (built outside a git checkout)." in page(built, "index")


def test_commit_changes_the_foot_alone(root: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    (root / ".gitignore").write_text("_build\n")
    git("add", "-A")
    git("commit", "-q", "-m", "all")
    status, said = build(root)
    assert status == 0, said
    assert "Only the revision has changed" in said
    assert re.search(r"Revision: [0-9a-f]{10}\.", page(root, "a"))
    (root / "NOTES.md").write_text("not part of the book")
    git("add", "-A")
    git("commit", "-q", "-m", "notes")
    assert "Nothing has changed" in build(root)[1]


def test_what_a_page_lacks_is_found(built: Path, tmp_path: Path) -> None:
    runs = notebooks.Runs(built / "_build" / "runs", built)
    notebook, html = runs.filled(built / "book" / "a.ipynb"), page(built, "a")
    lacking = tmp_path / "a.html"
    for lost, what in (
        ("six is 6", [("code", "output")]),
        ("print", [("code", "code")]),
        ("<h1>", [("title", "or a later cell's heading")]),
        ("nothing of it", []),
    ):
        lacking.write_text(html.replace(lost, ""), "utf-8")
        assert list(missing(notebook, lacking)) == what
    lacking.unlink()
    with pytest.raises(notebooks.BookError, match=r"no page a\.html"):
        check_pages(tmp_path, [built / "book" / "a.ipynb"], runs)


def test_lost_pictures_are_found(tmp_path: Path) -> None:
    png = "iVBORw0KGgo="
    outputs = [
        nbformat.v4.new_output("display_data", {"image/png": png, "text/plain": "<Figure>"}),
        nbformat.v4.new_output("display_data", {"text/html": "<figure>moving</figure>"}),
    ]
    cell = nbformat.v4.new_code_cell("show()", id="picture", outputs=outputs)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    name = hashlib.sha256(base64.b64decode(png)).hexdigest() + ".png"
    lost = ("picture", "output")
    place = tmp_path / "book" / "a.html"
    (tmp_path / "_images").mkdir()
    place.parent.mkdir()
    place.write_text(f"show() <img src='../_images/{name}'> <figure>moving</figure>")
    assert list(missing(notebook, place)) == [lost]
    (tmp_path / "_images" / name).write_bytes(b"")
    assert list(missing(notebook, place)) == []
    place.write_text("show()")
    assert list(missing(notebook, place)) == [lost, lost]
