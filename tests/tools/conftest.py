"""The small book that tests of the build share; each breaks a copy of its own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from small_book import write_and_build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book that has been built."""
    root = tmp_path_factory.mktemp("book")
    said = write_and_build(root)
    assert "2 of 2 notebooks to execute" in said
    assert re.search(r"^\[2/2\] [ab] … \d+\.\d s, all done$", said, re.MULTILINE)
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(built, tmp_path / "book")
