"""Drawing, tracing and recording graphs, against torchviz, torchview and torchlens."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmarks import lesson
from benchmarks.alternatives import find_dot, interpreter
from benchmarks.measure import Contestant, Result, Workers, interleaved
from benchmarks.table import Comparison, Goal

_HERE = "benchmarks.graphs"
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
            Contestant("ours", f"{_HERE}:draw_ours"),
            Contestant("layout", f"{_HERE}:draw_layout"),
            *(Contestant(tool, f"{_HERE}:draw_{tool}", process=tool) for tool in tools),
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
        each_operation: dict[int, float | None] = {}
        for size in sizes:
            what = f"tracing a {shape.replace('_', ' ')} of {size:,} operations"
            found = _trace_all(workers, rounds, shape, size, given_up)
            each_operation[size] = found["ours"].seconds and found["ours"].seconds / size
            rows += [
                _row(what, "torchviz", found["ours"], found["torchviz"]),
                _row(what, "torchview" + _WITH_FORWARD, found["both"], found["torchview"]),
                _row(what, "torchlens" + _WITH_FORWARD, found["both"], found["torchlens"]),
                _row(what, "floor: a bare walk", found["ours"], found["walk"], Goal("times", 3)),
            ]
        first, last = sizes[0] * 10 if len(sizes) > 2 else sizes[0], sizes[-1]
        rows.append(
            Comparison(
                f"each operation of a {shape.replace('_', ' ')} of {last:,}",
                f"floor: each of {first:,}",
                each_operation[last],
                each_operation[first],
                goal=Goal("times", 2),
                why="Of a graph that no longer fits into the processor's cache each function "
                "has to come from main memory; the bare walk slows down in the same way.",
            )
        )
    return [*rows, _memory(workers, min(sizes[-1], 10**5))]


def _trace_all(
    workers: Workers, rounds: int, shape: str, size: int, given_up: dict[str, str]
) -> dict[str, Result]:
    """All that trace a graph; one that has failed or got too slow in a smaller one stays out."""
    settings = {"shape": shape, "size": size}
    contestants = [
        Contestant("ours", f"{_HERE}:trace_ours", settings),
        Contestant("walk", f"{_HERE}:trace_bare", settings),
        # apart, for once something was recorded each function is asked for its record
        Contestant("both", f"{_HERE}:trace_with_forward", settings, "recording"),
    ]
    tools = ("torchviz", "torchview", "torchlens")
    contestants += [
        Contestant(tool, f"{_HERE}:trace_{tool}", settings, tool)
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
            Contestant("ours", f"{_HERE}:memory_ours", settings),
            Contestant("walk", f"{_HERE}:memory_bare", settings),
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
                Contestant("ours", f"{_HERE}:record_ours", settings),
                Contestant("bare", f"{_HERE}:record_bare", settings),
                Contestant("both", f"{_HERE}:record_with_forward", settings, "recording"),
                Contestant("torchlens", f"{_HERE}:record_torchlens", settings, "torchlens"),
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


# What runs in the workers: each function prepares, and returns what is timed.


class _Module(torch.nn.Module):
    """A function as the module that torchview and torchlens ask for."""

    def __init__(self, function: lesson.Objective) -> None:
        super().__init__()
        self._function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._function(x)


def _leaf() -> torch.Tensor:
    return torch.tensor(0.5, requires_grad=True)


def draw_ours() -> Callable[[], Any]:
    from lecture_pkg import record, show_graph

    x = torch.tensor(5.0, requires_grad=True)
    with record():
        y = lesson.small_graph(x)
    return lambda: show_graph(y, x=x).svg and None


def draw_layout() -> Callable[[], Any]:
    """Graphviz' layout of the same graph, without anything drawn."""
    import pygraphviz

    from lecture_pkg import show_graph

    x = torch.tensor(5.0, requires_grad=True)
    dot = show_graph(lesson.small_graph(x), x=x).dot
    return lambda: pygraphviz.AGraph(string=dot).draw(format="plain", prog="dot") and None


def draw_torchviz() -> Callable[[], Any]:
    import torchviz

    x = torch.tensor(5.0, requires_grad=True)
    y = lesson.small_graph(x)
    return lambda: torchviz.make_dot(y, params={"x": x}).pipe("svg") and None


def _torchview(function: lesson.Objective, x: torch.Tensor) -> Any:
    import torchview

    return torchview.draw_graph(
        _Module(function),
        input_data=x,
        depth=float("inf"),  # else only the module is shown, and no operation in it
        expand_nested=True,
        hide_module_functions=False,
    )


def draw_torchview() -> Callable[[], Any]:
    x = torch.tensor(5.0, requires_grad=True)
    return lambda: _torchview(lesson.small_graph, x).visual_graph.pipe("svg") and None


def draw_torchlens() -> Callable[[], Any]:
    import torchlens

    x, module = torch.tensor(5.0, requires_grad=True), _Module(lesson.small_graph)
    place = os.path.join(tempfile.mkdtemp(), "graph")

    def draw() -> None:
        torchlens.trace(module, x).draw(vis_outpath=place, vis_save_only=True, vis_fileformat="svg")

    return draw


def _function(shape: str, size: int) -> lesson.Objective:
    made: lesson.Objective = getattr(lesson, shape)(size)
    return made


def trace_ours(shape: str, size: int) -> Callable[[], Any]:
    from lecture_pkg import trace

    x = _leaf()
    y = _function(shape, size)(x)
    return lambda: trace(y, x=x) and None


def trace_bare(shape: str, size: int) -> Callable[[], Any]:
    y = _function(shape, size)(_leaf())
    return lambda: lesson.bare_walk(y) and None


def trace_with_forward(shape: str, size: int) -> Callable[[], Any]:
    from lecture_pkg import record, trace

    x, function = _leaf(), _function(shape, size)

    def run() -> None:
        with record():
            y = function(x)
        trace(y, x=x)

    return run


def trace_torchviz(shape: str, size: int) -> Callable[[], Any]:
    import torchviz

    x = _leaf()
    y = _function(shape, size)(x)
    return lambda: torchviz.make_dot(y, params={"x": x}) and None


def trace_torchview(shape: str, size: int) -> Callable[[], Any]:
    x, function = _leaf(), _function(shape, size)
    return lambda: _torchview(function, x) and None


def trace_torchlens(shape: str, size: int) -> Callable[[], Any]:
    import torchlens

    x, module = _leaf(), _Module(_function(shape, size))
    return lambda: torchlens.trace(module, x) and None


def memory_ours(shape: str, size: int) -> Callable[[], float]:
    from lecture_pkg import trace

    x = _leaf()
    y = _function(shape, size)(x)
    return lambda: _kept(lambda: trace(y, x=x)) / size


def memory_bare(shape: str, size: int) -> Callable[[], float]:
    y = _function(shape, size)(_leaf())
    return lambda: _kept(lambda: lesson.bare_walk(y)) / size


def _kept(make: Callable[[], Any]) -> int:
    """The bytes of what `make` makes."""
    tracemalloc.start()
    made = make()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return size


def record_ours(size: int) -> Callable[[], Any]:
    from lecture_pkg import record, record_backward

    x = _leaf()
    with record():
        y = lesson.chain(size)(x)
    return lambda: record_backward(y, x=x) and None


def record_bare(size: int) -> Callable[[], Any]:
    x = _leaf()
    y = lesson.chain(size)(x)
    return lambda: torch.autograd.grad(y, x, retain_graph=True) and None


def record_with_forward(size: int) -> Callable[[], Any]:
    from lecture_pkg import record, record_backward

    x, function = _leaf(), lesson.chain(size)

    def run() -> None:
        with record():
            y = function(x)
        record_backward(y, x=x)

    return run


def record_torchlens(size: int) -> Callable[[], Any]:
    import torchlens

    x, module = _leaf(), _Module(lesson.chain(size))
    options = torchlens.options.CaptureOptions(save_grads=True)

    def run() -> None:
        log = torchlens.trace(module, x, capture=options)
        log.log_backward(log[log.output_layers[0]].out)

    return run
