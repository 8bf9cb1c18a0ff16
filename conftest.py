"""What all tests share: those in tests/, the docstrings' examples, and the notebooks' cells."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import nbval.kernel
import pytest
import torch
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.colab import Colab

ROOT = Path(__file__).parent
# folders whose tests need more than the package: the book's files, its tools, its pages
OF_THE_BOOK = {"book", "tools", "browser", "benchmarks"}
# how the names begin of tests that share something slow to make, and so a process
TOGETHER = (
    ("tests/book/test_colab.py", "book/"),
    ("tests/tools/test_build.py", "tests/tools/test_broken_edits.py"),
)
COLAB = pytest.StashKey[Colab]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that `pytest -m "not book"` runs the package's own on any machine.

    And those that open a page, so that `-m "not browser"` runs all others where no browser is.
    The book's come first, since they take longest: no worker should begin one when others end.
    """
    for item in items:
        if not OF_THE_BOOK.isdisjoint(item.path.relative_to(ROOT).parts):
            item.add_marker("book")
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("book") is None)


class Scheduling(LoadScopeScheduling):
    """Gives a worker a module's tests at a time, or those of all modules that share something."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (group[0] for group in TOGETHER if nodeid.startswith(group))
        return next(shared, super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Ours in place of the one for `--dist loadscope`."""
    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval run the notebooks in an environment like Colab's, and as Jupyter does.

    nbval runs cells without a history, and without one IPython prints the value of a line that
    ends in ";". Let it run them as Jupyter and the build do, with a history that dies with the
    kernel: several kernels that write to the one in the home directory lock each other out.
    """
    folder = tempfile.TemporaryDirectory(prefix="colab-")
    config.add_cleanup(folder.cleanup)
    config.stash[COLAB] = Colab(Path(folder.name))
    nbval.kernel.start_new_kernel = functools.partial(
        config.stash[COLAB].start_kernel,
        nbval.kernel.start_new_kernel,
        extra_arguments=["--HistoryManager.hist_file=:memory:"],
    )
    nbval.kernel.RunningKernel.execute_cell_input = lambda self, code, allow_stdin=None: (
        self.kc.execute(code, allow_stdin=allow_stdin, stop_on_error=False)
    )


@pytest.fixture(scope="session")
def colab(pytestconfig: pytest.Config) -> Colab:
    """The environment that looks like Colab's, made when it is first used."""
    return pytestconfig.stash[COLAB]


@pytest.fixture(params=["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"])
def device(request: pytest.FixtureRequest) -> str:
    """Each device there is: a test that asks for it runs on the CPU and, with CUDA, on a GPU."""
    return str(request.param)
