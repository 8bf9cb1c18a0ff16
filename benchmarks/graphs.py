"""Drawing, tracing and recording graphs, against torchviz, torchview and torchlens."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.alternatives import find_dot, interpreter
from benchmarks.measure import Contestant, Result, Workers, interleaved
from benchmarks.table import Comparison, Goal

_CALLS = "benchmarks.graph_calls"
_MINUTE = 60.0
_WITH_FORWARD = " (with the forward pass, which it needs)"


def compare(rounds: int, quick: bool) -> list[Comparison]:
    find_dot()
    with Workers(interpreter()) as workers:
        return [
            *_drawing(workers, rounds),
            *_tracing(
                workers, rounds, (100, 1000) if quick else (10**2, 10**3, 10**4, 10**5, 10**6)
            ),
            *_recording(workers, rounds),
        ]


def _drawing(workers: Workers, rounds: int) -> list[Comparison]:
    what = "drawing the lecture's graph to SVG"
    tools = ("torchviz", "torchview", "torchlens")
    found = interleaved(
        workers,
        [
            Contestant("ours", f"{_CALLS}:draw_ours", process="drawing"),
            Contestant("layout", f"{_CALLS}:draw_layout", process="drawing"),
            *(Contestant(tool, f"{_CALLS}:draw_{tool}", process=tool) for tool in tools),
        ],
        rounds,
    )
    goals = {"torchviz": Goal("faster", 10)}
    rows = [
        _row(what, f"{tool} + dot", found["ours"], found[tool], goals.get(tool)) for tool in tools
    ]
    return [*rows, _row(what, "floor: layout alone", found["ours"], found["layout"])]


def _row(
    what: str, against: str, ours: Result, other: Result, goal: Goal | None = None, why: str = ""
) -> Comparison:
    return Comparison(
        what, against, ours.seconds, other.seconds, "s", goal, ours.failure or other.failure, why
    )


def _tracing(workers: Workers, rounds: int, sizes: Sequence[int]) -> list[Comparison]:
    rows: list[Comparison] = []
    for shape in ("chain", "random_graph"):
        given_up: dict[str, str] = {}
        found = {size: _trace_all(workers, rounds, shape, size, given_up) for size in sizes}
        for size, results in found.items():
            what = f"tracing a {shape.replace('_', ' ')} of {size:,} operations"
            rows += _traced(what, results)
        rows.append(_growth(shape.replace("_", " "), found))
    return [*rows, _memory(workers, min(sizes[-1], 10**5))]


def _traced(what: str, found: dict[str, Result]) -> list[Comparison]:
    floor = "floor: a bare walk"
    why = (
        "A call does some 25 µs of work whatever the graph: it checks its arguments, and reads the "
        "leaf and the output. And where the bare walk still fits into the processor's cache, at "
        "some 10,000 operations, the graph that is kept no longer does."
    )
    return [
        _row(what, "torchviz", found["ours"], found["torchviz"]),
        _row(what, "torchview" + _WITH_FORWARD, found["both"], found["torchview"]),
        _row(what, "torchlens" + _WITH_FORWARD, found["both"], found["torchlens"]),
        _row(what, floor, found["ours"], found["walk"], Goal("times", 3), why),
        _row(what + ", and reading each node and edge", floor, found["read"], found["walk"]),
    ]


def _growth(shape: str, found: dict[int, dict[str, Result]]) -> Comparison:
    """How much more time an operation takes in the largest graph than in the smallest but one."""
    sizes = sorted(found)
    first, last = sizes[min(1, len(sizes) - 2)], sizes[-1]
    grown = []
    for name in ("ours", "walk"):
        small, large = found[first][name].seconds, found[last][name].seconds
        grown.append(small and large and (large / last) / (small / first))
    return Comparison(
        f"time for an operation of a {shape}: of {last:,} ÷ of {first:,}",
        "floor: the same of a bare walk, which is linear",
        *grown,
        unit="×",
        goal=Goal("times", 1.5),
        why="What no longer fits into the processor's cache has to come from main memory.",
    )


def _trace_all(
    workers: Workers, rounds: int, shape: str, size: int, given_up: dict[str, str]
) -> dict[str, Result]:
    """All that trace a graph; one that has failed or got too slow in a smaller one stays out."""
    settings = {"shape": shape, "size": size}
    contestants = [
        Contestant("ours", f"{_CALLS}:trace_ours", settings),
        Contestant("walk", f"{_CALLS}:trace_bare", settings),
        Contestant("read", f"{_CALLS}:trace_and_read", settings),
        # apart, like drawing: once something was recorded each function is asked for its record
        Contestant("both", f"{_CALLS}:trace_with_forward", settings, "recording"),
    ]
    tools = ("torchviz", "torchview", "torchlens")
    contestants += [
        Contestant(tool, f"{_CALLS}:trace_{tool}", settings, tool)
        for tool in tools
        if tool not in given_up
    ]
    found = interleaved(workers, contestants, rounds)
    found |= {tool: Result(None, why) for tool, why in given_up.items()}
    for tool in tools:
        seconds, failure = found[tool][:2]
        if failure:
            given_up.setdefault(tool, failure)
        elif seconds is not None and seconds > _MINUTE / 10:
            given_up[tool] = f"over a minute: {seconds:.0f} s at {size:,}"
    return found


def _memory(workers: Workers, size: int) -> Comparison:
    settings = {"shape": "chain", "size": size}
    found = interleaved(
        workers,
        [
            Contestant("ours", f"{_CALLS}:memory_ours", settings),
            Contestant("walk", f"{_CALLS}:memory_bare", settings),
        ],
        0,
    )
    ours, walk = (found[name].value for name in ("ours", "walk"))
    what = f"memory for each operation of a chain of {size:,}"
    return Comparison(what, "floor: a bare walk's seen-set", ours, walk, "B")


def _recording(workers: Workers, rounds: int) -> list[Comparison]:
    rows: list[Comparison] = []
    for size in (10, 100, 1000):
        settings = {"size": size}
        found = interleaved(
            workers,
            [
                Contestant("ours", f"{_CALLS}:record_ours", settings),
                Contestant("bare", f"{_CALLS}:record_bare", settings),
                Contestant("both", f"{_CALLS}:record_with_forward", settings, "recording"),
                Contestant("torchlens", f"{_CALLS}:record_torchlens", settings, "torchlens"),
            ],
            rounds,
        )
        what = f"recording the backward pass of {size:,} operations"
        why = (
            "For each operation it calls a hook in Python, copies every gradient and puts the rule "
            "into words; the pass alone is compiled code that takes a few µs an operation."
        )
        goal = Goal("times", 10)
        rows += [
            _row(what, "torchlens" + _WITH_FORWARD, found["both"], found["torchlens"]),
            _row(what, "floor: the pass alone", found["ours"], found["bare"], goal, why),
        ]
    return rows
