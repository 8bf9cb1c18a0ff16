"""What a run was measured on and with, in words that name no machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.alternatives import ROOT


def described(packages: Iterable[str]) -> list[str]:
    """Lines about the machine, the versions of those packages that are installed, the commit."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = filter(None, map(_version, packages))
    return [
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, "
        f"{platform.system()}; load before the run {os.getloadavg()[0]:.1f}.",
        f"Versions: Python {platform.python_version()}, {', '.join(versions)}.",
        f"Commit: {_commit()}.",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


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
