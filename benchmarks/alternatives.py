"""What the project is compared with: Python packages in an environment of their own, and `dot`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / "_build" / "bench"


def interpreter() -> Path:
    """The Python of an environment with the alternatives in it; makes it where there is none.

    It also sees what this interpreter sees, so that torch is not installed twice.
    """
    requirements, environment = HERE / "requirements.txt", WORK / "venv"
    python, mark = environment / "bin" / "python", environment / "installed"
    wanted = sys.version + requirements.read_text("utf-8")
    if not (mark.exists() and mark.read_text("utf-8") == wanted):
        shutil.rmtree(environment, ignore_errors=True)
        print("Installing the alternatives into _build/bench/venv …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        own = sysconfig.get_path("purelib", vars={"base": str(environment)})
        mine = sysconfig.get_path("purelib")
        (Path(own) / "book.pth").write_text(f"import site; site.addsitedir({mine!r})\n")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "-r", str(requirements)], check=True)
        mark.write_text(wanted, "utf-8")
    return python


def find_dot() -> str | None:
    """Graphviz's `dot`, which torchviz calls; installs Debian's where that can be done."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if shutil.which("dot") is None and is_root and shutil.which("apt-get"):
        for command in (["update"], ["install", "-y", "--no-install-recommends", "graphviz"]):
            subprocess.run(["apt-get", "-q", *command], check=False, stdout=subprocess.DEVNULL)
    return shutil.which("dot")
