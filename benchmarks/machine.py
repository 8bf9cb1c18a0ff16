"""What a run was measured on and with, in words that name no machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.alternatives import ROOT


def described(packages: Iterable[str], python: Path | str) -> list[str]:
    """Lines about the machine, the versions and the commit.

    Args:
        packages: Names of packages that took part.
        python: The interpreter that sees them.
    """
    load = os.getloadavg()[0]
    return [
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory()} of memory, "
        f"{platform.system()}; load before the run {load:.1f}.",
        f"Versions: Python {platform.python_version()}, {', '.join(_versions(packages, python))}.",
        f"Commit: {_commit()}.",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _versions(packages: Iterable[str], python: Path | str) -> list[str]:
    program = f"from benchmarks.machine import found; print(found({list(packages)!r}))"
    done = subprocess.run(
        [str(python), "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().split(", ")


def found(packages: Iterable[str]) -> str:
    """The versions of those packages that are installed, with commas between them."""
    versions = []
    for name in packages:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(versions)


def _commit() -> str:
    def git(*command: str) -> str:
        done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "--short=12", "HEAD")
    except OSError:
        commit = ""
    changed = commit and git("status", "--porcelain", "--untracked-files=no")
    return (commit or "unknown") + (", with changes" if changed else "")
