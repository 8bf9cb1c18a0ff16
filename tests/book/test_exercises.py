"""The exercises in the notebooks: each whole, each with its check, none ahead of its chapter."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from nbclient import NotebookClient

from lecture_pkg.exercises import EXERCISES

ROOT = Path(__file__).parents[2]
# chapter -> its notebook, in the book's order
CHAPTERS = {
    page.partition("_")[2]: ROOT / "book" / f"{page}.ipynb"
    for page in re.findall(r"file: book/(\d\d_\w+)", (ROOT / "_toc.yml").read_text("utf-8"))
}
ORDER = list(CHAPTERS)

# What a chapter teaches that an earlier one may at most have shown as a taste of what is to come.
CONCEPTS = {
    concept: chapter
    for chapter, concepts in {
        "computation_graphs": "requires_grad requires_grad_ grad_fn next_functions is_leaf",
        "backward": "backward grad retain_grad retain_graph",
        "switching_off": "no_grad inference_mode detach",
        "accumulation": "zero_ split",
        "descent": "create_graph",
        "nn_and_optim": "nn optim parameters zero_grad step",
        "jacobians": "eye jacobian",
        "gpu": "cuda to cpu",
    }.items()
    for concept in concepts.split()
}


class Cells(NamedTuple):
    """The four cells of one exercise."""

    statement: str
    start: str
    check: dict[str, Any]
    solution: dict[str, Any]


def _cells(chapter: str) -> list[dict[str, Any]]:
    return json.loads(CHAPTERS[chapter].read_text("utf-8"))["cells"]


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _printed(cell: dict[str, Any]) -> str:
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def _names(chapter: str) -> list[str]:
    """The exercises of a notebook, in their order."""
    ids = [cell["id"] for cell in _cells(chapter)]
    return [i[3:-6].replace("-", "_") for i in ids if re.fullmatch(r"ex-.*-check", i)]


def _exercise(name: str) -> Cells:
    by_id = {cell["id"]: cell for cell in _cells(EXERCISES[name].chapter)}
    head = "ex-" + name.replace("_", "-")
    return Cells(
        _source(by_id[head]),
        _source(by_id[f"{head}-start"]),
        by_id[f"{head}-check"],
        by_id[f"{head}-solution"],
    )


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_three_to_five_exercises_before_its_summary(chapter: str) -> None:
    names = _names(chapter)
    assert 3 <= len(names) <= 5
    assert names == [task.name for task in EXERCISES.values() if task.chapter == chapter]
    ids = [cell["id"] for cell in _cells(chapter)]
    parts = ("", "-start", "-check", "-solution")
    section = [f"ex-{name.replace('_', '-')}{part}" for name in names for part in parts]
    begin = ids.index("exercises")
    assert ids[begin:] == ["exercises", "exercises-setup", *section, "remember", "next"]
    assert [i for i in ids if i.startswith("ex-")] == section, "a cell of an exercise elsewhere"


def test_every_check_belongs_to_an_exercise() -> None:
    assert sorted(name for chapter in CHAPTERS for name in _names(chapter)) == sorted(EXERCISES)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_statement_is_that_of_the_check(name: str) -> None:
    first = " ".join(EXERCISES[name].statement.split("\n\n")[0].split())
    statement = " ".join(_exercise(name).statement.split())
    assert first.rstrip(".") in statement
    assert re.match(r"### \S", statement)


@pytest.mark.parametrize("name", EXERCISES)
def test_unfilled_it_is_not_attempted_and_the_solution_is_right(name: str) -> None:
    cells = _exercise(name)
    assert "..." in cells.start or "raise NotImplementedError" in cells.start
    assert re.fullmatch(rf"check\.{name}\(\w+\)", _source(cells.check))
    assert _printed(cells.check) == f"{name}: not attempted yet.\n"
    assert _source(cells.solution).count(f"check.{name}(") == 1
    assert _printed(cells.solution) == f"✓ {name}: right.\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_folded_everywhere(name: str) -> None:
    solution = _exercise(name).solution
    assert solution["metadata"] == {
        "tags": ["hide-cell"],  # on the page
        "jupyter": {"source_hidden": True},  # in JupyterLab
        "cellView": "form",  # in Colab, with the title below
        "mystnb": {
            "code_prompt_show": "Show the solution",
            "code_prompt_hide": "Hide the solution",
        },
    }
    assert _source(solution).startswith("# @title Solution\n")


def _used(code: str) -> set[str]:
    """Attributes, keyword arguments and imported names in a piece of code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found.update(part for alias in node.names for part in alias.name.split("."))
    return found


def _lesson(chapter: str) -> set[str]:
    """What the code cells of a chapter use, its exercises left out."""
    code = [
        _source(cell)
        for cell in _cells(chapter)
        if cell["cell_type"] == "code" and not cell["id"].startswith("ex")
    ]
    return set().union(*map(_used, code))


@pytest.fixture(scope="module")
def first_seen() -> dict[str, str]:
    """Name -> the chapter whose cells or text have it first, or the chapter that teaches it."""
    seen: dict[str, str] = {}
    for chapter in CHAPTERS:
        text = " ".join(_source(c) for c in _cells(chapter) if c["cell_type"] == "markdown")
        for name in _lesson(chapter) | set(re.findall(r"\w+", text)):
            seen.setdefault(name, chapter)
    return {**seen, **CONCEPTS}


@pytest.mark.parametrize(("name", "chapter"), CONCEPTS.items())
def test_the_table_of_concepts_is_true(name: str, chapter: int) -> None:
    assert name in _lesson(chapter)


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_uses_nothing_that_comes_later(name: str, first_seen: dict[str, str]) -> None:
    cells, so_far = _exercise(name), ORDER[: ORDER.index(EXERCISES[name].chapter) + 1]
    code = [cells.start, _source(cells.check), _source(cells.solution)]
    code += re.findall(r"(?s)```python\n(.*?)```", cells.statement)
    used = set().union(*map(_used, code))
    used |= set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", cells.statement))))
    used -= {parameter for line in code for parameter in _own(line)}
    assert {n: first_seen[n] for n in used if first_seen.get(n, so_far[0]) not in so_far} == {}


def _own(code: str) -> set[str]:
    """Names that a piece of code gives itself: functions, their parameters, variables."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef):
            names |= {node.name, *(argument.arg for argument in node.args.args)}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_a_later_concept_would_be_found() -> None:
    used = _used("import torch.nn\nx.backward(retain_graph=True)\nfrom torch import optim")
    assert {"nn", "backward", "retain_graph", "optim"} <= used


# The typical mistakes, each made in a notebook as a reader makes it: code -> what it must print.
MISTAKES = {
    "gradient twice as large, no zeroing": (
        "def f(f, x):\n    f(x).backward()\n    return x.grad.clone()\ncheck.fresh_gradient(f)",
        "what x.grad held before is in there as well",
    ),
    "forgotten factor": (
        "check.derivative(lambda x: math.sin(x**2) + x * math.cos(x**2))",
        "the inner derivative of x² is missing: the factor 2x",
    ),
    "transposed Jacobian": (
        "check.jacobian(lambda f, x: torch.autograd.functional.jacobian(f, x).T)",
        "this is the transpose of what is wanted",
    ),
    "v of the input's shape": (
        "def f(f, x):\n    x = x.clone().requires_grad_()\n    f(x).backward(torch.ones_like(x))\n"
        "    return x.grad\ncheck.jacobian(f)",
        "the v of backward(v) has the shape of the output, not of the input",
    ),
    "an update through .data": (
        "def f(parameters, lr):\n    for p in parameters:\n        if p.grad is not None:\n"
        "            p.data -= lr * p.grad\n            p.grad = None\ncheck.sgd_step(f)",
        "written through .data",
    ),
    "a graph cut by .data": (
        "check.squared_error(lambda X, y, theta: ((y - X @ theta.data) ** 2).mean())",
        "no graph leads from it to theta",
    ),
    "detached graph": (
        "check.column_loss(lambda p, t: ((p.detach().squeeze(1) - t) ** 2).mean())",
        "no graph leads back to the prediction",
    ),
    "update recorded in the graph": (
        "def f(objective, step_size, max_iter, init):\n"
        "    theta, path = torch.tensor(init, requires_grad=True), [init]\n"
        "    for _ in range(max_iter):\n        objective(theta).backward()\n"
        "        theta = theta - step_size * theta.grad\n        path.append(theta.item())\n"
        "    return path\ncheck.descend(f)",
        "the update was recorded",
    ),
    "sign": (
        "check.curve_slopes(lambda f, x: -torch.autograd.functional.jacobian(f, x).diag())",
        "the sign is the opposite",
    ),
    "float32 noise": (
        "check.slope(lambda f, x: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5)",
        "float32 keeps 7 digits",
    ),
    "zeroed after backward and before step": (
        "def f(model, loss_fn, optimizer, x, y, rounds):\n    losses = []\n"
        "    for _ in range(rounds):\n        loss = loss_fn(model(x), y)\n"
        "        loss.backward()\n        optimizer.zero_grad()\n        optimizer.step()\n"
        "        losses.append(loss.item())\n    return losses\ncheck.train(f)",
        "the gradients are zeroed between backward() and step()",
    ),
    "mutation of the input": (
        "def f(table):\n    t = torch.from_numpy(table)\n    t -= t.mean(0)\n"
        "    return (t / t.std(0, correction=0)).numpy()\ncheck.standardise(f)",
        "your function changes its input",
    ),
    "an exception": ("check.derivative(lambda x: 1 / 0)", "ZeroDivisionError"),
    "an endless loop": (
        "import lecture_pkg.exercises._exercise as limits\nlimits.examine.__defaults__ = (0.3,)\n"
        "def f(x):\n    while True:\n        pass\ncheck.derivative(f)",
        "stopped after 0.3 seconds",
    ),
}


@pytest.fixture(scope="module")
def executed() -> list[dict[str, Any]]:
    """A notebook with all the mistakes, run in a kernel, and a last cell that must still run."""
    code = ["import math\nimport torch\nfrom lecture_pkg import check"]
    code += [code for code, _ in MISTAKES.values()]
    code += ["print('the kernel is alive')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in code])
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(ROOT)}},
        extra_arguments=["--HistoryManager.hist_file=:memory:"],
    ).execute()
    return notebook.cells


@pytest.mark.parametrize(("number", "name"), list(enumerate(MISTAKES, start=1)))
def test_a_typical_mistake_is_told_in_a_notebook(
    executed: list[dict[str, Any]], number: int, name: str
) -> None:
    (output,) = executed[number]["outputs"]
    assert output["name"] == "stdout"
    assert " ".join(output["text"].split()).startswith("✗ ")
    assert MISTAKES[name][1] in " ".join(output["text"].split())


def test_the_kernel_survives_all_mistakes(executed: list[dict[str, Any]]) -> None:
    assert executed[-1]["outputs"][0]["text"] == "the kernel is alive\n"
