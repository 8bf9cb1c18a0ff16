"""Recording remembers values and constants, and changes nothing else."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.fx.experimental.proxy_tensor import make_fx

from lecture_pkg import record, record_backward, show_graph, trace
from lecture_pkg.graph.data import Graph, Node

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def node(graph: Graph, label: str) -> Node:
    found = [node for node in graph.nodes if node.label == label]
    assert len(found) == 1, [node.label for node in graph.nodes]
    return found[0]


def numbers(graph: Graph, label: str) -> Any:
    value = node(graph, label).snapshot
    return value and value.numbers


def constants(graph: Graph) -> list[str]:
    return sorted(node.label for node in graph.nodes if node.kind == "constant")


@pytest.mark.parametrize("device", DEVICES)
def test_values_and_constants_of_the_lectures_graph(device: str) -> None:
    x = torch.tensor(5.0, requires_grad=True, device=device)
    c = torch.tensor(3.0, device=device)
    with record():
        y = c * torch.sin(x) + x + c
    graph = trace(y, x=x, c=c, y=y)
    assert numbers(graph, "sin") == (torch.sin(x).item(),)
    assert numbers(graph, "mul") == ((c * torch.sin(x)).item(),)
    constant = node(graph, "c")
    assert constant.kind == "constant"
    assert len(graph.consumers(constant.id)) == 2


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda x: x + 5, ["5"]),
        (lambda x: 5 + x, ["5"]),
        (lambda x: 5 - x, ["5"]),
        (lambda x: x - 5, ["5"]),
        (lambda x: x * 0.5, ["0.5000"]),
        (lambda x: 5 / x, ["5"]),
        (lambda x: x / 5, ["5"]),
        (lambda x: x**2, ["2"]),
        (lambda x: 2**x, ["2"]),
        (lambda x: x.sum(dim=0), []),
        (lambda x: x.clamp(0, 1), []),
        (lambda x: x.reshape(2, 2), []),
        (lambda x: torch.add(x, 5, alpha=2), ["5"]),
        (lambda x: torch.cat([x, torch.zeros(2)]), ["[0.0, 0.0]"]),
        (lambda x: torch.where(x > 1, x, 0.5), ["0.5000", "[False, False, True, True]"]),
        (lambda x: x * torch.tensor([True, False, True, True]), ["[True, False, True, True]"]),
        (lambda x: x[torch.tensor([0, 1])], ["[0, 1]"]),
        (lambda x: F.layer_norm(x, (4,)), []),
        (lambda x: F.mse_loss(x, torch.zeros(4)), ["[0.0, 0.0, 0.0, 0.0]"]),
        (lambda x: F.conv1d(x.reshape(1, 1, 4), torch.ones(1, 1, 1)), ["[[[1.0]]]"]),
    ],
)
def test_operands_without_gradient_become_constants(compute: Any, expected: list[str]) -> None:
    x = torch.arange(4.0, requires_grad=True)
    with record():
        y = compute(x)
    assert constants(trace(y, x=x)) == expected


def test_a_constant_is_known_by_its_value_at_the_time() -> None:
    x, c = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
    with record():
        first = x + c
        c.mul_(10)
        y = first + c
    graph = trace(y, x=x)
    assert constants(graph) == ["3.0", "30.0"]


def test_operations_in_place_are_recorded_and_change_no_earlier_value() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record():
        y = x + 1
        y.mul_(3)
        y += 1
    graph = trace(y, x=x)
    values = [node.snapshot.numbers for node in graph.nodes if node.snapshot and node.grad_fn]
    assert values == [(7.0, 10.0), (6.0, 9.0), (2.0, 3.0)]
    with torch.no_grad():
        y.zero_()
    assert trace(y, x=x).nodes[0].snapshot == graph.nodes[0].snapshot


def test_results_of_several_outputs_are_told_apart() -> None:
    x = torch.arange(4.0, requires_grad=True)
    with record():
        low, high = torch.split(x * 2, 2)
        largest, place = (low + high).max(dim=0)
    graph = trace(largest, x=x, low=low, high=high)
    assert numbers(graph, "low") == (0.0, 2.0)
    assert numbers(graph, "high") == (4.0, 6.0)
    assert node(graph, "max").snapshot is not None
    assert place.item() == 1


def test_composite_functions_leave_what_happens_inside_unknown() -> None:
    scores = torch.zeros(3, 2, requires_grad=True)
    with record():
        loss = F.cross_entropy(scores, torch.tensor([0, 1, 1]))
    graph = trace(loss, scores=scores)
    assert node(graph, "log_softmax").snapshot is None
    assert numbers(graph, "nll_loss") == (pytest.approx(0.6931, abs=1e-4),)


def test_a_layer_is_recorded() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    x = torch.ones(4, 3)
    with record():
        y = F.relu(layer(x)).sum()
    graph = trace(y, x=x, **dict(layer.named_parameters()))
    assert {"weight", "bias", "x", "addmm", "relu", "sum"} <= {n.label for n in graph.nodes}
    assert node(graph, "x").kind == "constant"


def test_a_layer_that_finds_its_shape_later_is_recorded() -> None:
    layer = torch.nn.LazyLinear(2)
    with record():
        y = layer(torch.ones(4, 3)).sum()
    graph = trace(y, **dict(layer.named_parameters()))
    assert node(graph, "weight").snapshot is not None and node(graph, "addmm").snapshot is not None


def test_nested_and_entered_again() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    recorder = record()
    with recorder, record(), recorder:
        y = x * 3
    with recorder:
        y = y + 1
    assert numbers(trace(y, x=x), "mul") == (6.0,)
    assert numbers(trace(y, x=x), "add") == (7.0,)


@pytest.mark.parametrize("device", DEVICES)
def test_beside_a_default_device(device: str) -> None:
    before = torch.get_default_device()
    try:
        torch.set_default_device(device)
        with record():
            x = torch.tensor(2.0, requires_grad=True)
            y = torch.ones(3) * x
    finally:
        torch.set_default_device(before)
    assert y.device.type == device
    assert numbers(trace(y, x=x), "mul") == (2.0, 2.0, 2.0)


def test_nothing_is_recorded_outside_the_block_even_after_an_error() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(ZeroDivisionError), record():
        1 / 0  # noqa: B018
    assert numbers(trace(x * 3, x=x), "mul") is None


def test_what_is_computed_stays_the_same() -> None:
    def compute() -> list[torch.Tensor]:
        torch.manual_seed(1)
        x = torch.randn(20, 5, requires_grad=True)
        model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Dropout(), torch.nn.Tanh())
        y = (model(x) ** 2).mean() + F.dropout(x).sum() + torch.rand(()) * x.std()
        y.backward()
        assert x.grad is not None
        return [y.detach(), x.grad]

    plain = compute()
    with record():
        recorded = compute()
    assert all(torch.equal(a, b) for a, b in zip(plain, recorded, strict=True))


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace")
def test_what_follows_each_operation_sees_no_others() -> None:
    def compute(x: torch.Tensor) -> torch.Tensor:
        return (torch.sin(x) * 2 + x).sum()

    def traced(make: Callable[..., Any], **options: Any) -> str:
        found = make(compute, **options)(torch.ones(3, requires_grad=True))
        return str(getattr(found, "code", found))

    def scripted(function: Any) -> Any:
        return lambda x: torch.jit.trace(function, (x,))

    makers: list[tuple[Any, dict[str, Any]]] = [
        (make_fx, {}),
        (make_fx, {"tracing_mode": "fake"}),
        (make_fx, {"pre_dispatch": True}),
        (scripted, {}),
        (torch.compile, {"backend": "eager"}),
    ]
    for make, options in makers:
        plain = traced(make, **options)
        with record():
            assert traced(make, **options) == plain


@pytest.mark.filterwarnings("ignore:.*nested tensors")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_tensors(layout: torch.layout) -> None:
    parts = [torch.ones(2, 3), torch.ones(1, 3)]
    x = torch.nested.nested_tensor(parts, requires_grad=True, layout=layout)
    with record():
        y = torch.nested.to_padded_tensor(x * 2, 0.0).sum()
    assert node(trace(y, x=x), "x").snapshot == ((2, -1, -1), "float32", None)
    found = record_backward(y, x=x)
    assert [flow.rule for step in found.steps for flow in step.leaving][-1] == (
        "mul: gradient × other input, of shape (2, -1, -1)"
    )
    assert "x" in show_graph(y, x=x, backward=True, show_saved=True).alt


def test_a_hook_on_a_view_whose_base_changes() -> None:
    """In a process of its own: torch holds a lock here that a question would wait for forever."""
    program = """
import torch
from lecture_pkg import record
x = torch.ones(4, requires_grad=True)
with record():
    base = x * 1
    view = base[:2]
    view.register_hook(lambda gradient: gradient * 10)
    base.mul_(2)
    y = view.as_subclass(torch.Tensor).sum()
y.backward()
print(x.grad.tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[2.0, 2.0, 0.0, 0.0]\n"


def test_a_leaf_that_was_changed_since_shows_what_was_computed_with() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        y = torch.sin(x * 3)
    with torch.no_grad():
        x.fill_(50)
    for named in ({"x": x}, {}):
        (found,) = trace(y, **named).leaves()
        assert found.snapshot and found.snapshot.numbers == (2.0,)
    with record():
        z = x * 3
    assert numbers(trace(z, x=x), "x") == (50.0,)


def test_one_constant_stays_one_when_backward_has_let_it_go() -> None:
    def compute(x: torch.Tensor) -> torch.Tensor:
        c = torch.ones(())
        return c * torch.sin(x) * c + c

    x = torch.tensor(2.0, requires_grad=True)
    with record():
        y = compute(x)
    before = trace(y, x=x)
    y.backward()
    assert trace(y, x=x) == before and len(constants(before)) == 1


def test_without_gradients_nothing_is_touched() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        with torch.no_grad():
            y = x * 3
        with torch.inference_mode():
            x * 3
        z = torch.ones(3) * 2
        assert x.view_as(x).requires_grad
        gradient = torch.func.grad(lambda t: (t * t).sum())(torch.ones(3))
    assert y.grad_fn is None and z.grad_fn is None
    assert gradient.tolist() == [2.0, 2.0, 2.0]


def test_an_operand_that_is_handed_back_keeps_its_record() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        y = x * 3
        same = y.contiguous().to(torch.float32)
    assert same is y
    assert numbers(trace(same, x=x), "mul") == (6.0,)
    assert constants(trace(same, x=x)) == ["3"]


def test_a_record_does_not_keep_tensors_alive() -> None:
    x, big = torch.tensor(2.0, requires_grad=True), torch.ones(1000)
    with record():
        middle = x + big
        y = middle.sum()
    references = [weakref.ref(big), weakref.ref(middle)]
    del big, middle
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert constants(trace(y, x=x)) == ["(1000)"]


def test_values_are_still_there_after_backward() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        y = torch.sin(x * 3)
    y.backward()
    assert numbers(trace(y, x=x), "mul") == (6.0,)


def test_only_the_first_ten_thousand_operations_are_recorded() -> None:
    x = torch.tensor(0.5, requires_grad=True)
    with record():
        y = x
        for _ in range(10_010):
            y = torch.sin(y)
        branch = x + 1
    last = trace(torch.cos(branch), x=x)
    assert numbers(last, "add") is None


def test_a_custom_function_goes_unrecorded() -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
            return gradient * 2

    x = torch.tensor(2.0, requires_grad=True)
    with record():
        y = Double.apply(x) + 1
    graph = trace(y, x=x)
    assert node(graph, "double").snapshot is None
    assert numbers(graph, "add") == (5.0,)
