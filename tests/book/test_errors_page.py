"""The page of error messages: each entry is raised for real, explained, cured and linked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "book" / "errors.ipynb"

# what autograd's beginners meet -> the entry that answers it
MESSAGES = {
    "Trying to backward through the graph a second time": "second",
    "grad can be implicitly created only for scalar outputs": "scalar",
    "element 0 of tensors does not require grad and does not have a grad_fn": "no-grad-fn",
    "Mismatch in shape: grad_output[0] has a shape of": "shape-v",
    "appears to not have been used in the graph": "unused",
    "Only Tensors of floating point and complex dtype can require gradients": "integer",
    "a leaf Variable that requires grad is being used in an in-place operation": "leaf-inplace",
    "unsupported operand type(s) for *: 'float' and 'NoneType'": "none-grad",
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed": "nonleaf",
    "has been modified by an inplace operation": "version",
    "Inference tensors cannot be saved for backward": "inference",
    "Can't call numpy() on Tensor that requires grad": "numpy",
    "can't convert cuda:0 device type tensor to numpy": "numpy-cuda",
    "Expected all tensors to be on the same device": "two-devices",
    "mat1 and mat2 must have the same dtype, but got Double and Float": "dtype",
    "a view of a leaf Variable that requires grad": "leaf-view",
    "mat1 and mat2 shapes cannot be multiplied (4x2 and 3x1)": "shapes",
    "expected target dtype to be Long or Byte, but got Float": "targets",
    "can't optimize a non-leaf Tensor": "opt-nonleaf",
    "optimizer got an empty parameter list": "opt-empty",
}
SILENT = ["accumulate", "cut", "broadcast", "nan", "memory", "eval", "softmax"]


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.fixture(scope="module")
def cells() -> dict[str, dict[str, Any]]:
    return {cell["id"]: cell for cell in json.loads(PAGE.read_text("utf-8"))["cells"]}


def _printed(cell: dict[str, Any]) -> str:
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


@pytest.mark.parametrize(("message", "entry"), MESSAGES.items())
def test_a_message_is_raised_and_held_to_its_text(
    cells: dict[str, dict[str, Any]], message: str, entry: str
) -> None:
    cell = cells[f"err-{entry}"]
    assert "expect_error(" in _source(cell)
    assert message in _printed(cell)


@pytest.mark.parametrize("entry", [*MESSAGES.values(), *SILENT])
def test_an_entry_is_explained_cured_and_linked(
    cells: dict[str, dict[str, Any]], entry: str
) -> None:
    loud = f"err-{entry}" in cells
    text = _source(cells[f"{'err' if loud else 'silent'}-{entry}-text"])
    heading, _, explanation = text.partition("\n\n")
    assert heading.startswith("### ")
    assert explanation.count(". ") + explanation.count(".\n") >= 1
    cure = cells.get(f"cure-{entry}") or cells[f"notice-{entry}"]
    assert _printed(cure), "the cure must show what comes out"
    assert ".ipynb)" in _source(cells[f"link-{entry}"])


@pytest.mark.parametrize("entry", SILENT)
def test_a_silent_mistake_says_how_to_notice_it(
    cells: dict[str, dict[str, Any]], entry: str
) -> None:
    around = [_source(cell) for name, cell in cells.items() if name.endswith(f"-{entry}-text")]
    assert any("*Notice it:*" in text for text in around)


def test_no_entry_is_missing_from_the_table(cells: dict[str, dict[str, Any]]) -> None:
    entries = {name[4:] for name in cells if name.startswith("err-") and name[-5:] != "-text"}
    assert entries == set(MESSAGES.values())


def test_the_table_at_the_top_leads_to_every_entry(cells: dict[str, dict[str, Any]]) -> None:
    built = PAGE.parents[1] / "_build" / "html" / "book" / "errors.html"
    page = built.read_text("utf-8")
    _, _, below = page.partition('id="all-of-them"')
    linked = re.findall(
        r'<a class="[^"]*internal" href="#([^"]+)"', below.partition("</section>")[0]
    )
    entries = [name for name in cells if re.fullmatch(r"(err|silent)-.*-text|memory-cuda", name)]
    assert len(set(linked)) == len(linked) == len(entries)
    assert [place for place in linked if f'id="{place}"' not in page] == []
