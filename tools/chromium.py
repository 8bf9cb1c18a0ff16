"""Find a Chromium for the tests in a browser and for the PDF; install one where there is none.

Run as a program it prints the path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
_HELP = (
    "No Chromium was found, and none could be installed. Install Chromium or Chrome, or set "
    "CHROMIUM to the path of one, or run: python -m playwright install --with-deps chromium"
)

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


def find() -> str:
    """The path of a Chromium; installs Debian's, else Playwright's, if there is none.

    Raises RuntimeError that says what to do where neither can be done.
    """
    for look in (_on_this_machine, _playwrights, _from_debian, _from_playwright):
        if path := look():
            return path
    raise RuntimeError(_HELP)


def _on_this_machine() -> str | None:
    if chosen := os.environ.get("CHROMIUM"):
        if not Path(chosen).is_file():
            raise RuntimeError(f"CHROMIUM names {chosen!r}, but there is no such file.")
        return chosen
    found = (shutil.which(name) for name in _NAMES)
    return next(filter(None, [*found, *filter(os.path.isfile, _PLACES)]), None)


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def _from_debian() -> str | None:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (is_root and shutil.which("apt-get")):
        return None
    _try("apt-get", "update", "-q")
    _try("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium")
    return shutil.which("chromium")


def _from_playwright() -> str | None:
    _try(sys.executable, "-m", "playwright", "install", "chromium")
    return _playwrights()


def _try(*command: str) -> None:
    print("No Chromium found; trying:", *command, file=sys.stderr, flush=True)
    subprocess.run(command, check=False, stdout=sys.stderr)


if __name__ == "__main__":
    try:
        print(find())
    except RuntimeError as error:
        sys.exit(str(error))
