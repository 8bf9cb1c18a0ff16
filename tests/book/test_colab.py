"""The notebooks' installation cell on Colab, as far as that can be seen from here.

That the notebooks run there, and compute what is committed, is seen by nbval: see tests/colab.py.
"""

from __future__ import annotations

from ast import literal_eval
from pathlib import Path

import pytest
from nbval.kernel import RunningKernel

from tests.colab import NOTEBOOKS, Colab, install_cell, instead_of
from tools.notebooks import ROOT


def test_all_notebooks_install_in_the_same_way() -> None:
    assert len({install_cell(path) for path in NOTEBOOKS}) == 1


def test_the_cell_keeps_quiet_and_moves_nothing(colab: Colab) -> None:
    before, done, after = colab.installation
    assert "lecture-pkg" not in before
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set(after) - set(before) == {"lecture-pkg", "torchviz", "graphviz-pure", "lazy-loader"}
    assert {name: after[name] for name in before} == before


def test_a_second_run_of_the_cell_does_nothing(colab: Colab) -> None:
    assert colab.installation
    # no address and no index would be found: so it must not look for any
    nowhere = instead_of("file:///nowhere", "https://github.com/") | {"PIP_NO_INDEX": "1"}
    done = colab.run(install_cell(NOTEBOOKS[0]), nowhere)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_address_that_is_none_gives_one_clear_line(colab: Colab) -> None:
    assert colab.installation
    hide = "import importlib.metadata as m; here = [*m.distributions()]\n"
    hide += "m.distributions = lambda: [d for d in here if d.name != 'lecture-pkg']\n"
    nowhere = instead_of("file:///nowhere", "https://github.com/")
    done = colab.run(hide + install_cell(NOTEBOOKS[0]), nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("Could not install git+https://github.com/")
    assert "is the address right?" in done.stdout


def test_nbval_runs_the_notebooks_there(colab: Colab, pytestconfig: pytest.Config) -> None:
    kernel = RunningKernel(pytestconfig.option.nbval_kernel_name, cwd=str(ROOT / "book"))
    places = {"python": "sys.prefix", "package": "lecture_pkg.__file__", "folder": "os.getcwd()"}
    code = "import os, sys, lecture_pkg"
    reply = kernel.kc.execute(code, user_expressions=places, reply=True, timeout=60)
    kernel.stop()
    shown = reply["content"]["user_expressions"]
    place = {name: Path(literal_eval(shown[name]["data"]["text/plain"])) for name in places}
    assert place["python"] == colab.python.parent.parent
    assert place["package"].is_relative_to(place["python"])
    assert not place["folder"].is_relative_to(ROOT)
