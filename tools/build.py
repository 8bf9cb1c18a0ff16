"""Build the book: execute the notebooks that changed, make the pages, publish them if all is well.

Everything happens under _build: runs/ keeps the notebooks' outputs, source/ is a copy of the
book's sources with these outputs in them, pages/ is where Sphinx works, and html/ is the book.
It is replaced as a whole, and only by a book without a fault.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import importlib
import io
import re
import shutil
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

from tools.notebooks import COLOURS, ROOT, BookError, Runs, canonical, execute, read, surroundings
from tools.origin import PLACE, ran_on, revision
from tools.sources import check_sources, files, read_yaml
from tools.whole import check_pages

_INPUTS = ("_config.yml", "_toc.yml", "pyproject.toml", "book", "tools")
_ORIGINS = (*_INPUTS, "lecture_pkg", "requirements.txt")  # what a revision of the book is one of
# remarks in the style sheet are for who edits it; those on licences go with the fonts
_REMARK = re.compile(r"/\*(?:(?!License|\*/).)*\*/\s*", re.DOTALL)
# In Sphinx's messages a notebook's cells begin at line 10,000, 20,000, …, plus one.
_PLACE = re.compile(r"^\S*/source/(\S+?)(?::(\d+))?: ", re.MULTILINE)
# what Sphinx says, and what to do about it
_ADVICE = {
    "cross-reference target not found": "correct the link",
    "local id not found": "correct the link",
    "unknown document": "correct the link",
    "term not in glossary": "add it to book/glossary.md, or correct it",
    "image file not readable": "add the picture, or correct its name",
    "unknown config value": "correct its name in _config.yml, in its part sphinx: config",
}


def build(root: Path = ROOT) -> None:
    """Bring the book under `root` up to date; BookError says what is wrong with it."""
    started = time.monotonic()
    work = root / "_build"
    state, now = fingerprint(root), revision(root, _ORIGINS)
    published, mark = work / "html", work / "built"
    before = mark.read_text("utf-8").partition(" ") if published.is_dir() and mark.exists() else ""
    if before and before[0] == state:
        if before[2] == now:
            print("Nothing has changed since the last build.")
            return
        print("Only the revision has changed since the last build.")
        finish(work, state, now)
        return
    check_sources(root)
    runs = Runs(work / "runs", root)
    notebooks = sorted((root / "book").glob("*.ipynb"))
    outdated = [path for path in notebooks if not runs.is_current(path)]
    print(f"{len(outdated)} of {len(notebooks)} notebooks to execute.", flush=True)
    if outdated:  # their kernels leave this process little to do
        threading.Thread(target=load_what_makes_pages, args=[root]).start()
    execute(outdated, runs)
    print("Making the pages …", flush=True)
    stage(root, runs)
    make_pages(root, ran_on(root, runs))
    check_pages(work / "pages", notebooks, runs)
    finish(work, state, now)
    print(f"Built in {time.monotonic() - started:.1f} s.")


def finish(work: Path, state: str, now: str) -> None:
    """Publish the pages as of revision `now`, and remember what they were made from."""
    publish(work / "pages", work / "html", now)
    (work / "built").write_text(f"{state} {now}", "utf-8")


def fingerprint(root: Path) -> str:
    """A hash of everything that the pages depend on."""
    digest = hashlib.sha256(surroundings(root).encode())
    for path in files(root / name for name in _INPUTS):
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()


def stage(root: Path, runs: Runs) -> None:
    """Mirror book/ under _build/source with the notebooks' outputs; touch only what changed.

    Sphinx reads again what is newer than its last look.
    """
    source = root / "_build" / "source"
    wanted = {source / path.relative_to(root): path for path in files([root / "book"])}
    for stale in set(files([source])) - set(wanted):
        stale.unlink()
    for target, path in wanted.items():
        is_notebook = path.suffix == ".ipynb"
        content = canonical(runs.filled(path)).encode() if is_notebook else path.read_bytes()
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def load_what_makes_pages(root: Path) -> None:
    """Import what Sphinx needs, and what an API page documents, while notebooks run.

    It takes as long as making the pages does. What fails here fails there once more, and is told.
    """
    with contextlib.suppress(Exception):
        for name in ("jupyter_book.sphinx", "myst_nb.sphinx_ext", "sphinx_book_theme"):
            importlib.import_module(name)
        if not (root / "book" / "api.md").exists():
            return
        package = importlib.import_module("lecture_pkg")
        for name in package.__all__:
            getattr(package, name)


def make_pages(root: Path, ran_on: str) -> None:
    """Let Sphinx make _build/pages; any warning is an error.

    The pages' foot says what their outputs `ran_on`.
    """
    pages = root / "_build" / "pages"
    said = run_sphinx(root, "html", pages, ran_on=ran_on, revision=PLACE)
    if said:
        # what was read with a fault would not be read, and complained of, again
        shutil.rmtree(root / "_build" / "doctrees", ignore_errors=True)
        raise BookError(_advised(_PLACE.sub(lambda match: _place(root, match), said)))
    first_page = read_yaml(root / "_toc.yml")["root"]
    redirect = f'<meta http-equiv="refresh" content="0; url={first_page}.html">\n'
    (pages / "index.html").write_text(redirect)


def run_sphinx(root: Path, builder: str, output: Path, **settings: object) -> str:
    """Let Jupyter Book's Sphinx read _build/source and fill `output`; returns its complaints."""
    from jupyter_book.sphinx import build_sphinx

    work = root / "_build"
    shutil.rmtree(output, ignore_errors=True)  # nothing of an earlier build may stay
    messages = io.StringIO()
    with contextlib.redirect_stderr(messages), warnings.catch_warnings():
        # it looks at every object that there is, and torch has some that warn when they are
        warnings.filterwarnings("ignore", module="sphinx_external_toc")
        outcome = build_sphinx(
            work / "source",
            output,
            noconfig=True,
            path_config=root / "_config.yml",
            confoverrides={
                "external_toc_path": str(root / "_toc.yml"),
                "latex_individualpages": False,
                "nb_execution_mode": "off",
                "nitpicky": True,
                **settings,
            },
            doctreedir=work / "doctrees",
            builder=builder,
            force_all=True,  # a page may name what another page no longer has
            warningiserror=True,
            keep_going=True,
            quiet=True,
        )
    said = COLOURS.sub("", messages.getvalue()).strip()
    return said or str(outcome) if outcome != 0 else ""


def _place(root: Path, match: re.Match[str]) -> str:
    """The start of a message with its place as the editor of the book knows it."""
    return f"{place(root, match[1], int(match[2] or 0))}: "


def place(root: Path, name: str, line: int) -> str:
    """A page's file and line, as Sphinx counts, as the editor of the book knows them."""
    if name.endswith(".ipynb") and line >= 10_000:
        index, line = divmod(line, 10_000)
        cells = read(root / name).cells
        if index <= len(cells):
            return f"{name}, cell {cells[index - 1].id}, line {max(line - 1, 1)}"
    return f"{name}, line {line}" if line else name


def _advised(said: str) -> str:
    """Sphinx's messages with what to do at the end of each that is known."""
    return "\n".join(
        line + "".join(f": {advice}." for words, advice in _ADVICE.items() if words in line)
        for line in said.splitlines()
    )


def publish(pages: Path, published: Path, now: str) -> None:
    """Put a copy of the finished pages, whose foot names revision `now`, in place of the old."""
    new, old = published.with_suffix(".new"), published.with_suffix(".old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(pages, new, ignore=shutil.ignore_patterns(".buildinfo", "fontawesome"))
    for page in new.rglob("*.html"):
        page.write_text(page.read_text("utf-8").replace(PLACE, now), "utf-8")
    for style in new.glob("_static/book.css"):
        style.write_text(_REMARK.sub("", style.read_text("utf-8")), "utf-8")
    if published.exists():
        published.rename(old)
    new.rename(published)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    where = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    # Sphinx makes millions of objects and drops few: looking through them again and again is a
    # quarter of what this process does, and once more at its end a sixth.
    gc.disable()
    atexit.register(gc.freeze)
    # the kernels end with this process: do not wait for their cells
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        build(where)
    except BookError as error:
        sys.exit(f"\nThe book was not built.\n\n{error}")
    print(f"Open {where / '_build' / 'html' / 'index.html'} in a browser, or type: make serve")
