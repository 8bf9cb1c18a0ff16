"""What the rows about graphs time: each function prepares, and returns what is timed."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import lesson


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
    from lecture_pkg import show_graph
    from lecture_pkg.graph.layout import graphviz

    x = torch.tensor(5.0, requires_grad=True)
    dot = show_graph(lesson.small_graph(x), x=x).dot
    return lambda: graphviz(dot, "plain") and None


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


def trace_and_read(shape: str, size: int) -> Callable[[], Any]:
    """Tracing, and one look at each node and edge: a graph makes them when they are asked for."""
    from lecture_pkg import trace

    x = _leaf()
    y = _function(shape, size)(x)

    def run() -> None:
        graph = trace(y, x=x)
        for _ in graph.nodes:
            pass
        for _ in graph.edges:
            pass

    return run


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
