"""Run notebooks, several at a time, and write them in one canonical form.

Run as a program it executes every notebook of the book, or those named, and writes them back.
"""

from __future__ import annotations

import base64
import copy
import difflib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the imports below take a second; a build with nothing to do must not wait
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
CELL_SECONDS = 300
MEASURED = "measures-time"
# Of a cell's metadata: what is kept unless it says what holds anyway, and what editors write there
# unasked. Anything else is refused.
KEPT_METADATA = {
    *("tags", "mystnb", "jupyter", "cellView", "slideshow", "nbgrader", "editable", "deletable")
}
_DEFAULTS = {"tags": [], "slideshow": {"slide_type": ""}, "editable": True, "deletable": True}
_UNASKED = {
    *("execution", "ExecuteTime", "collapsed", "scrolled", "trusted", "vscode", "pycharm"),
    *("id", "outputId", "colab", "colab_type"),
}
# what a person would choose: eight hexadecimal digits are chance, Jupyter's or a uuid's
READABLE_ID = re.compile(r"(?![0-9a-f]{8}(-|$))[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HEADING = re.compile(r"^#+ (.+)", re.MULTILINE)
_DEFINED = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
_FIRST_LINE = re.compile(r"^(?!import |from |[#%]|\s*$)(.+)", re.MULTILINE)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class BookError(Exception):
    """What keeps the book from being built, in words for the person who edits it."""


def read(path: Path) -> NotebookNode:
    """A notebook from its file.

    A BookError names a file that is none, and metadata that the book does not know.
    """
    import nbformat

    try:
        text = path.read_text("utf-8")
        nbformat.validate(json.loads(text))
        notebook: NotebookNode = nbformat.v4.upgrade(nbformat.reads(text, as_version=4))
    except (ValueError, OSError, nbformat.ValidationError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise BookError(
            f"{_name(path)} is not a valid notebook: {first_line}: mend it in an editor, or bring "
            f"back the one before: git restore book/{path.name}"
        ) from None
    faults = [
        f"{_name(path)}, cell {cell.id}: '{key}' is no known metadata{meant(key, KEPT_METADATA)}"
        for cell in notebook.cells
        for key in sorted(set(cell.metadata) - KEPT_METADATA - _UNASKED)
    ]
    if faults:
        raise BookError("\n".join(faults))
    return notebook


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about a mistyped word: what to do."""
    close = difflib.get_close_matches(str(word), list(known), 1)
    return f"; do you mean '{close[0]}'?" if close else "; take it out."


def name_cells(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Give each cell whose id nobody chose one that tells what is in it; returns old and new."""
    taken = {cell.id for cell in notebook.cells}
    renamed = []
    for cell in notebook.cells:
        if READABLE_ID.fullmatch(cell.id):
            continue
        name = stem = _telling_id(cell)
        count = 1
        while name in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name)
        renamed.append((cell.id, name))
        cell.id = name
    return renamed


def _telling_id(cell: NotebookNode) -> str:
    """Up to four words of a text's heading or first line, of what code defines or begins with."""
    first = _HEADING if cell.cell_type == "markdown" else _DEFINED
    found = first.search(cell.source) or _FIRST_LINE.search(cell.source)
    words = re.findall(r"[a-z0-9]+", found[1].lower()) if found else []
    name = "-".join(words[:4])
    return name if READABLE_ID.fullmatch(name) else f"cell-{name}".rstrip("-")


def canonical(notebook: NotebookNode) -> str:
    """The one text that a notebook is committed as: nothing in it depends on who wrote it back."""
    import nbformat

    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(METADATA)
    count = 0
    for cell in notebook.cells:
        cell.metadata = {
            key: value
            for key, value in cell.metadata.items()
            if key not in _UNASKED and value != _DEFAULTS.get(key)
        }
        if cell.cell_type != "code":
            continue
        count += 1
        executed = cell.execution_count is not None
        cell.execution_count = count if executed else None
        cell.outputs = _merged(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def _merged(outputs: Iterable[Any]) -> list[Any]:
    """Outputs with neighbouring pieces of one stream joined: where it was cut is chance."""
    merged: list[Any] = []
    for output in outputs:
        if (
            merged
            and output.output_type == merged[-1].output_type == "stream"
            and output.name == merged[-1].name
        ):
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


class Runs:
    """The outputs of notebooks' last runs, kept under `folder` with a key of all they depend on."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder = folder
        self._surroundings = surroundings(root)

    def key(self, notebook: NotebookNode) -> str:
        """A hash of everything that the outputs depend on; text cells are not among it."""
        code = [[c.source, c.metadata.get("tags")] for c in notebook.cells if c.cell_type == "code"]
        return _hash(self._surroundings, json.dumps(code))

    def load(self, path: Path) -> dict[str, Any]:
        """What was kept of a notebook's last run: its key, seconds and outputs."""
        try:
            return dict(json.loads(self._file(path).read_text("utf-8")))
        except (FileNotFoundError, ValueError):
            return {"key": "", "seconds": float("inf"), "outputs": []}

    def save(self, path: Path, notebook: NotebookNode, seconds: float) -> None:
        """Keep the outputs of a run; what was measured stays while nothing it depends on changes.

        A cell tagged `measures-time` shows a picture of times, which differ from run to run.
        """
        last, key = self.load(path), self.key(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        outputs = [[_light(output) for output in cell.outputs] for cell in code]
        if last["key"] == key:
            for index, cell in enumerate(code):
                if MEASURED in cell.metadata.get("tags", []):
                    outputs[index] = last["outputs"][index]
        kept = {"key": key, "seconds": round(seconds, 1), "outputs": outputs}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file(path).write_text(json.dumps(kept), "utf-8")

    def is_current(self, path: Path) -> bool:
        return bool(self.load(path)["key"] == self.key(read(path)))

    def filled(self, path: Path) -> NotebookNode:
        """The notebook as it stands in its file, with the outputs of its last run."""
        import nbformat

        notebook = read(path)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        kept = self.load(path)["outputs"]
        for count, (cell, outputs) in enumerate(zip(code, kept, strict=True), start=1):
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
            cell.execution_count = count
        return notebook

    def _file(self, path: Path) -> Path:
        return self.folder / f"{path.stem}.json"


def _light(output: Any) -> Any:
    """An output whose plot has 256 colours, not millions: a third of the bytes, to the same eye."""
    from PIL import Image

    png = output.get("data", {}).get("image/png")
    if png:
        picture, smaller = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO()
        palette = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        palette.save(smaller, "PNG", optimize=True)
        output["data"]["image/png"] = base64.b64encode(smaller.getvalue()).decode() + "\n"
    return output


def surroundings(root: Path) -> str:
    """A hash of what any notebook's outputs depend on beside its own code."""
    files = [root / "requirements.txt", root / "book" / "recordings_gpu.json"]
    files += sorted((root / "lecture_pkg").rglob("*"))
    contents = [
        path.read_bytes() for path in files if path.is_file() and "__pycache__" not in path.parts
    ]
    names = ("LECTURE_DEVICE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
    return _hash(
        sys.version,
        version("torch"),
        *(os.environ.get(name, "") for name in names),
        str(Path("/dev/nvidiactl").exists()),  # importing torch to ask it would take seconds
        *(hashlib.sha256(content).hexdigest() for content in contents),
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def execute(paths: list[Path], runs: Runs) -> None:
    """Execute notebooks, as many at a time as there are cores, and keep their outputs in `runs`.

    Raises BookError that names notebook, cell and error of everything that failed.
    """
    # the longest first: the last one to start should not be the one that all wait for
    paths = sorted(paths, key=lambda path: -runs.load(path)["seconds"])
    failures = []
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        started = {pool.submit(_run, path, runs): path for path in paths}
        for done, run in enumerate(as_completed(started), start=1):
            try:
                outcome = f"{run.result():.1f} s"
            except BookError as error:
                failures.append(str(error))
                outcome = "FAILED"
            left = f"{len(paths) - done} left" if done < len(paths) else "all done"
            print(f"[{done}/{len(paths)}] {started[run].stem} … {outcome}, {left}", flush=True)
    if failures:
        raise BookError("\n\n".join(sorted(failures)))


def _run(path: Path, runs: Runs) -> float:
    """Execute one notebook; returns the seconds it took."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    notebook = read(path)
    started = time.monotonic()
    at: list[Any] = [None]

    def remember(cell: NotebookNode, cell_index: int) -> None:
        at[0] = cell

    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=CELL_SECONDS,
            record_timing=False,
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_start=remember,
            # files instead of TCP ports: nobody else can listen, and two kernels cannot clash
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )
        try:
            client.execute()
        except CellExecutionError as error:
            message = COLOURS.sub("", f"{error.ename}: {error.evalue}")
            raise _failure(path, at[0], message) from None
        except CellTimeoutError:
            raise _failure(path, at[0], f"it ran for more than {CELL_SECONDS} s") from None
        except DeadKernelError:
            raise _failure(path, at[0], "the Python process died") from None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise _failure(path, cell, f"it printed a warning: {output.text.strip()}")
    seconds = time.monotonic() - started
    runs.save(path, notebook, seconds)
    return seconds


def _failure(path: Path, cell: NotebookNode, what: str) -> BookError:
    source = "\n".join(f"    {line}" for line in cell.source.splitlines())
    return BookError(f"{_name(path)}, cell {cell.id}: {what}\n{source}")


def main(names: list[str]) -> None:
    """Execute the book's notebooks, or those named, and write them back canonically."""
    paths = sorted((ROOT / "book").glob("*.ipynb"))
    if unknown := set(names) - {path.stem for path in paths}:
        known = ", ".join(path.stem for path in paths)
        raise BookError(f"There is no notebook {', '.join(sorted(unknown))}; there are: {known}.")
    paths = [path for path in paths if not names or path.stem in names]
    runs = Runs(ROOT / "_build" / "runs")
    execute(paths, runs)
    changed = 0
    for path in paths:
        notebook = runs.filled(path)
        for old, new in name_cells(notebook):
            print(f"{_name(path)}: the new cell {old} is called {new} from now on.")
        text = canonical(notebook)
        if text != path.read_text("utf-8"):
            path.write_text(text, "utf-8")
            changed += 1
    print(f"{changed} of {len(paths)} notebooks changed.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BookError as error:
        sys.exit(str(error))
