"""What a release holds: one version number everywhere, and all of the package in its wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tools.notebooks import ROOT


def found(pattern: str, name: str) -> str:
    match = re.search(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert match, f"{name} has no {pattern}"
    return match[1]


def test_one_version() -> None:
    version = found(r'^version = "(.+)"$', "pyproject.toml")
    assert found(r"^version: (\S+)$", "CITATION.cff") == version
    assert found(r"^## (\d\S*)", "CHANGELOG.md") == version


def test_requirements_are_pinned_exactly() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line.split("#")[0].split(";")[0].strip() for line in lines]
    assert [line for line in wanted if line and not re.fullmatch(r"[\w-]+==[\w.]+", line)] == []


def test_package_leaves_torch_and_numpy_as_they_are() -> None:
    """Every bound is a lower one, low enough for a torch of two years ago."""
    listed = found(r"(?s)^dependencies = \[(.*?)\]", "pyproject.toml")
    bounds = re.findall(r'"([\w-]+)([^"]*)"', listed)
    assert dict(bounds)["torch"] == ">=2.4"
    assert [bound for _, bound in bounds if not re.fullmatch(r"(>=[\d.]+)?", bound)] == []


def test_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    source = ROOT / "lecture_pkg"
    shutil.copytree(
        source, tmp_path / "lecture_pkg", ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("lecture_pkg/")}
    files = {path for path in (tmp_path / "lecture_pkg").rglob("*") if path.is_file()}
    assert held == {path.relative_to(tmp_path).as_posix() for path in files}
