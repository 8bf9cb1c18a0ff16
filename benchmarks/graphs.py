"""Drawing, tracing and recording graphs, against torchviz, torchview and torchlens.

The functions that prepare what is timed stand below the rows that they make.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks import lesson
from benchmarks.alternatives import find_dot
from benchmarks.measure import largest, medians
from benchmarks.table import Comparison, Goal

_SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_PATIENCE = 10.0  # seconds that a reader would wait for a graph


def compare(rounds: int, quick: bool) -> list[Comparison]:
    find_dot()
    return [
        _drawing(rounds),
        _tracing(rounds, 1_000 if quick else 10_000),
        *_longest(_SIZES[:4] if quick else _SIZES),
        _recording(rounds, 100),
    ]


def _drawing(rounds: int) -> Comparison:
    found = medians({"ours": (draw_ours,), "torchviz": (draw_torchviz,)}, rounds)
    what, against = "drawing the lecture's graph to SVG", "torchviz + dot"
    goal = Goal("faster", 3)
    return Comparison(what, against, found["ours"], found["torchviz"], goal=goal, in_readme=True)


def _tracing(rounds: int, size: int) -> Comparison:
    found = medians({"ours": (trace_ours, size), "walk": (trace_bare, size)}, rounds)
    what, floor = f"tracing a chain of {size:,} operations", "floor: a bare walk"
    goal = Goal("times", 5)
    return Comparison(what, floor, found["ours"], found["walk"], goal=goal, in_readme=True)


def _longest(sizes: tuple[int, ...]) -> list[Comparison]:
    what = f"the longest chain traced within {_PATIENCE:.0f} s"
    ours, _ = largest(trace_ours, sizes, _PATIENCE)
    tools = {"torchviz": trace_torchviz, "torchview": trace_torchview, "torchlens": trace_torchlens}
    rows = []
    for name, call in tools.items():
        reached, then = largest(call, sizes, _PATIENCE)
        rows.append(Comparison(what, f"{name}; then: {then}", ours, reached, "operations"))
    return rows


def _recording(rounds: int, size: int) -> Comparison:
    found = medians({"ours": (record_ours, size), "bare": (record_bare, size)}, rounds)
    what, floor = f"recording the backward pass of {size} operations", "floor: the pass alone"
    goal = Goal("times", 10)
    return Comparison(what, floor, found["ours"], found["bare"], goal=goal, in_readme=True)


def draw_ours() -> Callable[[], object]:
    from lecture_pkg import record, show_graph

    x = torch.tensor(5.0, requires_grad=True)
    with record():
        y = lesson.small_graph(x)
    return lambda: show_graph(y, x=x).svg


def draw_torchviz() -> Callable[[], object]:
    import torchviz

    x = torch.tensor(5.0, requires_grad=True)
    y = lesson.small_graph(x)
    return lambda: torchviz.make_dot(y, params={"x": x}).pipe("svg")


def _leaf() -> torch.Tensor:
    return torch.tensor(0.5, requires_grad=True)


def trace_ours(size: int) -> Callable[[], object]:
    from lecture_pkg import trace

    x = _leaf()
    y = lesson.chain(size)(x)
    return lambda: trace(y, x=x)


def trace_bare(size: int) -> Callable[[], object]:
    y = lesson.chain(size)(_leaf())
    return lambda: lesson.bare_walk(y)


def trace_torchviz(size: int) -> Callable[[], object]:
    import torchviz

    x = _leaf()
    y = lesson.chain(size)(x)
    return lambda: torchviz.make_dot(y, params={"x": x})


class _Module(torch.nn.Module):
    """A function as the module that torchview and torchlens ask for."""

    def __init__(self, function: lesson.Objective) -> None:
        super().__init__()
        self._function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._function(x)


def trace_torchview(size: int) -> Callable[[], object]:
    import torchview

    x, module = _leaf(), _Module(lesson.chain(size))
    return lambda: torchview.draw_graph(
        module,
        input_data=x,
        depth=float("inf"),  # else only the module is shown, and no operation in it
        expand_nested=True,
        hide_module_functions=False,
    )


def trace_torchlens(size: int) -> Callable[[], object]:
    import torchlens

    x, module = _leaf(), _Module(lesson.chain(size))
    return lambda: torchlens.trace(module, x)


def record_ours(size: int) -> Callable[[], object]:
    from lecture_pkg import record, record_backward

    x = _leaf()
    with record():
        y = lesson.chain(size)(x)
    return lambda: record_backward(y, x=x)


def record_bare(size: int) -> Callable[[], object]:
    x = _leaf()
    y = lesson.chain(size)(x)
    return lambda: torch.autograd.grad(y, x, retain_graph=True)
