"""Find a Chromium, and see that Playwright can drive it; install what is missing where we may.

Run as a program it prints the path.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys

from tools.progress import StepError, run

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_PLAYWRIGHTS = (sys.executable, "-m", "playwright", "install", "--with-deps", "chromium")
# Where Playwright keeps its browser: asked in a process of its own, because one that already runs
# Playwright cannot start it again
_ASK = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""

# No GPU, no sandbox (containers have none), and nothing that asks the network of its own accord.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class MissingBrowser(RuntimeError):
    """There is no browser that can be driven; the message says in one line what mends it."""


def find() -> str:
    """The path of a Chromium that starts, and that Playwright's driver can start.

    As root, what is missing is installed: with apt-get, else as Playwright has it. Raises
    MissingBrowser where that cannot be done, and ValueError if CHROMIUM names no browser.
    """
    path, fault = _look()
    if _may_install() and (fault or not path):
        _install_debians(["libatomic1"] * bool(fault) + ["chromium"] * (not path))
        path, fault = _look()
        if not path and not fault:
            _install_playwrights()
            path = _playwrights()
    if fault or not path:
        raise MissingBrowser(_missing(path, fault))
    return path


def _look() -> tuple[str | None, str | None]:
    """A browser that starts, if there is one, and why Playwright's driver does not, if so."""
    fault = _fault(sys.executable, "-m", "playwright", "--version")
    path = _chosen() or _on_this_machine() or (None if fault else _playwrights())
    return path, fault


def _chosen() -> str | None:
    chosen = os.environ.get("CHROMIUM")
    if chosen and (fault := _fault(chosen, "--version")):
        raise ValueError(f"CHROMIUM names {chosen!r}, which does not start: {fault}")
    return chosen or None


def _on_this_machine() -> str | None:
    found = (shutil.which(name) for name in (*_NAMES, *_PLACES))
    return next((path for path in found if path and not _fault(path, "--version")), None)


def _playwrights() -> str | None:
    asked = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True)
    path = asked.stdout.strip()
    return path if path and not _fault(path, "--version") else None


def _fault(*command: str) -> str | None:
    """Why a program does not start, in its own last words; None if it does."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    said = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()
    return said[-1]


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install_debians(packages: list[str]) -> None:
    _try("Asking Debian for its packages", "apt-get", "update")
    for package in packages:
        options = ("--yes", "--no-install-recommends")
        _try(f"Installing {package}", "apt-get", "install", *options, package)


def _install_playwrights() -> None:
    _try("Installing Playwright's Chromium", *_PLAYWRIGHTS)


def _try(step: str, *command: str) -> None:
    """Run it; what it said if it fails is for whoever wants to know why."""
    try:
        run(step, list(command))
    except StepError as error:
        print(f"{error.output}{error}", file=sys.stderr, flush=True)


def _missing(path: str | None, fault: str | None) -> str:
    """What is missing and what to type, in one line."""
    what, packages, commands = [], [], []
    if fault:
        what.append(f"Playwright's driver does not start ({fault})")
        if "libatomic" in fault:
            packages.append("libatomic1")
    if not path:
        what.append("there is no Chromium or Chrome that starts")
        if _has_debians_chromium():
            packages.append("chromium")
        else:
            commands.append(shlex.join(_PLAYWRIGHTS))
    if packages:
        commands.insert(0, f"sudo apt-get install {' '.join(packages)}")
    return f"No browser: {', and '.join(what)}. To mend it: {' && '.join(commands)}"


def _has_debians_chromium() -> bool:
    """Whether this is a Debian; Ubuntu's package of that name needs more than apt."""
    try:
        return platform.freedesktop_os_release()["ID"] in ("debian", "raspbian")
    except OSError:
        return False


if __name__ == "__main__":
    try:
        print(find())
    except (MissingBrowser, ValueError) as error:
        sys.exit(str(error))
