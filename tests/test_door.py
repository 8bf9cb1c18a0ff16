"""The door: all names of the package, and nothing heavy loaded before it is asked for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lecture_pkg

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"matplotlib", "seaborn", "scipy", "pandas", "graphviz", "IPython"}


def loaded_after(program: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after `program`."""
    program += "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def test_the_import_loads_nothing_heavy() -> None:
    loaded = loaded_after("import lecture_pkg")
    assert not loaded & HEAVY and "torch" not in loaded


def test_the_ground_floor_draws_nothing() -> None:
    names = "default_device, gradient_descent, descend_grid, find_minima, record, trace"
    assert not loaded_after(f"from lecture_pkg import {names}, record_backward") & HEAVY


@pytest.mark.parametrize("name", lecture_pkg.__all__)
def test_every_name_opens(name: str) -> None:
    assert getattr(lecture_pkg, name) is not None
    assert name in dir(lecture_pkg)


def test_a_name_that_is_not_there_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="No lecture_pkg attribute gradient"):
        lecture_pkg.gradient  # noqa: B018
    with pytest.raises(ImportError):
        exec("from lecture_pkg import gradient")


def test_the_table_is_sorted_and_names_things_once() -> None:
    assert lecture_pkg.__all__ == sorted(set(lecture_pkg.__all__))


def test_type_checkers_see_what_every_name_is(tmp_path: Path) -> None:
    """From outside the package, with mypy at its strictest: no name is Any, nor what it returns."""
    names = "\n".join(f"reveal_type(lecture_pkg.{name})" for name in lecture_pkg.__all__)
    (tmp_path / "use.py").write_text(f"import lecture_pkg\n{names}\n", "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "use.py"]
    command += ["--cache-dir", str(ROOT / ".mypy_cache"), "--ignore-missing-imports"]
    environment = os.environ | {"MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    revealed = re.findall(r'^use\.py.*Revealed type is "(.+)"$', done.stdout, re.MULTILINE)
    assert len(revealed) == len(lecture_pkg.__all__), done.stdout
    returned = [each.replace("dtype[Any]", "dtype").rpartition(") -> ")[2] for each in revealed]
    assert [each for each in returned if re.search(r"\bAny\b", each)] == []
