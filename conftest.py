"""What all tests share: those in tests/, the docstrings' examples, and the notebooks' cells."""

from __future__ import annotations

import functools
from pathlib import Path

import nbval.kernel
import pytest
import torch

ROOT = Path(__file__).parent
# folders whose tests need more than the package: the book's files, its tools, its pages
OF_THE_BOOK = {"book", "tools", "browser", "benchmarks"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that `pytest -m "not book"` runs the package's own on any machine.

    And those that open a page, so that `-m "not browser"` runs all others where no browser is.
    """
    for item in items:
        if not OF_THE_BOOK.isdisjoint(item.path.relative_to(ROOT).parts):
            item.add_marker("book")
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(params=["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"])
def device(request: pytest.FixtureRequest) -> str:
    """Each device there is: a test that asks for it runs on the CPU and, with CUDA, on a GPU."""
    return str(request.param)


# nbval runs cells without a history, and without one IPython prints the value of a line that ends
# in ";". Let it run them as Jupyter and the build do, with a history that dies with the kernel:
# several kernels that write to the one in the home directory lock each other out.
nbval.kernel.start_new_kernel = functools.partial(
    nbval.kernel.start_new_kernel, extra_arguments=["--HistoryManager.hist_file=:memory:"]
)
nbval.kernel.RunningKernel.execute_cell_input = lambda self, code, allow_stdin=None: (
    self.kc.execute(code, allow_stdin=allow_stdin, stop_on_error=False)
)
