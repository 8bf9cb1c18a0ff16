"""Where boxes and arrows go: the same places everywhere, by any Graphviz, or a clear refusal."""

from __future__ import annotations

import itertools
import os
import random
import re
import sys
import time
from pathlib import Path

import pytest

from lecture_pkg.graph import layout
from lecture_pkg.graph.layout import PROGRAM, Box, graphviz, lay_out

GOLDEN = Path(__file__).parent / "golden" / "layout.txt"


def test_boxes_and_ways_find_a_place() -> None:
    boxes = {name: Box(60, 20, ellipse=name == "a") for name in "abcde"}
    found = lay_out(boxes, [("a", "c", "b"), ("a", "b"), ("a", "b"), ("d", "e")])
    assert set(found.centres) == set(boxes)
    for x, y in found.centres.values():
        assert 29.9 <= x <= found.width - 29.9 and 9.9 <= y <= found.height - 9.9
    for (_, a), (_, b) in itertools.combinations(found.centres.items(), 2):
        assert abs(a[0] - b[0]) >= 60 or abs(a[1] - b[1]) >= 20
    assert [len(path) % 3 for path in found.paths] == [1] * 4
    assert found.paths[1] != found.paths[2]


def ladder(rungs: int) -> tuple[dict[str, Box], list[tuple[str, str]]]:
    boxes = {f"n{i}": Box(40 + i % 3 * 10, 20, ellipse=i % 4 == 0) for i in range(2 * rungs)}
    sides = [(f"n{i}", f"n{i + 2}") for i in range(2 * rungs - 2)]
    return boxes, sides + [(f"n{2 * i}", f"n{2 * i + 1}") for i in range(rungs)]


def test_golden_layout() -> None:
    """Set GOLDEN=write to accept the places that are found now."""
    boxes, ways = ladder(8)
    found = [lay_out(boxes, ways, direction, upright=up) for direction, up in PICTURES]
    text = "".join(f"{written(place)}\n" for layout in found for place in layout)
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def written(place: object) -> str:
    """A number, or whatever holds numbers, with two decimals: a hundredth of a pixel."""
    return re.sub(r"\d+\.\d+(e-\d+)?", lambda match: f"{float(match[0]):.2f}", str(place))


PICTURES = (("TB", False), ("LR", False), ("TB", True))


def test_ways_that_cross_too_much_are_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MOST_SECONDS", 0.5)
    boxes, chance = {f"n{i}": Box(60, 20) for i in range(300)}, random.Random(1)
    chain = [(f"n{i}", f"n{i + 1}") for i in range(299)]
    tangle = chain + [tuple(sorted(chance.sample(sorted(boxes), 2))) for _ in range(300)]
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"found no places .* within 0\.5 seconds: .*Draw a part"):
        lay_out(boxes, tangle)
    assert time.monotonic() - started < 5


def program(folder: Path, code: str) -> str:
    """A program of that Python code."""
    path = folder / "dot"
    path.write_text(f"#!{sys.executable}\n{code}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="a script is no program on Windows")
def test_another_graphviz_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAM, program(tmp_path, "import sys; print(sys.argv[1:])"))
    assert graphviz("digraph {}", "plain") == "['-Tplain']\n"


@pytest.mark.skipif(os.name == "nt", reason="a script is no program on Windows")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('no such shape\\nsecond line')", "no such shape"),
        ("import sys; sys.exit(3)", "exit status 3"),
    ],
)
def test_what_graphviz_refuses_is_told_in_one_line(
    code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM, program(tmp_path, code))
    with pytest.raises(RuntimeError) as caught:
        graphviz("digraph {}", "plain")
    assert str(caught.value) == f"Graphviz could not draw this graph: {said}"


def test_a_named_program_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAM, "/nowhere/dot")
    with pytest.raises(RuntimeError, match="LECTURE_DOT names '/nowhere/dot', but there is no"):
        graphviz("digraph {}", "plain")


def test_without_graphviz_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PROGRAM, raising=False)
    monkeypatch.setattr(layout, "_installed", lambda: None)
    with pytest.raises(RuntimeError, match=r"pip install graphviz-pure\. .* LECTURE_DOT="):
        graphviz("digraph {}", "plain")
