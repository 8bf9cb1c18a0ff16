"""The benchmarks' own logic: ratios, goals, medians, failures. No timing decides a test."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import graph_calls, graphs, lesson, measure, pages, run, startup, table
from benchmarks.measure import Contestant, Failed, Result, Workers, interleaved
from benchmarks.table import Comparison, Goal, markdown
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
        (Goal("at most", 3), 3.0, None, True),
        (Goal("at most", 3), 3.1, 1.0, False),
        (Goal("times", 3), None, 1.0, None),
        (Goal("times", 3), 1.0, None, None),
        (None, 1.0, 2.0, None),
    ],
)
def test_a_goal_is_reached_or_not(
    goal: Goal | None, ours: float | None, other: float | None, reached: bool | None
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
        (Comparison("a", "another", 1.0, None, said="RecursionError"), ""),
    ],
)
def test_the_ratio_says_what_it_compares(comparison: Comparison, ratio: str) -> None:
    assert comparison.cells()[4] == ratio


def test_the_table() -> None:
    why = "It reads everything twice."
    rows = [
        Comparison("work", "another", 0.001, 0.02, goal=Goal("faster", 10)),
        Comparison("work", "a third", 0.001, None, said="RecursionError"),
        Comparison("work", "floor: bare", 0.004, 0.001, goal=Goal("times", 3), why=why),
        Comparison("more", "floor: bare", 0.005, 0.001, goal=Goal("times", 3), why=why),
        Comparison("size", "–", 2.5e6, None, "B", Goal("at most", 3e6)),
        Comparison("on CUDA", "–", None, said="no CUDA device"),
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


class FakeWorkers(Workers):
    """Answers each run of a contestant with the next of its seconds, or fails with a text."""

    def __init__(self, answers: dict[str, list[float | str]]) -> None:
        super().__init__()
        self.order: list[str] = []
        self._answers = {name: iter(each) for name, each in answers.items()}

    def ask(self, process: str, limit: float, **request: Any) -> dict[str, Any]:
        if request["do"] != "run":
            return {}
        self.order.append(request["name"])
        answer = next(self._answers[request["name"]])
        if isinstance(answer, str):
            raise Failed(answer)
        return {"seconds": answer, "value": None, "peak": 5}


def contestants(*names: str) -> list[Contestant]:
    return [Contestant(name, "module:function") for name in names]


def test_medians_of_runs_in_turn_without_the_first() -> None:
    workers = FakeWorkers({"a": [9, 1, 3, 2], "b": [9, 4, 4, 7]})
    found = interleaved(workers, contestants("a", "b"), 3)
    assert found == {"a": Result(2, "", None, 5), "b": Result(4, "", None, 5)}
    assert workers.order == ["a", "b"] * 4


def test_who_fails_stays_out_and_who_is_slow_runs_once() -> None:
    workers = FakeWorkers({"a": ["RecursionError"], "b": [30], "c": [1, 2, "crashed"]})
    found = interleaved(workers, contestants("a", "b", "c"), 3)
    assert found["a"] == Result(None, "RecursionError")
    assert found["b"].seconds == 30
    assert found["c"].seconds is None
    assert workers.order == ["a", "b", "c", "c", "c"]


def test_a_worker_that_raises_crashes_or_hangs_is_a_failure_and_replaced() -> None:
    with Workers(threads=1) as workers:

        def prepare(function: str, limit: float = 60, **settings: Any) -> None:
            request = {"name": "x", "function": function, "settings": settings}
            workers.ask("one", limit, do="prepare", **request)

        with pytest.raises(Failed, match=r"^TypeError$"):
            prepare("builtins:int", x="one")
        with pytest.raises(Failed, match="crashed"):
            prepare("os:abort")
        with pytest.raises(Failed, match="passes 1 s"):
            prepare("subprocess:run", limit=1, args=["sleep", "5"])
        prepare("benchmarks.descent:curve_bare")
        answer = workers.ask("one", 60, do="run", name="x")
        assert answer["seconds"] > 0 and answer["peak"] > 10**6


def test_a_tool_that_fails_or_needs_too_long_is_not_tried_on_larger_graphs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[set[str]] = []

    def fake(workers: Workers, who: list[Contestant], rounds: int) -> dict[str, Result]:
        asked.append({each.name for each in who})
        found = {each.name: Result(0.1) for each in who}
        bad = {"torchviz": Result(None, "RecursionError"), "torchlens": Result(7.0)}
        return found | {name: each for name, each in bad.items() if name in found}

    monkeypatch.setattr(graphs, "interleaved", fake)
    given_up: dict[str, str] = {}
    graphs._trace_all(Workers(), 1, "chain", 100, given_up)
    second = graphs._trace_all(Workers(), 1, "chain", 1000, given_up)
    assert asked[1] == {"ours", "walk", "read", "both", "torchview"}
    assert second["torchviz"].failure == "RecursionError"
    assert second["torchlens"].failure == "over a minute: 7 s at 100"


@pytest.mark.parametrize("shape", ["chain", "random_graph"])
def test_the_graphs_have_the_size_that_they_say(shape: str) -> None:
    x = torch.tensor(0.5, requires_grad=True)
    y = getattr(lesson, shape)(500)(x)
    operations = [node for node in trace(y, x=x).nodes if node.kind == "operation"]
    assert len(operations) == 500 and bool(y.isfinite())
    assert len(lesson.bare_walk(y)) == 501


def test_memory_of_a_traced_graph_grows_with_its_size_alone() -> None:
    small, large = (graph_calls.memory_ours("chain", size)() for size in (2_000, 20_000))
    assert large == pytest.approx(small, rel=0.3)
    assert large < 1000


def test_all_descents_take_the_same_steps() -> None:
    thetas = torch.linspace(-4.5, 4.5, 30, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(lesson.objective(thetas).sum(), thetas)
    torch.testing.assert_close(lesson.slope(thetas.detach()), slope)
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
    rows = [Comparison("work", "floor: bare", 0.002, 0.001, goal=Goal("times", 3))]
    alone = run.results(["Machine: a."], rows, tmp_path)
    assert "- Machine: a.\n" in alone and "GPU" not in alone
    kept = {"header": ["GPU: b."], "rows": [row._asdict() for row in rows]}
    (tmp_path / "results_cuda.json").write_text(json.dumps(kept))
    both = run.results(["Machine: a."], rows, tmp_path)
    assert both.startswith(alone)
    assert both.endswith("- GPU: b.\n\n" + markdown(rows))


def test_linear_is_what_grows_as_the_bare_walk_does() -> None:
    seconds = {100: (2e-5, 1e-5), 1000: (2e-4, 1e-4), 10**6: (0.8, 0.5)}
    found = {
        size: {"ours": Result(ours), "walk": Result(walk)} for size, (ours, walk) in seconds.items()
    }
    row = graphs._growth("chain", found)
    assert row.what == "time for an operation of a chain: of 1,000,000 ÷ of 1,000"
    assert row.cells()[2:] == ["4.00×", "5.00×", "0.80× the floor", "≤ 1.50×", "yes"]
    found[10**6]["ours"] = Result(None, "crashed")
    assert graphs._growth("chain", found).reached is None


def test_the_readme_says_what_the_results_say() -> None:
    table_of = {}
    for name in ("README.md", "benchmarks/results.md"):
        lines = (measure.ROOT / name).read_text("utf-8").splitlines()
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
        table_of[name] = {tuple(row[:2]): row for row in rows if len(row) >= 3}
    whole = table_of["benchmarks/results.md"]
    for key in run._SHORT:
        assert table_of["README.md"][key][2] == whole[key][4] != ""


def test_what_is_imported_beyond_torch_is_the_difference() -> None:
    row = startup._row("import lecture_pkg", [(1.0, 1.2), (3.0, 3.01), (2.0, 2.04)])
    assert row.other == 2.0 and row.ours == pytest.approx(2.04) and row.reached


def test_pages_are_served_as_a_cdn_does(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>long</p>" * 100)
    (tmp_path / "icons.woff2").write_bytes(b"packed already")
    with pages.served(tmp_path) as address:
        connection = http.client.HTTPConnection(address.removeprefix("http://"))
        for path in ("/page.html", "/icons.woff2?v=1", "/nothing"):
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if path == "/page.html":
                assert answer.headers["Content-Encoding"] == "gzip" and len(body) < 100
                assert gzip.decompress(body) == (tmp_path / "page.html").read_bytes()
            else:
                assert (answer.status, body[:6]) in [(200, b"packed"), (404, body[:6])]
        connection.close()


def test_alternatives_are_pinned_and_no_part_of_the_book() -> None:
    root = measure.ROOT
    own = (root / "requirements.txt").read_text("utf-8")
    lines = (root / "benchmarks" / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    for pin in pins:
        assert re.fullmatch(r"[a-z]+==[\d.]+", pin)
        name = pin.partition("==")[0]
        assert name not in own or pin in own
    assert len(pins) == 5


def test_quantities_keep_three_digits() -> None:
    assert [table.quantity(v, "s") for v in (5e-7, 0.0123, 12.0)] == [
        "0.50 µs",
        "12.3 ms",
        "12.0 s",
    ]
    assert [table.quantity(v, "B") for v in (12, 1500, 4e9)] == ["12.0 B", "1.50 kB", "4.00 GB"]
