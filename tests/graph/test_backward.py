"""A recorded backward pass: torch's gradients, in the engine's order, and nothing touched."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from expressions import finite_differences, random_expression
from torch.utils.checkpoint import checkpoint

from lecture_pkg import record, record_backward, trace
from lecture_pkg.graph.data import BackwardPass, Step, Sum
from lecture_pkg.values import snapshot

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def leaf(*numbers: float, device: str = "cpu") -> torch.Tensor:
    held = numbers if len(numbers) != 1 else numbers[0]
    return torch.tensor(held, requires_grad=True, device=device)


def label(recorded: BackwardPass, node: int) -> str:
    return recorded.graph.nodes[node].label


def gradient_of(recorded: BackwardPass, name: str) -> Any:
    (found,) = (node.id for node in recorded.graph.leaves() if node.label == name)
    return recorded.gradients[found].numbers


def story(recorded: BackwardPass) -> list[str]:
    return [label(recorded, step.node) for step in recorded.steps]


def sums(recorded: BackwardPass) -> list[str]:
    return [words for step in recorded.steps for _, _, words in step.accumulated]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("recorded_forward", [False, True])
def test_the_lectures_backward_pass(device: str, recorded_forward: bool) -> None:
    x, c = leaf(5.0, device=device), torch.tensor(3.0, device=device)
    if recorded_forward:
        with record():
            y = c * torch.sin(x) + x + c
    else:
        y = c * torch.sin(x) + x + c
    found = record_backward(y, x=x, c=c, y=y)
    assert story(found) == ["y", "add", "add", "mul", "sin"]
    assert [step.index for step in found.steps] == [0, 1, 2, 3, 4]
    assert [step.arriving.numbers for step in found.steps] == [(1,), (1,), (1,), (1,), (3,)]
    assert [[flow.rule for flow in step.leaving] for step in found.steps] == [
        ["y: starts with 1.0"],
        ["add: passes 1.0 on unchanged"],
        ["add: passes 1.0 on unchanged", "add: passes 1.0 on unchanged"],
        ["mul: 1.0 × 3.0 = 3.0"],
        ["sin: 3.0 × cos 5.0 = 0.8510"],
    ]
    assert sums(found) == ["1.0", "0.8510 + 1.0 = 1.8510"]
    assert gradient_of(found, "x") == pytest.approx([1.85098], abs=1e-4)
    assert x.grad is None
    y.backward()
    assert x.grad is not None
    assert (x.grad.item(),) == gradient_of(found, "x")


def test_two_leaves() -> None:
    x, c = leaf(5.0), leaf(3.0)
    found = record_backward(c * torch.sin(x) + x + c, x=x, c=c)
    assert gradient_of(found, "c") == pytest.approx([0.04108], abs=1e-4)
    assert sums(found) == ["1.0", "1.0", "−0.9589 + 1.0 = 0.0411", "0.8510 + 1.0 = 1.8510"]


def test_the_longer_chain() -> None:
    x = torch.arange(5.0, requires_grad=True)
    found = record_backward(torch.mean(torch.log(x**2 + 1) + 5 * x), x=x)
    assert sums(found)[-1].endswith("= [1.0000, 1.2000, 1.1600, 1.1200, 1.0941]")


def test_the_gradient_of_an_intermediate() -> None:
    x = (2 * torch.ones(5)).requires_grad_()
    y = torch.arange(5.0) @ x
    z = torch.log(y)
    found = record_backward(z, x=x, y=y, z=z)
    assert story(found) == ["z", "log", "y", "dot"]
    assert found.steps[2].arriving.numbers == pytest.approx([0.05])
    assert [flow.rule for flow in found.steps[2].leaving] == ["y: passes 0.0500 on unchanged"]
    assert gradient_of(found, "x") == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])


def check_whole(recorded: BackwardPass) -> None:
    """Whatever leaves a node has arrived at the next one before that runs, and adds up there."""
    nodes, edges = recorded.graph.nodes, recorded.graph.edges
    received: dict[int, list[Any]] = {}
    ran: set[int] = set()
    for step in recorded.steps:
        assert step.node not in ran
        ran.add(step.node)
        parts = received.get(step.node, [])
        if parts and step.arriving.shape == parts[0].shape:
            total = sum(torch.tensor(part.numbers, dtype=torch.float64) for part in parts)
            assert torch.tensor(step.arriving.numbers, dtype=torch.float64).allclose(total)
        for flow in step.leaving:
            edge = edges[flow.edge]
            assert edge.target == step.node
            assert edge.source not in ran
            received.setdefault(edge.source, []).append(flow.gradient)
        expected = {
            source
            for source, parts in received.items()
            if nodes[source].kind != "leaf"
            and len(parts) < sum(edge.source == source for edge in edges)
        }
        assert set(step.waiting) == expected
        for reached, _, words in step.accumulated:
            assert nodes[reached].kind == "leaf" and words
    for reached, gradient in recorded.gradients.items():
        last = [
            now for step in recorded.steps for node, now, _ in step.accumulated if node == reached
        ]
        assert last[-1].numbers == gradient.numbers


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", range(25))
def test_random_expressions_against_torch_and_finite_differences(seed: int, device: str) -> None:
    expression = random_expression(seed, operations=3 + (37 * seed) // 24)
    at = [0.7, -1.3]
    x, y = (torch.tensor(n, dtype=torch.float64, requires_grad=True, device=device) for n in at)
    with record():
        z = expression(x, y)
    wanted = torch.autograd.grad(z, [x, y], retain_graph=True, allow_unused=True)
    found = record_backward(z, x=x, y=y, z=z)
    check_whole(found)
    slopes = finite_differences(expression, at)
    for name, exact, slope in zip("xy", wanted, slopes, strict=True):
        if exact is not None:
            assert gradient_of(found, name) == (exact.item(),)
            assert exact.item() == pytest.approx(slope, rel=1e-5, abs=1e-7)
        else:
            assert slope == 0
    assert x.grad is None and y.grad is None


@pytest.mark.parametrize("seed", range(25, 30))
def test_float32_is_exact_too(seed: int) -> None:
    expression = random_expression(seed, operations=30)
    x, y = leaf(0.7), leaf(-1.3)
    z = expression(x, y)
    found = record_backward(z, x=x, y=y)
    z.backward()
    assert x.grad is not None and y.grad is not None
    assert gradient_of(found, "x") == (x.grad.item(),)
    assert gradient_of(found, "y") == (y.grad.item(),)


def test_a_node_waits_until_all_has_arrived() -> None:
    x = leaf(2.0)
    z = x * 3
    y = torch.sin(z) * z
    found = record_backward(y, x=x, z=z)
    names = [[label(found, node) for node in step.waiting] for step in found.steps]
    assert names == [[], ["z"], [], [], []]
    (step,) = (step for step in found.steps if label(found, step.node) == "z")
    rule = step.leaving[0].rule
    assert rule.startswith("z: ") and " + " in rule


def test_a_leaf_used_twice_at_once() -> None:
    x = leaf(3.0)
    assert sums(record_backward(x * x, x=x)) == ["3.0 + 3.0 = 6.0"]
    assert sums(record_backward(x * x + x, x=x)) == ["1.0", "3.0 + 3.0 + 1.0 = 7.0"]


def test_large_tensors_are_told_by_their_shape() -> None:
    x = torch.ones(100, 5, requires_grad=True)
    found = record_backward((2 * x + x).sum(), x=x)
    assert sums(found) == ["(100, 5)", "2 gradients of shape (100, 5) added up"]
    assert gradient_of(found, "x") is None


def test_the_v_of_backward() -> None:
    x = leaf(1.0, 2.0, 3.0)
    v = torch.tensor([1.0, 0.0, -1.0])
    found = record_backward(x**2, gradient=v, x=x)
    assert gradient_of(found, "x") == (2.0, 0.0, -6.0)
    assert found.steps[0].arriving == snapshot(v)


@pytest.mark.parametrize(
    "gradient", [None, [None, None], {"z": None}, [torch.ones(()), torch.ones(())]]
)
def test_several_outputs_start_with_one_each(gradient: Any) -> None:
    x = leaf(3.0)
    y, z = x * 2, x * x
    found = record_backward({"y": y, "z": z}, gradient=gradient, x=x)
    assert gradient_of(found, "x") == (8.0,)
    assert sorted(story(found)) == ["mul", "mul", "y", "z"]


def test_several_outputs_with_their_own_v() -> None:
    x = leaf(1.0, 2.0)
    outputs = {"y": x * 2, "z": (x * x).sum()}
    found = record_backward(outputs, gradient={"y": torch.tensor([1.0, -1.0])}, x=x)
    assert gradient_of(found, "x") == (4.0, 2.0)


def test_an_output_that_another_one_uses() -> None:
    x = leaf(3.0)
    z = x * 2
    y = z * z
    found = record_backward([y, z], x=x, y=y, z=z)
    assert gradient_of(found, "x") == (26.0,)
    (step,) = (step for step in found.steps if label(found, step.node) == "z")
    assert step.leaving[0].rule == "z: 1.0 + 6.0 + 6.0 = 13.0"
    assert story(found)[0] == "y"
    assert [label(found, node) for node in found.steps[0].waiting] == ["z"]


def test_an_output_that_is_a_leaf() -> None:
    x, one = leaf(3.0), snapshot(torch.tensor(1.0))
    found = record_backward(x, x=x)
    assert gradient_of(found, "x") == (1.0,)
    assert found.steps[0].accumulated == ((0, one, "1.0"),)
    assert found.steps == (Step(0, 0, one, (), (Sum(0, (one,), one),), ()),)
    assert gradient_of(record_backward([x, x * 2], x=x), "x") == (3.0,)


def test_operations_with_several_results() -> None:
    x = torch.arange(5.0, requires_grad=True)
    low, high = torch.split(x * 2, [2, 3])
    found = record_backward(low.sum() * high.max(), x=x, low=low)
    assert gradient_of(found, "x") == (16.0, 16.0, 0.0, 0.0, 4.0)
    (split,) = (s for s in found.steps if label(found, s.node).startswith("split"))
    assert split.arriving.numbers == (8.0, 8.0, 0.0, 0.0, 2.0)
    unused, _ = torch.unbind(leaf(1.0, 2.0))
    assert [len(step.leaving) for step in record_backward(unused).steps] == [1, 1]


def test_a_custom_function_and_one_that_gives_no_gradient() -> None:
    class First(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return x + y

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> Any:  # type: ignore[override]
            return gradient * 2, None

    x, y = leaf(1.0), leaf(2.0)
    found = record_backward(First.apply(x, y * 3), x=x, y=y)
    assert gradient_of(found, "x") == (2.0,)
    assert [node.label for node in found.graph.leaves() if node.id in found.gradients] == ["x"]
    assert all(step.waiting == () for step in found.steps)


def test_operations_in_place() -> None:
    x = torch.zeros(3, requires_grad=True)
    y = x * 2
    y[0] = 5.0
    y.mul_(3)
    found = record_backward(y.sum(), x=x)
    assert gradient_of(found, "x") == (0.0, 6.0, 6.0)


def test_a_sparse_gradient() -> None:
    weight = torch.ones(4, 2, requires_grad=True)
    picked = torch.nn.functional.embedding(torch.tensor([1, 1]), weight, sparse=True)
    found = record_backward((picked + picked).sum(), weight=weight)
    assert next(iter(found.gradients.values())).shape == (4, 2)


def state(tensor: torch.Tensor) -> Any:
    return None if tensor.grad is None else (id(tensor.grad), tensor.grad.tolist())


@pytest.mark.parametrize("recorded_forward", [False, True])
@pytest.mark.parametrize("how", ["named", "unnamed", "had a gradient", "in place"])
def test_retained_gradients_stay_as_they_were(how: str, recorded_forward: bool) -> None:
    def compute(x: torch.Tensor) -> list[torch.Tensor]:
        z = x * 2
        if how == "in place":
            z.add_(1)
        z.retain_grad()
        return [z, (z + 1).sum()]

    x = leaf(1.0, 2.0)
    x.grad = torch.tensor([7.0, 8.0])
    if recorded_forward:
        with record():
            z, y = compute(x)
    else:
        z, y = compute(x)
    if how == "had a gradient":
        y.backward(retain_graph=True)
    before = state(z), state(x)
    record_backward(y, x=x, **({"z": z} if how == "named" else {}))
    assert (state(z), state(x)) == before
    y.backward()
    assert z.grad is not None
    assert z.grad.tolist() == ([2.0, 2.0] if how == "had a gradient" else [1.0, 1.0])


def test_retained_gradients_of_subclasses_and_after_a_failure() -> None:
    class Mine(torch.Tensor):
        pass

    x = leaf(2.0)
    z = (x * 2).as_subclass(Mine)
    z.retain_grad()
    for names in ({"z": z}, {}):
        record_backward(z.sum() * 2, x=x, **names)
        assert z.grad is None

    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, t: torch.Tensor) -> torch.Tensor:
            return t * 1

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
            raise KeyError("broken")

    u = x * 2
    v = Fails.apply(u) * 3
    v.retain_grad()
    with pytest.raises(KeyError, match="broken"):
        record_backward(v * 2, x=x, v=v)
    assert v.grad is None and x.grad is None
    assert ran(v.grad_fn) == 0


def ran(function: Any) -> int:
    """How many hooks a function has."""
    handle = function.register_hook(lambda *_: None)
    hooks = handle.hooks_dict_ref()
    handle.remove()
    return len(hooks)


def test_the_callers_hooks_stay_and_no_other_is_left() -> None:
    x = leaf(2.0)
    y = torch.sin(x)
    calls: list[str] = []
    y.register_hook(lambda g: calls.append("tensor"))
    y.grad_fn.register_hook(lambda *_: calls.append("function"))  # type: ignore[union-attr]
    y.grad_fn.register_prehook(lambda *_: calls.append("before"))  # type: ignore[union-attr]
    z = y * 2
    record_backward(z, x=x)
    first = list(calls)
    assert ran(y.grad_fn) == 1 and ran(z.grad_fn) == 0
    z.backward()
    assert calls == first * 2 and set(first) == {"tensor", "function", "before"}


def ten(*gradients: Any) -> Any:
    """A hook of either kind: ten times what comes."""
    if isinstance(gradients[0], torch.Tensor):
        return gradients[0] * 10
    return tuple(None if gradient is None else gradient * 10 for gradient in gradients[0])


HOOKS: dict[str, tuple[Callable[..., Any], str]] = {
    "leaf": (lambda x, h, y: x.register_hook(ten), "12.0, which a hook changes to 120.0"),
    "leaf that is reached twice": (
        lambda x, h, y: (x.register_hook(ten), x + 0),
        "12.0, which a hook changes to 120.0",
    ),
    "named": (
        lambda x, h, y: h.register_hook(ten),
        "h: 1.0 + 3.0 = 4.0, which a hook changes to 40.0",
    ),
    "output": (
        lambda x, h, y: y.register_hook(ten),
        "y: starts with 1.0, which a hook changes to 10.0",
    ),
    "function": (
        lambda x, h, y: h.grad_fn.register_hook(ten),
        "mul: 4.0 × 3 = 12.0, which a hook changes to 120.0",
    ),
    "before the function": (
        lambda x, h, y: h.grad_fn.register_prehook(ten),
        "h: 1.0 + 3.0 = 4.0, which a hook changes to 40.0",
    ),
    "a whole function": (
        lambda x, h, y: y.grad_fn.register_hook(ten),
        "add: passes 1.0 on, which a hook changes to 10.0",
    ),
}


def small() -> list[torch.Tensor]:
    x = leaf(2.0)
    h = x * 3
    return [x, h, h + h * 3]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("where", HOOKS)
def test_what_a_hook_changes_is_what_backward_gives_and_is_told(where: str, named: bool) -> None:
    add, words = HOOKS[where]
    x, h, y = small()
    add(x, h, y)
    found = record_backward(y, x=x, y=y, **({"h": h} if named else {}))
    told = [flow.rule for step in found.steps for flow in step.leaving] + sums(found)
    assert len([text for text in told if "hook" in text]) in (1, 2) or not named
    if named or not words.startswith("h: "):
        assert words in told
    else:
        (step,) = (step for step in found.steps if step.unhooked)
        assert (step.unhooked.numbers, step.arriving.numbers) == ((4.0,), (40.0,))
    y.backward()
    assert gradient_of(found, "x") == (x.grad.item(),) == found.steps[-1].accumulated[0][1].numbers


def test_the_hooks_that_are_there_keep_their_order() -> None:
    x, h, y = small()
    calls: list[str] = []
    for name in "abc":
        h.grad_fn.register_hook(lambda *_, name=name: calls.append(name))
    record_backward(y, x=x)
    y.backward()
    assert "".join(calls) == "abcabc" and ran(h.grad_fn) == 3


def test_a_hook_on_grad_itself_is_not_run_and_said_to_be_left_out() -> None:
    x, _, y = small()
    calls: list[str] = []
    x.register_post_accumulate_grad_hook(lambda _: calls.append("ran"))
    assert sums(record_backward(y, x=x)) == ["12.0, before a hook that backward() runs on .grad"]
    assert calls == []


def test_large_gradients_are_only_said_to_be_changed() -> None:
    x = torch.ones(10, 10, requires_grad=True)
    x.register_hook(ten)
    y = x * 2
    y.register_hook(ten)
    found = record_backward(y.sum() + x.sum(), x=x, y=y)
    assert sums(found)[-1].endswith("added up, which a hook changes")
    (step,) = (step for step in found.steps if label(found, step.node) == "y")
    assert step.leaving[0].rule == "y: passes (10, 10) on, which a hook changes"


def test_nobody_waits_for_a_named_result_that_is_not_used() -> None:
    first, second = torch.unbind(leaf(1.0, 2.0))
    steps = record_backward(first * 2, first=first, second=second).steps
    assert [step.waiting for step in steps] == [()] * 4


def test_the_graph_can_still_be_used_and_is_not_held() -> None:
    x, big = leaf(2.0), torch.ones(1000)
    y = (x * big).sum()
    first = record_backward(y, x=x, big=big)
    assert record_backward(y, x=x, big=big) == first
    y.backward()
    assert x.grad is not None and x.grad.item() == 1000.0
    reference = weakref.ref(big)
    del big, y
    gc.collect()
    assert reference() is None


def test_inside_no_grad_and_inside_record() -> None:
    x = leaf(2.0)
    y = x * x
    with torch.no_grad():
        assert gradient_of(record_backward(y, x=x), "x") == (4.0,)
    with record():
        assert gradient_of(record_backward(y, x=x), "x") == (4.0,)


def test_the_graph_is_that_of_trace() -> None:
    x = leaf(2.0)
    with record():
        y = torch.sin(x) * x
    assert record_backward(y, x=x, y=y).graph == trace(y, x=x, y=y)


def test_constants_are_read_from_what_autograd_saved() -> None:
    x = leaf(2.0)
    found = record_backward(3.5 * x**2, x=x)
    labels = [node.label for node in found.graph.nodes if node.kind == "constant"]
    assert sorted(labels) == ["2", "3.5000"]


def test_thousands_of_operations() -> None:
    x = leaf(0.5)
    y = x
    for _ in range(3000):
        y = torch.sin(y)
    found = record_backward(y, x=x)
    assert len(found.steps) == 3001
    assert gradient_of(found, "x") == (torch.autograd.grad(y, x)[0].item(),)


def freed() -> torch.Tensor:
    y = torch.sin(leaf(2.0))
    y.backward()
    return y


def overwritten() -> torch.Tensor:
    z = leaf(2.0) * 2
    y = torch.sin(z)
    z.add_(1)
    return y


V = leaf(1.0, 2.0, 3.0)
S = leaf(2.0)
BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "vector without v": (V * 2, {}, ValueError, r"gradient must be given, .* \(3,\)"),
    "matrix without v": (V.expand(2, 3) * 2, {}, ValueError, r"gradient must be .*\(2, 3\)"),
    "v of another shape": (
        V * 2,
        {"gradient": torch.ones(2)},
        ValueError,
        r"gradient must have the output's shape \(3,\).*\(2,\)",
    ),
    "v of the input's shape": (
        (V * 2).sum(),
        {"gradient": torch.ones(3)},
        ValueError,
        r"output's shape \(\), not the input's.*\(3,\)",
    ),
    "v for a scalar in a vector": (S * 2, {"gradient": torch.ones(1)}, ValueError, "shape"),
    "v of another dtype": (
        V * 2,
        {"gradient": torch.ones(3, dtype=torch.float64)},
        ValueError,
        "output's dtype torch.float32.*torch.float64",
    ),
    "v of integers": (V * 2, {"gradient": torch.ones(3, dtype=torch.int64)}, ValueError, "dtype"),
    "v on another device": (
        V * 2,
        {"gradient": torch.ones(3, device="meta")},
        ValueError,
        "output's device cpu",
    ),
    "v a float": (
        S * 2,
        {"gradient": 1.0},
        TypeError,
        r"gradient must be a tensor.*1\.0 \(float\)",
    ),
    "v a string": (S * 2, {"gradient": "1"}, TypeError, "gradient must be a tensor"),
    "v a list for one output": (V * 2, {"gradient": [1.0, 2.0, 3.0]}, ValueError, "gradient must"),
    "v a list of a float": (S * 2, {"gradient": [1.0]}, TypeError, "gradient must be a tensor"),
    "one v for two outputs": (
        [S * 2, S * 3],
        {"gradient": torch.tensor(1.0)},
        ValueError,
        "gradient must be a list of 2 tensors",
    ),
    "too few": ([S * 2, S * 3], {"gradient": [None]}, ValueError, "gradient must be one tensor"),
    "an unknown key": (
        {"a": S * 2},
        {"gradient": {"b": torch.ones(())}},
        ValueError,
        r"gradient must be a dict with keys of output, \['a'\]",
    ),
    "complex without v": (
        torch.tensor(1 + 2j, requires_grad=True) * 2,
        {},
        ValueError,
        r"gradient must be given.* output is complex.* for real numbers only",
    ),
    "a part that is computed again": (
        checkpoint(torch.sin, S * 2, use_reentrant=True),
        {},
        ValueError,
        r"output must have a graph that is whole.*use_reentrant=False",
    ),
    "a freed graph": (freed(), {}, ValueError, "freed.*before backward.*retain_graph=True"),
    "a tensor changed in place": (overwritten(), {}, ValueError, "changed in place. torch says"),
    "a v that is part of the graph": (
        V * 2,
        {"gradient": V},
        ValueError,
        r"gradient must be given.* part of the graph, .* give its clone\(\)",
    ),
}


@pytest.mark.parametrize(("output", "arguments", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input(output: Any, arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        record_backward(output, **arguments)
    assert V.grad is None and S.grad is None
