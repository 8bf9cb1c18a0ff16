"""The notebooks on Colab, as far as that can be seen from here.

The environment is Colab's in what counts: torch, NumPy, Matplotlib and the like are there, nothing
of the book is. The installation cell of the notebooks is run in it as it stands; git is told to
find the book's address on this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.configure import address
from tools.notebooks import ROOT

NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
# what a fresh Colab has of the things that the book needs, and what runs a notebook there
COLAB_HAS = ["pip", "ipykernel", "torch", "numpy", "matplotlib", "seaborn", "scipy", "graphviz"]
COLAB_HAS += ["setuptools", "pandas"]


def _with_requirements(names: list[str]) -> set[str]:
    """These distributions and all that they need here, extras apart."""
    found: set[str] = set()
    while names:
        name = canonicalize_name(names.pop())
        if name not in found:
            found.add(name)
            needed = map(Requirement, distribution(name).requires or [])
            names += [r.name for r in needed if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


def _borrow(site: Path, name: str) -> None:
    """Put a distribution that is installed here into another site-packages, by links."""
    installed = distribution(name)
    for top in {file.parts[0] for file in installed.files or () if file.parts[0] != ".."}:
        source, target = Path(str(installed.locate_file(top))), site / top
        if top != "__pycache__" and source.exists() and not target.exists():
            target.symlink_to(source)


@pytest.fixture(scope="module")
def colab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that looks like Colab's."""
    folder = tmp_path_factory.mktemp("colab") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in _with_requirements(list(COLAB_HAS)):
        _borrow(site, name)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables that make git find the book's address in a copy of this working tree."""
    copy = tmp_path_factory.mktemp("hosted")
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    here = address((ROOT / "_config.yml").read_text("utf-8"))
    author = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-qb", here.branch], ["add", "-A"], [*author, "commit", "-qm", "t"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return _instead_of(copy.as_uri(), f"https://github.com/{here.repo}")


def _instead_of(local: str, url: str) -> dict[str, str]:
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{local}.insteadOf",
        "GIT_CONFIG_VALUE_0": url,
    }


def _install_cell(path: Path) -> str:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["id"] == "colab-install")


def _run(python: Path, code: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [python, "-c", code], capture_output=True, text=True, env=clean | variables, cwd="/"
    )


def _versions(python: Path) -> dict[str, str]:
    code = (
        "import json; from importlib.metadata import distributions as d;"
        "print(json.dumps({x.metadata['Name']: x.version for x in d()}))"
    )
    versions: dict[str, str] = json.loads(_run(python, code, {}).stdout)
    return versions


@pytest.fixture(scope="module")
def installed(colab: Path, hosted: dict[str, str]) -> Iterator[Path]:
    """Colab's Python after the installation cell; the cell has kept quiet and moved nothing."""
    before = _versions(colab)
    assert "lecture-pkg" not in before
    done = _run(colab, _install_cell(NOTEBOOKS[0]), hosted)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    after = _versions(colab)
    assert set(after) - set(before) == {"lecture-pkg", "torchviz", "graphviz-pure", "lazy-loader"}
    assert {name: after[name] for name in before} == before
    yield colab


def test_all_notebooks_install_in_the_same_way() -> None:
    assert len({_install_cell(path) for path in NOTEBOOKS}) == 1


def test_a_second_run_of_the_cell_does_nothing(installed: Path) -> None:
    # no address and no index would be found: so it must not look for any
    nowhere = _instead_of("file:///nowhere", "https://github.com/") | {"PIP_NO_INDEX": "1"}
    done = _run(installed, _install_cell(NOTEBOOKS[0]), nowhere)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_address_that_is_none_gives_one_clear_line(installed: Path) -> None:
    hide = "import importlib.metadata as m; here = [*m.distributions()]\n"
    hide += "m.distributions = lambda: [d for d in here if d.name != 'lecture-pkg']\n"
    nowhere = _instead_of("file:///nowhere", "https://github.com/")
    done = _run(installed, hide + _install_cell(NOTEBOOKS[0]), nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("Could not install git+https://github.com/")
    assert "is the address right?" in done.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end(
    installed: Path, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "kernels" / "colab" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(installed), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "colab", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, kernel_name="colab", timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()  # raises the first error of a cell
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
