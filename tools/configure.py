"""Give a copy of the book its address: `make configure REPO=owner/name [BRANCH=main]`.

The address stands in _config.yml. What must repeat it is written from there: the launch buttons'
switch, each notebook's Colab badge, the cell that installs lecture-pkg on Colab, and the branch
that the workflows look at.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.notebooks import ROOT, BookError, canonical, read

# what ships: a place that nobody has, so that no button leads to somebody else's book
PLACEHOLDER = "your-account/your-book"
# as GitHub names accounts and repositories; ".git" ends an address, and no name
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]+")
# as git does, but only of letters, digits and . _ / -, which need no quoting anywhere
_BRANCH = re.compile(
    r"(?!-)(?!.*(\.\.|\.lock(/|$)|\.$))(?!\.)[A-Za-z0-9._-]+(/(?!\.)[A-Za-z0-9._-]+)*"
)
_TAG = re.compile(r"v\d+(\.\d+)+")  # a release: installed from, but nobody pushes to it
_COLAB = "https://colab.research.google.com"
_LINES = {
    "url": re.compile(r"^(  url: https://github\.com/)(\S+)$", re.MULTILINE),
    "branch": re.compile(r"^(  branch: )(\S+)$", re.MULTILINE),
    "launch": re.compile(r"^(launch_buttons: )(.*)$", re.MULTILINE),
}
_PUSHED = re.compile(r"^( +branches: \[)[^\]]*(?=\]$)", re.MULTILINE)

INSTALL = """\
# Installs the book's package where it is missing, as on Colab; elsewhere it does nothing.
import importlib.metadata
import subprocess
import sys

wanted = {{name: name for name in ("torchviz", "graphviz-pure", "lazy-loader")}}
wanted["lecture-pkg"] = "git+https://github.com/{repo}@{branch}"
present = {{str(each.name).replace("_", "-") for each in importlib.metadata.distributions()}}
missing = [wanted[name] for name in wanted if name not in present]
if missing:  # --no-deps: what is here already, torch above all, stays as it is
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *missing]
    if subprocess.run(pip, capture_output=True).returncode:
        print("Could not install", *missing, "- are you online, and is the address right?")
    importlib.invalidate_caches()
"""


@dataclass(frozen=True)
class Address:
    """Where a copy of the book lives on GitHub."""

    repo: str
    branch: str

    @property
    def is_set(self) -> bool:
        return self.repo != PLACEHOLDER


def address(config: str) -> Address:
    """The address that the text of a _config.yml gives."""
    found = {name: pattern.search(config) for name, pattern in _LINES.items()}
    for name, match in found.items():
        if match is None:
            raise BookError(f"_config.yml has no line for the repository's {name}.")
    url, branch = found["url"], found["branch"]
    assert url and branch
    return Address(url[2], branch[2])


def configured(config: str, to: Address) -> str:
    """The text of _config.yml with another address; everything else in it stays."""
    launch = f"{{colab_url: {_COLAB}}}" if to.is_set else "{}"
    for name, value in (("url", to.repo), ("branch", to.branch), ("launch", launch)):
        config = _LINES[name].sub(rf"\g<1>{value}", config)
    return config


def with_colab_cells(notebook: Any, path: str, to: Address) -> Any:
    """The notebook whose first cells are the badge (if there is an address) and the installation.

    Both are left out of the page: it has a launch button, and shows what the code prints.
    """
    import nbformat

    cells = [cell for cell in notebook.cells if cell.id not in ("colab-badge", "colab-install")]
    code = INSTALL.format(repo=to.repo, branch=to.branch).rstrip("\n")
    install = nbformat.v4.new_code_cell(code, id="colab-install")
    install.metadata = {"tags": ["remove-cell"], "cellView": "form"}
    install.execution_count, install.outputs = 1, []
    cells.insert(1, install)  # behind the title, before everything that imports lecture_pkg
    if to.is_set:
        link = f"{_COLAB}/github/{to.repo}/blob/{to.branch}/{path}"
        badge = f"[![Open in Colab]({_COLAB}/assets/colab-badge.svg)]({link})"
        cells.insert(0, nbformat.v4.new_markdown_cell(badge, id="colab-badge"))
        cells[0].metadata = {"tags": ["remove-cell"]}
    notebook.cells = [nbformat.from_dict(cell) for cell in cells]
    return notebook


def rewritten(root: Path, to: Address) -> dict[Path, str]:
    """Every file that repeats the address, as it must read; unread notebooks raise BookError."""
    texts = {root / "_config.yml": configured((root / "_config.yml").read_text("utf-8"), to)}
    for path in sorted((root / "book").glob("*.ipynb")):
        name = path.relative_to(root).as_posix()
        texts[path] = canonical(with_colab_cells(read(path), name, to))
    if not _TAG.fullmatch(to.branch):
        for path in sorted((root / ".github" / "workflows").glob("*.yml")):
            texts[path] = _PUSHED.sub(rf"\g<1>{to.branch}", path.read_text("utf-8"))
    return texts


def configure(root: Path, repo: str, branch: str) -> list[Path]:
    """Write the address wherever it stands; returns the files that changed, all or none."""
    if not _REPO.fullmatch(repo):
        raise BookError(f"REPO must be owner/name as on GitHub, but it is {json.dumps(repo)}.")
    if not _BRANCH.fullmatch(branch):
        raise BookError(
            "BRANCH must be the name of a branch or tag, of letters, digits and . _ / - as git "
            f"allows them, but it is {json.dumps(branch)}."
        )
    texts = rewritten(root, Address(repo, branch))
    changed = [path for path, text in texts.items() if path.read_text("utf-8") != text]
    for path in changed:
        path.write_text(texts[path], "utf-8")
    return changed


def main(repo: str, branch: str) -> None:
    """Configure this copy; without a repo, write the present address again."""
    present = address((ROOT / "_config.yml").read_text("utf-8"))
    changed = configure(ROOT, repo or present.repo, branch or present.branch)
    print(*(f"{path.relative_to(ROOT)} changed" for path in changed), sep="\n")
    print("All files agree." if changed else "Nothing to change: all files agree.")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except BookError as error:
        sys.exit(str(error))
