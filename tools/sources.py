"""What is wrong with the book's sources, said before anything is run or built from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.notebooks import MEASURED, BookError, meant, read

TAGS = (
    *(f"{what}-{part}" for what in ("hide", "remove") for part in ("cell", "input", "output")),
    *("remove-stdout", "remove-stderr", "scroll-output", "full-width", "margin", MEASURED),
)


def check_sources(root: Path) -> None:
    """BookError names each fault of the settings, else of the contents, else of the notebooks."""
    check_settings(root)
    check_contents(root)
    check_notebooks(sorted((root / "book").glob("*.ipynb")))


def check_settings(root: Path) -> None:
    """Refuse settings that Jupyter Book would pass over without a word."""
    from jsonschema import Draft7Validator
    from jupyter_book.config import PATH_JSON_SCHEMA, PATH_YAML_DEFAULT

    schema, defaults = json.loads(PATH_JSON_SCHEMA.read_text("utf-8")), read_yaml(PATH_YAML_DEFAULT)
    sections = [(schema, defaults)]
    sections += [(part, defaults.get(key)) for key, part in schema["properties"].items()]
    for section, known in sections:
        if "properties" in section:
            section["properties"] = {key: {} for key in known or ()} | section["properties"]
            section["additionalProperties"] = False
    errors = Draft7Validator(schema).iter_errors(read_yaml(root / "_config.yml"))
    _refuse(fault for error in errors for fault in _settings_faults(error))


def _settings_faults(error: Any) -> Iterator[str]:
    place = "".join(f"{key}: " for key in ("_config.yml", *error.absolute_path))
    if error.validator != "additionalProperties":
        yield f"{place}{error.message}; correct the value."
        return
    known = error.schema["properties"]
    for key in set(error.instance) - set(known):
        yield f"{place}'{key}' is no setting{meant(key, known)}"


def check_contents(root: Path) -> None:
    """Refuse a table of contents that names what has no file, or misses a page that has one."""
    from sphinx_external_toc.parsing import MalformedError, parse_toc_data

    contents = read_yaml(root / "_toc.yml")
    try:
        parse_toc_data(contents)
    except MalformedError as error:
        raise BookError(f"_toc.yml: {error}; correct the line.") from None
    listed = set(_listed(contents))
    existing = {
        path.relative_to(root).with_suffix("").as_posix()
        for path in files([root / "book"])
        if path.suffix in (".md", ".ipynb")
    }
    missing, unlisted = listed - existing, existing - listed
    faults = [
        f"_toc.yml lists {name}, but there is no such page: add it or take the line out."
        for name in missing
    ]
    faults += [f"{name} is not listed in _toc.yml: list it or delete it." for name in unlisted]
    _refuse(faults)


def _listed(toc: Any) -> Iterator[str]:
    """The pages that a table of contents, or a part of one, names."""
    if isinstance(toc, dict):
        yield from (str(page) for key, page in toc.items() if key in ("root", "file"))
        toc = list(toc.values())
    for part in toc if isinstance(toc, list) else []:
        yield from _listed(part)


def check_notebooks(paths: Iterable[Path]) -> None:
    """Refuse a tag that nothing knows, and cells that were saved without having been run."""
    _refuse(fault for path in paths for fault in _notebook_faults(path))


def _notebook_faults(path: Path) -> Iterator[str]:
    cells = read(path).cells
    name = f"{path.parent.name}/{path.name}"
    for cell in cells:
        for tag in cell.metadata.get("tags", []):
            if tag not in TAGS:
                yield f"{name}, cell {cell.id}: '{tag}' is no tag{meant(tag, TAGS)}"
    unrun = [cell.id for cell in cells if cell.cell_type == "code" and cell.execution_count is None]
    if unrun:
        what = "it was" if len(unrun) == 1 else f"it and {len(unrun) - 1} more were"
        yield f"{name}, cell {unrun[0]}: {what} never run; type: make notebooks ONLY={path.stem}"


def _refuse(faults: Iterable[str]) -> None:
    if found := sorted(faults):
        raise BookError("\n".join(found))


def read_yaml(path: Path) -> Any:
    """What a YAML file holds; a BookError names a file that holds none, and the line."""
    import yaml

    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}, line {mark.line + 1}" if mark else path.name
        said = getattr(error, "problem", None) or error
        raise BookError(f"{place}: {said}; correct it.") from None


def files(places: Iterable[Path]) -> list[Path]:
    """All files at or under `places`, without what editors and Python leave there."""
    found = (path for place in places for path in [place, *sorted(place.rglob("*"))])
    hidden = {"__pycache__", ".ipynb_checkpoints"}
    return [path for path in found if path.is_file() and not hidden & set(path.parts)]
