"""The benchmarks' own logic: ratios, goals, medians, failures. No timing decides a test."""

from __future__ import annotations

import ctypes
import gzip
import http.client
import json
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch

from benchmarks import build, lesson, measure, pages, run, startup, table
from benchmarks.alternatives import ROOT
from benchmarks.measure import Call, Competitor, Failed, largest, medians
from benchmarks.table import Comparison, Goal, markdown, short_form
from lecture_pkg import gradient_descent, trace


@pytest.mark.parametrize(
    ("goal", "ours", "other", "reached"),
    [
        (Goal("faster", 10), 1.0, 10.0, True),
        (Goal("faster", 10), 1.0, 9.9, False),
        (Goal("times", 3), 3.0, 1.0, True),
        (Goal("times", 3), 3.1, 1.0, False),
        (Goal("more", 0.05), 1.04, 1.0, True),
        (Goal("more", 0.05), 1.06, 1.0, False),
        (Goal("at most", 3), 3.0, "–", True),
        (Goal("at most", 3), 3.1, 1.0, False),
        (Goal("times", 3), "crashed", 1.0, None),
        (Goal("times", 3), 1.0, "crashed", None),
        (None, 1.0, 2.0, None),
    ],
)
def test_a_goal_is_reached_or_not(
    goal: Goal | None, ours: float | str, other: float | str, reached: bool | None
) -> None:
    assert Comparison("work", "another", ours, other, goal=goal).reached is reached


@pytest.mark.parametrize(
    ("comparison", "ratio"),
    [
        (Comparison("a", "another", 0.002, 0.05), "25.0× faster"),
        (Comparison("a", "another", 0.05, 0.02), "2.50× slower"),
        (Comparison("a", "another", 2e6, 5e6, "B"), "2.50× smaller"),
        (Comparison("a", "another", 5e6, 2e6, "B"), "2.50× larger"),
        (Comparison("a", "floor: bare", 0.06, 0.05), "1.20× the floor"),
        (Comparison("a", "floor: bare", 1.02, 1.0, goal=Goal("more", 0.1)), "+20.0 ms"),
        (Comparison("a", "floor: bare", 1.0, 1.02, goal=Goal("more", 0.1)), "−20.0 ms"),
        (Comparison("a", "another", 50_000, 200, "operations"), "250× more"),
        (Comparison("a", "another", 50_000, 100_000, "operations"), "2.00× fewer"),
        (Comparison("a", "another", 50_000, 50_000, "operations"), "the same"),
        (Comparison("a", "another", 1.0, "RecursionError"), ""),
    ],
)
def test_the_ratio_says_what_it_compares(comparison: Comparison, ratio: str) -> None:
    assert comparison.cells()[4] == ratio


def test_the_table() -> None:
    why = "It reads everything twice."
    rows = [
        Comparison("work", "another", 0.001, 0.02, goal=Goal("faster", 10), in_readme=True),
        Comparison("work", "a third", 0.001, "RecursionError"),
        Comparison("work", "floor: bare", 0.004, 0.001, goal=Goal("times", 3), why=why),
        Comparison("more", "floor: bare", 0.005, 0.001, goal=Goal("times", 3), why=why),
        Comparison("size", "–", 2.5e6, unit="B", goal=Goal("at most", 3e6)),
        Comparison("on CUDA", "–", "no CUDA device"),
    ]
    assert markdown(rows) == (
        "| what | against | this project | the other | ratio | to reach | reached |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| work | another | 1.00 ms | 20.0 ms | 20.0× faster | ≥ 10.0× | yes |\n"
        "| work | a third | 1.00 ms | RecursionError |  |  |  |\n"
        "| work | floor: bare | 4.00 ms | 1.00 ms | 4.00× the floor | ≤ 3.00× | no (1) |\n"
        "| more | floor: bare | 5.00 ms | 1.00 ms | 5.00× the floor | ≤ 3.00× | no (1) |\n"
        "| size | – | 2.50 MB | – |  | ≤ 3.00 MB | yes |\n"
        "| on CUDA | – | no CUDA device | – |  |  |  |\n"
        "\n"
        "1. It reads everything twice.\n"
    )
    assert short_form(rows) == (
        "| what | against | ratio |\n| --- | --- | --- |\n| work | another | 20.0× faster |\n"
    )


class FakeCompetitor:
    """Answers each call with the next of the seconds that it names, or fails with a text."""

    order: list[str]

    def __init__(self, threads: int) -> None:
        self._answers: Iterator[float | str] | None = None

    def __enter__(self) -> FakeCompetitor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def seconds(self, call: Call) -> float:
        name, *answers = call
        self.order.append(name)
        self._answers = self._answers or iter(answers)
        answer = next(self._answers)
        if isinstance(answer, str):
            raise Failed(answer)
        return answer


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the calls that were timed, by competitors that are none."""
    FakeCompetitor.order = []
    monkeypatch.setattr(measure, "Competitor", FakeCompetitor)
    return FakeCompetitor.order


def test_medians_of_runs_in_turn_without_the_first(order: list[str]) -> None:
    found = medians({"a": ("a", 9, 1, 3, 2), "b": ("b", 9, 4, 4, 7)}, 3)
    assert found == {"a": 2, "b": 4}
    assert order == ["a", "b"] * 4


def test_who_fails_stays_out_and_who_is_slow_runs_once(order: list[str]) -> None:
    calls = {"a": ("a", "RecursionError"), "b": ("b", 30), "c": ("c", 1, 2, "crashed")}
    assert medians(calls, 3) == {"a": "RecursionError", "b": 30, "c": "crashed"}
    assert order == ["a", "b", "c", "c", "c"]


def test_a_process_that_raises_crashes_or_hangs_is_a_failure() -> None:
    with Competitor(threads=1) as good:
        assert 0 < good.seconds((partial, time.sleep, 0.001)) < 1
        with pytest.raises(Failed, match=r"^ValueError$"):
            good.seconds((partial, int, "one"))
        with pytest.raises(Failed, match="passes 0 s"):
            good.seconds((partial, time.sleep, 9), limit=0.1)
    with Competitor(threads=1) as bad, pytest.raises(Failed, match="crashed"):
        bad.seconds((partial, ctypes.string_at, 0))


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ((0, 1, 99), (0, "passes 1 s")),
        ((0,), (0, "nothing larger was tried")),
        ((0, -1, 0), (0, "ValueError")),
        ((-1,), ("none", "ValueError")),
    ],
)
def test_the_largest_size_that_can_be_done(
    sizes: tuple[int, ...], found: tuple[int | str, str]
) -> None:
    sleep_so_many_seconds = partial(partial, time.sleep)
    assert largest(sleep_so_many_seconds, sizes, limit=0.9) == found


def test_a_chain_has_the_size_that_it_says() -> None:
    x = torch.tensor(0.5, requires_grad=True)
    y = lesson.chain(500)(x)
    assert [node.kind for node in trace(y, x=x).nodes].count("operation") == 500
    assert len(lesson.bare_walk(y)) == 501


def test_all_descents_take_the_same_steps() -> None:
    step = torch.full((1,), 0.05, dtype=torch.float64)
    by_hand = lesson.formula_steps(torch.tensor([-3.5], dtype=torch.float64), step, 5)
    ours = gradient_descent(lesson.objective, 0.05, 5, init=-3.5)
    lecture = lesson.lecture_loop(lesson.objective, 0.05, 5, -3.5)
    bare = lesson.bare_loop(lesson.objective, 0.05, 5, -3.5)
    assert by_hand.item() == pytest.approx(ours.thetas[-1], abs=1e-4)
    assert bare.item() == pytest.approx(ours.thetas[-1], abs=1e-5)
    assert lecture[0] == pytest.approx(ours.thetas, abs=1e-5)
    assert lecture[1] == pytest.approx(ours.objectives, abs=1e-5)


def test_results_hold_the_kept_table_of_a_gpu(tmp_path: Path) -> None:
    rows = [Comparison("work", "floor: bare", 0.002, 0.001)]
    alone = run.results(["Machine: a."], rows, tmp_path)
    assert "- Machine: a.\n" in alone and "GPU" not in alone
    kept = {"header": ["GPU: b."], "rows": [row._asdict() for row in rows]}
    (tmp_path / "results_cuda.json").write_text(json.dumps(kept))
    both = run.results(["Machine: a."], rows, tmp_path)
    assert both.startswith(alone)
    assert both.endswith("- GPU: b.\n\n" + markdown(rows))


def rows_of(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_the_readme_says_what_the_results_say() -> None:
    written = run._PLACE.search((ROOT / "README.md").read_text("utf-8"))
    assert written
    results = rows_of((ROOT / "benchmarks" / "results.md").read_text("utf-8"))
    ratios = {(what, against): ratio for what, against, _, _, ratio, *_ in results}
    shown = rows_of(written[0])
    assert len(shown) > 8
    assert [row for row in shown if ratios[row[0], row[1]] != row[2] or not row[2]] == []


def test_what_is_imported_beyond_torch_is_the_difference() -> None:
    row = startup._row([(1.0, 0.2), (3.0, 0.01), (2.0, 0.04)])
    assert row.other == 2.0 and row.ours == pytest.approx(2.04) and row.reached


def test_what_pip_fetched_is_in_its_log(tmp_path: Path) -> None:
    wheel = tmp_path / "torch-2.13.0-py3-none-any.whl"
    wheel.write_bytes(b"x" * 1000)
    log = (
        "2030-01-01T10:00:00,100   Downloading six-1.17.0.whl.metadata (12 kB)\n"
        "2030-01-01T10:00:01,100   Downloading numpy-2.2.6-cp311.whl (16.8 MB)\n"
        f"2030-01-01T10:00:02,100 Processing {wheel} (from -r x.txt (line 6))\n"
        f"2030-01-01T10:00:02,100 Processing {tmp_path}\n"  # lecture_pkg itself
    )
    assert build.fetched(log) == (pytest.approx(16_812_000), 1000)


def test_pages_are_served_as_a_cdn_does(tmp_path: Path) -> None:
    text = b"<p>long</p>" * 100
    (tmp_path / "page.html").write_bytes(text)
    (tmp_path / "icons.woff2").write_bytes(b"packed already")
    pages._pack(tmp_path)
    with pages.served(tmp_path) as address:
        connection = http.client.HTTPConnection(address.removeprefix("http://"))
        connection.request("GET", "/page.html")
        with connection.getresponse() as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(answer.read()) == text
        connection.request("GET", "/icons.woff2?v=1")
        with connection.getresponse() as answer:
            assert answer.headers["Content-Encoding"] is None
            assert answer.read() == b"packed already"
        connection.close()


def test_alternatives_are_pinned_and_no_part_of_the_book() -> None:
    root = ROOT
    own = (root / "requirements.txt").read_text("utf-8")
    lines = (root / "benchmarks" / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    for pin in pins:
        assert re.fullmatch(r"[a-z]+==[\d.]+", pin)
        name = pin.partition("==")[0]
        assert name not in own or pin in own
    assert len(pins) == 4


def test_quantities_keep_three_digits() -> None:
    assert [table.quantity(v, "s") for v in (5e-7, 0.0123, 12.0)] == [
        "0.50 µs",
        "12.3 ms",
        "12.0 s",
    ]
    assert [table.quantity(v, "B") for v in (12, 1500, 4e9)] == ["12.0 B", "1.50 kB", "4.00 GB"]
