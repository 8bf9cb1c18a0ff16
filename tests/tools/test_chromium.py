"""A browser is found each way there is, also where Playwright runs, or named as missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import chromium
from tools.notebooks import ROOT

STARTS = "#!/bin/sh\necho Chromium 1.0\n"
NO_LIBATOMIC = (
    "#!/bin/sh\n"
    "echo 'node: error while loading shared libraries: libatomic.so.1: cannot open' >&2\n"
    "exit 127\n"
)
INSIDE = """
from playwright.sync_api import sync_playwright
from tools import chromium
with sync_playwright():
    print(chromium.find())
"""


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    return path


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH of a machine without a browser, on which nobody is root.

    Playwright's driver is one there that starts, but knows of no browser.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(program(folder / "node", STARTS)))
    monkeypatch.setattr(chromium, "_PLACES", ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(chromium.platform, "freedesktop_os_release", lambda: {"ID": "debian"})
    return folder


@pytest.fixture
def broken_driver(bin: Path) -> Path:
    """Playwright's driver on a machine that lacks its library."""
    return program(bin / "node", NO_LIBATOMIC)


@pytest.fixture
def playwrights(bin: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the real driver looks for its browser, by its own word."""
    monkeypatch.delenv("PLAYWRIGHT_NODEJS_PATH")
    asked = [sys.executable, "-c", chromium._ASK]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


@pytest.fixture
def debian(bin: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes one root on a machine whose apt-get runs a script for each package; returns its log."""

    def make(**packages: str) -> Path:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        log = bin / "log"
        cases = "".join(f"*' {name}') {script};;\n" for name, script in packages.items())
        content = f'#!/bin/sh\necho "$@" >> {log}\ncase "$*" in update) ;;\n{cases}'
        program(bin / "apt-get", f"{content}*) echo E: no such package; exit 100;; esac\n")
        return log

    return make


def copied(target: Path) -> str:
    """A command for /bin/sh that makes a browser at `target`; PATH has no program to do it."""
    source = program(target.with_suffix(".package"), STARTS)
    return f"/bin/cp {source} {target}"


def test_chromium_names_one(bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bin / "chromium", STARTS)
    mine = program(tmp_path / "mine", STARTS)
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert chromium.find() == str(mine)


@pytest.mark.parametrize(
    ("script", "why"),
    [(None, "No such file"), ("#!/bin/sh\necho no display >&2; exit 3\n", "no display")],
)
def test_chromium_names_none(
    bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, why: str
) -> None:
    program(bin / "chromium", STARTS)
    mine = tmp_path / "mine"
    if script:
        program(mine, script)
    monkeypatch.setenv("CHROMIUM", str(mine))
    with pytest.raises(ValueError, match=f"CHROMIUM names '{mine}', which does not start: .*{why}"):
        chromium.find()


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_on_the_path(bin: Path, name: str) -> None:
    path = program(bin / name, STARTS)
    assert chromium.find() == str(path)


def test_one_that_does_not_start_is_passed_over(bin: Path) -> None:
    """Ubuntu's chromium-browser, where it is no more than a hint to install a snap."""
    program(bin / "chromium-browser", "#!/bin/sh\necho requires the chromium snap >&2; exit 1\n")
    path = program(bin / "google-chrome", STARTS)
    assert chromium.find() == str(path)


@pytest.mark.browser
def test_playwrights(playwrights: Path, tmp_path: Path) -> None:
    assert playwrights.is_relative_to(tmp_path)
    program(playwrights, STARTS)
    assert chromium.find() == str(playwrights)


@pytest.mark.browser
def test_playwrights_while_playwright_runs(playwrights: Path) -> None:
    program(playwrights, STARTS)
    done = subprocess.run([sys.executable, "-c", INSIDE], cwd=ROOT, capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", f"{playwrights}\n")


def test_debians_as_root(bin: Path, debian: Callable[..., Path]) -> None:
    log = debian(chromium=copied(bin / "chromium"))
    assert chromium.find() == str(bin / "chromium")
    assert log.read_text().splitlines() == [
        "update",
        "install --yes --no-install-recommends chromium",
    ]


def test_what_the_driver_needs_as_root(
    bin: Path, broken_driver: Path, debian: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    log = debian(libatomic1=copied(broken_driver))
    program(bin / "chromium", STARTS)
    assert chromium.find() == str(bin / "chromium")
    assert log.read_text().splitlines()[1:] == ["install --yes --no-install-recommends libatomic1"]
    assert "Installing libatomic1: done in 0:00." in capfd.readouterr().err


def test_nothing(bin: Path) -> None:
    with pytest.raises(chromium.MissingBrowser) as raised:
        chromium.find()
    assert str(raised.value) == (
        "No browser: there is no Chromium or Chrome that starts. "
        "To mend it: sudo apt-get install chromium"
    )


@pytest.mark.browser
def test_nothing_while_playwright_runs(playwrights: Path) -> None:
    script = f"import os\nos.geteuid = lambda: 1000\n{INSIDE}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert "MissingBrowser: No browser: there is no Chromium" in done.stderr.splitlines()[-1]


def test_neither_browser_nor_driver(broken_driver: Path) -> None:
    with pytest.raises(chromium.MissingBrowser) as raised:
        chromium.find()
    message = str(raised.value)
    assert "driver does not start (node: error while loading shared libraries: lib" in message
    assert message.endswith("To mend it: sudo apt-get install libatomic1 chromium")
    assert "\n" not in message


def test_elsewhere_it_names_playwrights(bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium.platform, "freedesktop_os_release", lambda: {"ID": "ubuntu"})
    with pytest.raises(chromium.MissingBrowser, match=r"playwright install --with-deps chromium$"):
        chromium.find()


def test_what_apt_says_is_told_if_it_fails(
    bin: Path,
    debian: Callable[..., Path],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    debian()
    monkeypatch.setattr(chromium, "_PLAYWRIGHTS", ("/bin/false",))
    with pytest.raises(chromium.MissingBrowser, match="no Chromium or Chrome that starts"):
        chromium.find()
    assert "E: no such package" in capfd.readouterr().err
