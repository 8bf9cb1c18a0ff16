"""Graphs that nobody here chose: torch's own operations, architectures, hooks and views by chance.

Each is recorded, its gradients are held to torch's, and each rule is computed from its factors. A
sample runs with the other tests; STRANGERS=all runs them all, which takes some minutes.
"""

from __future__ import annotations

import os
import sys
import types
import unittest
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from architectures import ARCHITECTURES
from arithmetic import holds
from hypothesis import given, settings
from hypothesis import strategies as st

from lecture_pkg import record, record_backward, show_graph, trace
from lecture_pkg.graph.data import BackwardPass

ALL = os.environ.get("STRANGERS") == "all"

pytestmark = pytest.mark.filterwarnings("ignore")


def check(
    outputs: Sequence[torch.Tensor],
    seeds: Sequence[torch.Tensor],
    leaves: Mapping[str, torch.Tensor],
    hooked: bool = False,
) -> int:
    """Hold a recorded pass to torch's, and return how many of its rules could be computed."""
    wanted = torch.autograd.grad(
        outputs, list(leaves.values()), seeds, retain_graph=True, allow_unused=True
    )
    found = record_backward(list(outputs), gradient=list(seeds), **leaves)
    gradients = {
        name: found.gradients[node.id]
        for node in found.graph.leaves()
        if node.id in found.gradients
        for name in node.name.split(" = ")
    }
    assert {n for n in gradients if n} == {
        n for n, g in zip(leaves, wanted, strict=True) if g is not None
    }
    for name, gradient in zip(leaves, wanted, strict=True):
        if gradient is not None:
            numbers = gradients[name].numbers
            assert gradients[name].shape == tuple(gradient.shape)
            if numbers is not None:
                shown = torch.tensor(numbers, dtype=gradient.dtype).reshape(gradient.shape)
                assert torch.equal(shown.nan_to_num(), gradient.nan_to_num())
    check_whole(found, hooked)
    assert trace(list(outputs), **leaves).describe()
    return sum(holds(flow.local) for step in found.steps for flow in step.leaving)


def check_whole(found: BackwardPass, hooked: bool) -> None:
    """Each node runs once, after all that it waits for; nothing is left waiting."""
    ran: set[int] = set()
    for step in found.steps:
        assert step.node not in ran
        ran.add(step.node)
        assert ran.isdisjoint(found.graph.edges[flow.edge].source for flow in step.leaving)
        assert ran.isdisjoint(step.waiting)
        told = step.unhooked is not None or any(sum_.hooked for sum_ in step.sums)
        assert hooked or not (told or any(flow.local.hooked for flow in step.leaving))
    assert not found.steps or found.steps[-1].waiting == ()


def operations() -> list[Any]:
    """The operations that torch tests itself with."""
    # torch's tests compare texts with a package of their own, which no operation needs
    stand_in = types.ModuleType("expecttest")
    stand_in.TestCase = unittest.TestCase  # type: ignore[attr-defined]
    sys.modules.setdefault("expecttest", stand_in)
    from torch.testing._internal.common_methods_invocations import op_db

    return [operation for operation in op_db if operation.supports_autograd]


def tensors(found: Any) -> Iterator[torch.Tensor]:
    if isinstance(found, torch.Tensor):
        yield found
    elif isinstance(found, list | tuple):
        for part in found:
            yield from tensors(part)


SHARES = 10 if ALL else 20
"""Into how many parts torch's operations are dealt: all are run, or the first part."""


@pytest.mark.parametrize("share", range(SHARES if ALL else 1))
def test_torchs_own_operations(share: int) -> None:
    calls = rules = 0
    for operation in operations()[share::SHARES]:
        dtypes = operation.supported_dtypes("cpu")
        dtype = torch.float64 if torch.float64 in dtypes else torch.float32
        if dtype not in dtypes:
            continue
        torch.manual_seed(0)
        samples = list(operation.sample_inputs("cpu", dtype, requires_grad=True))
        for i, sample in enumerate(samples[:: max(1, len(samples) // (6 if ALL else 2))]):
            inputs = tensors([sample.input, *sample.args, *sample.kwargs.values()])
            leaves = {f"i{j}": t for j, t in enumerate(inputs) if t.requires_grad and t.is_leaf}
            with record() if i % 2 else nullcontext():
                result = operation(sample.input, *sample.args, **sample.kwargs)
            outputs = [output for output in tensors(result) if output.requires_grad]
            if leaves and outputs:
                calls += 1
                seeds = [torch.randn_like(output).detach() for output in outputs]
                rules += check(outputs, seeds, leaves)
    assert calls > 40 and rules > 40


@pytest.mark.parametrize("name", ARCHITECTURES if ALL else [*ARCHITECTURES][::4])
@pytest.mark.parametrize("recorded", [False, True])
def test_architectures(name: str, recorded: bool) -> None:
    torch.manual_seed(0)
    with record() if recorded else nullcontext():
        loss, leaves = ARCHITECTURES[name]()
    assert check([loss], [torch.ones_like(loss).detach()], leaves) > 0
    picture = show_graph(loss, backward=True, limit=2000, **leaves)
    assert picture.svg.startswith("<svg")
    loss.backward()
    reached = {leaf.name for leaf in picture.graph.leaves()}
    assert reached >= {name for name, leaf in leaves.items() if leaf.grad is not None}


class Kind(torch.Tensor):
    """A tensor of a class of its own."""


def _hook(kind: str, tensor: torch.Tensor, factor: float) -> None:
    """Have what comes multiplied, wherever hooks can sit."""

    def scale(*gradients: Any) -> Any:
        if kind in ("tensor", "leaf"):
            return gradients[0] * factor
        return tuple(None if gradient is None else gradient * factor for gradient in gradients[0])

    if kind == "tensor" or tensor.grad_fn is None:
        kind = "tensor"
        tensor.register_hook(scale)
    elif kind == "before":
        tensor.grad_fn.register_prehook(scale)
    else:
        tensor.grad_fn.register_hook(scale)


_UNARY: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sin": torch.sin,
    "tanh": torch.tanh,
    "square": lambda a: a**2,
    "clone": torch.clone,
    "view": lambda a: a.view(2, 2).T.reshape(4),
    "part": lambda a: torch.cat([a[2:], a[:2]]),
    "parts": lambda a: torch.stack(a.unbind()[::-1]),
    "in place": lambda a: (a * 1).mul_(2).add_(a),
    "in place on a view": lambda a: (a * 1).index_put_((torch.tensor([1]),), a[:1] * 3),
    "a part overwritten": lambda a: _overwritten(a),
    "of a class": lambda a: torch.sin(a.as_subclass(Kind)),
    "sum": lambda a: a.sum().expand(4),
    "softmax": lambda a: a.softmax(0),
    "kept": lambda a: _kept(a * 2),
}
_BINARY: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "add": lambda a, b: torch.add(a, b, alpha=2),
    "rsub": lambda a, b: torch.rsub(a, b, alpha=3),
    "mul": torch.mul,
    "dot": lambda a, b: torch.dot(a, b) * a,
    "outer": lambda a, b: torch.outer(a, b).mean(1),
    "maximum": torch.maximum,
}


def _overwritten(a: torch.Tensor) -> torch.Tensor:
    b = a * 1
    b[1:3] = a[0]
    b.view(2, 2)[0].mul_(2)
    return b


def _kept(a: torch.Tensor) -> torch.Tensor:
    a.retain_grad()
    return a


_STEPS = st.lists(
    st.tuples(
        st.sampled_from([*_UNARY, *_BINARY, "slope", "hook"]),
        st.integers(0, 30),
        st.integers(0, 30),
        st.sampled_from(["tensor", "before", "after"]),
    ),
    min_size=1,
    max_size=8,
)


def follow(plan: Sequence[tuple[str, int, int, str]], x: torch.Tensor) -> list[torch.Tensor]:
    """What a plan computes: the leaf, then the results, each of four numbers."""
    values = [x]
    for kind, i, j, place in plan:
        a, b = values[i % len(values)], values[-1 - j % len(values)]
        if kind == "hook":
            _hook(place, a, 1.0 + j)
        elif kind == "slope":  # a derivative that is itself part of the graph
            (slope,) = torch.autograd.grad(
                torch.tanh(b).sum(), x, create_graph=True, allow_unused=True
            )
            values.append(b if slope is None or not slope.requires_grad else slope + b)
        else:
            values.append(_UNARY[kind](b) if kind in _UNARY else _BINARY[kind](a, b))
    return values


@settings(deadline=None, max_examples=2000 if ALL else 30, derandomize=not ALL, database=None)
@given(_STEPS, st.booleans(), st.booleans())
def test_hooks_views_and_operations_in_place(
    plan: list[tuple[str, int, int, str]], recorded: bool, named: bool
) -> None:
    x = torch.tensor([0.5, -1.0, 2.0, 0.25], dtype=torch.float64, requires_grad=True)
    with record() if recorded else nullcontext():
        values = follow(plan, x)
        y = torch.tanh(torch.stack([v.as_subclass(torch.Tensor) for v in values])).sum()
    kept = [v for v in values[1:] if v.retains_grad]
    names = {f"v{i}": v for i, v in enumerate(values[1:])} if named else {}
    check([y], [torch.ones_like(y).detach()], {"x": x}, hooked=True)
    before = [None if v.grad is None else v.grad.tolist() for v in kept]
    found = record_backward(y, **{"x": x, **names})
    assert [None if v.grad is None else v.grad.tolist() for v in kept] == before
    assert all(holds(flow.local) is not None for s in found.steps for flow in s.leaving)
    x.grad = None
    y.backward()
    (leaf,) = (node.id for node in found.graph.leaves() if "x" in node.name.split(" = "))
    assert x.grad is not None
    assert found.gradients[leaf].numbers == tuple(x.grad.tolist())
