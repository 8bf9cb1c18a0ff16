"""An environment that looks like Colab's, in which nbval runs the notebooks and compares them.

It is Colab's in what counts: torch, NumPy, Matplotlib and the like are there, nothing of the book
is. The installation cell of the notebooks is run in it as it stands; git is told to find the book's
address on this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.configure import address
from tools.notebooks import ROOT

NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
KERNEL = "colab"  # what pyproject.toml tells nbval
# what a fresh Colab has of the things that the book needs, and what runs a notebook there
COLAB_HAS = ["pip", "ipykernel", "torch", "numpy", "matplotlib", "seaborn", "scipy", "graphviz"]
COLAB_HAS += ["setuptools", "pandas"]


class Installation(NamedTuple):
    """What the installation cell did: the distributions before and after it, and what it said."""

    before: dict[str, str]
    done: subprocess.CompletedProcess[str]
    after: dict[str, str]


class Colab:
    """The environment, made under `folder` when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def python(self) -> Path:
        """Its Python, and beside it what a fresh Colab has."""
        venv = self._folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        (site,) = venv.glob("lib/python*/site-packages")
        for name in _with_requirements(list(COLAB_HAS)):
            _borrow(site, name)
        return venv / "bin" / "python"

    @cached_property
    def installation(self) -> Installation:
        before = self._versions()
        done = self.run(install_cell(NOTEBOOKS[0]), self._hosted())
        return Installation(before, done, self._versions())

    def run(self, code: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-c", code],
            capture_output=True,
            text=True,
            env=_clean() | variables,
            cwd="/",
        )

    def start_kernel(self, start: Callable[..., Any], **options: Any) -> Any:
        """Let nbval's `start` start a kernel here, for a notebook that stands in no book."""
        done = self.installation.done
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        spec = self._folder / "jupyter" / "kernels" / KERNEL / "kernel.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        argv = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": KERNEL, "language": "python"}))
        options |= {"env": _clean(), "cwd": tempfile.mkdtemp(dir=self._folder)}
        with options["stderr"], pytest.MonkeyPatch.context() as patch:  # nbval leaves it open
            patch.setenv("JUPYTER_PATH", str(self._folder / "jupyter"))
            return start(**options)

    def _versions(self) -> dict[str, str]:
        code = (
            "import json; from importlib.metadata import distributions as d;"
            "print(json.dumps({x.metadata['Name']: x.version for x in d()}))"
        )
        versions: dict[str, str] = json.loads(self.run(code, {}).stdout)
        return versions

    def _hosted(self) -> dict[str, str]:
        """Variables that make git find the book's address in a copy of this working tree."""
        copy = self._folder / "hosted"
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
        commit = [*author, "commit", "-qm", "t"]
        for command in (["init", "-qb", here.branch], ["add", "-A"], commit):
            subprocess.run(["git", *command], cwd=copy, check=True)
        return instead_of(copy.as_uri(), f"https://github.com/{here.repo}")


def instead_of(local: str, url: str) -> dict[str, str]:
    """Variables that make git take `local` for addresses that begin with `url`."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{local}.insteadOf",
        "GIT_CONFIG_VALUE_0": url,
    }


def install_cell(path: Path) -> str:
    """The code of a notebook's installation cell."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["id"] == "colab-install")


def _clean() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


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
