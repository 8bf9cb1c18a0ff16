"""The notebooks as they are committed: one form, whole outputs, nothing that chance put there."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from nbval.plugin import IPyNbFile, coalesce_streams

from tools import notebooks
from tools.sources import check_contents

BOOK = notebooks.ROOT / "book"
PATHS = sorted(BOOK.glob("*.ipynb"))
LONGEST_CELL = 15

# What two runs of one notebook need not agree on.
CHANCE = {
    "an address": r"\b0x[0-9a-f]{6,}\b",
    "a uuid": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    "a date": r"\b(?:19|20)\d\d-[01]\d-[0-3]\d\b",
    "a time of day": r"\b[0-2]\d:[0-5]\d:[0-5]\d\b",
    "a duration": r"\b\d+(?:\.\d+)? ?(?:[mµn]s|seconds?|minutes?)\b|\b\d+\.\d+ ?s\b|it/s\b",
    "a warning": r"\w*Warning\b(?=:)",
    "a path of somebody's machine": r"(?:/home|/Users|/root|/tmp|C:\\Users)[/\\]",
}
# a figure's pictures and numbers in base64, its style and script are no text; its other data is
EMBEDDED = re.compile(r"[A-Za-z0-9+/=]{64,}|<(style|script)>.*?</\1>", re.DOTALL)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def cells(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text("utf-8"))["cells"]


def code_of(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def texts(output: dict[str, Any]) -> str:
    """All of an output that is text, without what is embedded in it."""
    data = {kind: part for kind, part in output.get("data", {}).items() if kind != "image/png"}
    parts = [output.get("text", ""), *data.values()]
    joined = ("".join(part) for part in parts if not isinstance(part, dict))
    return EMBEDDED.sub("", "\n".join(joined))


def test_there_are_notebooks() -> None:
    assert len(PATHS) >= 9


def test_table_of_contents_and_files_agree() -> None:
    check_contents(notebooks.ROOT)


def test_committed_in_canonical_form(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == notebooks.canonical(notebooks.read(path)), "type: make notebooks"


def test_begins_with_its_title(cells: list[dict[str, Any]]) -> None:
    cells = [cell for cell in cells if cell["id"] != "colab-badge"]  # a fork's, before the title
    headings = [
        line
        for cell in cells
        if cell["cell_type"] == "markdown"
        for line in re.sub(r"(?ms)^```.*?^```", "", "".join(cell["source"])).splitlines()
        if re.match(r"#+ ", line)
    ]
    levels = [len(heading.split()[0]) for heading in headings]
    assert cells[0]["cell_type"] == "markdown"
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels))


def test_ids_are_unique_and_readable(cells: list[dict[str, Any]]) -> None:
    ids = [cell["id"] for cell in cells]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not notebooks.READABLE_ID.fullmatch(name)] == []


def test_every_cell_was_run_in_order(cells: list[dict[str, Any]]) -> None:
    counts = [cell["execution_count"] for cell in code_of(cells)]
    assert counts == list(range(1, len(counts) + 1))
    assert any(cell["outputs"] for cell in code_of(cells))


def test_code_cells_are_short(cells: list[dict[str, Any]]) -> None:
    assert {
        cell["id"]: len(cell["source"])
        for cell in code_of(cells)
        if len(cell["source"]) > LONGEST_CELL
    } == {}


def test_outputs_hold_nothing_by_chance(cells: list[dict[str, Any]]) -> None:
    found = [
        f"{cell['id']}: {what}: {match[0]}"
        for cell in code_of(cells)
        for output in cell["outputs"]
        for what, pattern in CHANCE.items()
        for match in re.finditer(pattern, texts(output))
        # a page may show a warning on purpose: then its code names it
        if match[0] not in "".join(cell["source"])
    ]
    assert found == []


def test_outputs_hold_no_error_and_no_stderr(cells: list[dict[str, Any]]) -> None:
    faults = [
        cell["id"]
        for cell in code_of(cells)
        for output in cell["outputs"]
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert faults == []


def test_the_pages_show_what_is_committed(request: pytest.FixtureRequest, path: Path) -> None:
    """The outputs of the build's own run, compared as nbval compares those of its run."""
    runs = notebooks.Runs(notebooks.ROOT / "_build" / "runs")
    assert runs.load(path)["key"], "run `make book` first"
    shown = [cell for cell in runs.filled(path).cells if cell.cell_type == "code"]
    file = IPyNbFile.from_parent(request.session, path=path)
    file.setup_sanitize_files()
    for cell, built in zip(file.collect(), shown, strict=True):
        same = cell.compare_outputs(
            coalesce_streams(built.outputs), coalesce_streams(cell.cell.outputs)
        )
        assert same, f"cell {built.id}: " + "\n".join(cell.comparison_traceback)


def test_pictures_have_a_text_alternative(cells: list[dict[str, Any]]) -> None:
    """A plot's stands in the cell's metadata, a drawn figure's in its HTML."""
    for cell in code_of(cells):
        for output in cell["outputs"]:
            data = output.get("data", {})
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            if "image/png" in data and "text/html" not in data:
                assert len(alt) > 10, f"{cell['id']}: metadata mystnb: image: alt"
            for tag in re.findall(r"<img\b[^>]*>", "".join(data.get("text/html", ""))):
                assert re.search(r'\balt="[^"]{10,}', tag), cell["id"]


def test_formulas_of_the_jacobian_chapter_are_checked() -> None:
    """Each displayed formula is followed by code before the next formula."""
    (path,) = BOOK.glob("*_jacobians.ipynb")
    unchecked = ""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        formulas = re.findall(r"\$\$.+?\$\$|```\{math\}", "".join(cell["source"]), re.DOTALL)
        if cell["cell_type"] == "code":
            unchecked = ""
        elif formulas:
            assert not unchecked, f"no code checks the formula in {unchecked}"
            unchecked = cell["id"]
    assert not unchecked, f"no code checks the formula in {unchecked}"
