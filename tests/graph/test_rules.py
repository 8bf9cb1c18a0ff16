"""The words and numbers of local derivatives: what they say must be what torch computed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from arithmetic import holds

from lecture_pkg import record_backward
from lecture_pkg.graph.rules import Local, Rule, explain, saved_names
from lecture_pkg.values import Snapshot

SCALARS = {
    "add": lambda a, b: a + b,
    "add with alpha": lambda a, b: torch.add(a, b, alpha=3),
    "sub": lambda a, b: a - b,
    "sub with alpha": lambda a, b: torch.sub(a, b, alpha=3),
    "sub from a number": lambda a, b: 2 - a,
    "rsub with alpha": lambda a, b: torch.rsub(a, b, alpha=3),
    "rsub from a number with alpha": lambda a, b: torch.rsub(a, 2, alpha=3),
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a, b: -a,
    "square": lambda a, b: a**2,
    "cube": lambda a, b: a**3,
    "fourth power": lambda a, b: a**4,
    "fifth power": lambda a, b: a**5,
    "first power": lambda a, b: a**1,
    "half power": lambda a, b: a**0.5,
    "negative power": lambda a, b: a**-2,
    "power of tensors": lambda a, b: a**b,
    "power of a number": lambda a, b: 2**a,
    "sin": lambda a, b: torch.sin(a),
    "cos": lambda a, b: torch.cos(a),
    "tan": lambda a, b: torch.tan(a),
    "sinh": lambda a, b: torch.sinh(a),
    "cosh": lambda a, b: torch.cosh(a),
    "tanh": lambda a, b: torch.tanh(a),
    "sigmoid": lambda a, b: torch.sigmoid(a),
    "exp": lambda a, b: torch.exp(a),
    "expm1": lambda a, b: torch.expm1(a),
    "log": lambda a, b: torch.log(a),
    "log2": lambda a, b: torch.log2(a),
    "log10": lambda a, b: torch.log10(a),
    "log1p": lambda a, b: torch.log1p(a),
    "sqrt": lambda a, b: torch.sqrt(a),
    "rsqrt": lambda a, b: torch.rsqrt(a),
    "reciprocal": lambda a, b: 1 / a,
    "abs": lambda a, b: torch.abs(a),
    "relu": lambda a, b: torch.relu(a),
    "mse_loss": lambda a, b: F.mse_loss(a, b),
    "mse_loss, sum": lambda a, b: F.mse_loss(a, b, reduction="sum"),
    "mse_loss, none": lambda a, b: F.mse_loss(a, b, reduction="none"),
}
NEGATIVE = {"add", "sub", "mul", "div", "neg", "square", "cube", "sin", "cos", "tan", "tanh"} | {
    "sigmoid",
    "exp",
    "abs",
    "relu",
    "mse_loss",
    "reciprocal",
    "negative power",
}
VECTORS = {
    "mean": lambda a, b: a.mean(),
    "sum": lambda a, b: a.sum(),
    "dot": lambda a, b: a @ b,
    "max": lambda a, b: a.max(),
    "scalar times vector": lambda a, b: (a[0] * b).sum(),
    "mse_loss": lambda a, b: F.mse_loss(a, b),
    "relu": lambda a, b: torch.relu(a - b).sum(),
}


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("name", SCALARS)
def test_the_numbers_of_a_rule_come_out(name: str, sign: float, device: str) -> None:
    if sign < 0 and name not in NEGATIVE:
        sign = 0.5
    a = torch.tensor(sign * 1.7, requires_grad=True, device=device)
    b = torch.tensor(2.3, requires_grad=True, device=device)
    recorded = record_backward(SCALARS[name](a, b) * -1.5, a=a, b=b)
    flows = [flow for step in recorded.steps for flow in step.leaving]
    assert flows and all(holds(flow.local) for flow in flows)


@pytest.mark.parametrize("name", VECTORS)
def test_the_numbers_of_small_vectors_come_out(name: str) -> None:
    a = torch.tensor([0.5, 2.0, -1.25], requires_grad=True)
    b = torch.tensor([1.0, -2.0, 3.5], requires_grad=True)
    recorded = record_backward(VECTORS[name](a, b), a=a, b=b)
    assert all(holds(flow.local) for step in recorded.steps for flow in step.leaving)


@pytest.mark.parametrize(
    ("formula", "numbers"),
    [
        ("{g} × cos {self}", (3.0, 5.0, 0.86)),
        ("{g} ÷ {other}", (3.0, 5.0, 0.7)),
        ("passes {gradient} on unchanged", (3.0, 5.0, 5.0)),
        ("{gradient} goes back to where it was taken from, the rest gets 0", (3.0, 1.0, 4.0)),
    ],
)
def test_a_false_rule_is_found_out(formula: str, numbers: tuple[float, ...]) -> None:
    one, other, result = (Snapshot((), "float32", (number,)) for number in numbers)
    factors = {"g": one, "gradient": one, "self": other, "other": other}
    named = {name: value for name, value in factors.items() if f"{{{name}}}" in formula}
    with pytest.raises(AssertionError):
        holds(Rule("false", formula, named, result))


def rules(output: torch.Tensor, **named: torch.Tensor) -> list[str]:
    return [
        flow.rule for step in record_backward(output, **named).steps[1:] for flow in step.leaving
    ]


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda v, m: v.mean(), "mean: 1.0 ÷ 2 = [0.5000, 0.5000]"),
        (lambda v, m: v.sum(), "sum: passes 1.0 on to each of 2 elements"),
        (lambda v, m: v.max(), "max: all of 1.0 to the largest element = [0.0, 1.0]"),
        (lambda v, m: v.min(), "min: all of 1.0 to the smallest element = [1.0, 0.0]"),
        (
            lambda v, m: torch.stack([v, v]).max(),
            "max: 1.0 in equal parts to the 2 largest elements = "
            "[[0.0000, 0.5000], [0.0000, 0.5000]]",
        ),
        (
            lambda v, m: torch.stack([v, v]).amin(0).sum(),
            "amin: [1.0, 1.0] to the smallest element, in equal parts where there are several = "
            "[[0.5000, 0.5000], [0.5000, 0.5000]]",
        ),
        (  # it can reach beyond its input
            lambda v, m: torch.as_strided(v, (1,), (1,), 1) * 3,
            "as_strided: vector–Jacobian product of as_strided = [0.0, 3.0]",
        ),
        (
            lambda v, m: (torch.ones(0, 2) * v).sum(),
            "mul: sum of [] (0, 2) × [] (0, 2) = [0.0, 0.0]",
        ),
        (lambda v, m: v @ v.detach(), "dot: 1.0 × [1.0, 2.0] = [1.0, 2.0]"),
        (lambda v, m: (m @ v).sum(), "mv: [[1.0, 2.0], [3.0, 4.0]]ᵀ × [1.0, 1.0] = [4.0, 6.0]"),
        (
            lambda v, m: (m @ v.reshape(2, 1)).sum(),
            "mm: [[1.0, 2.0], [3.0, 4.0]]ᵀ × [[1.0], [1.0]] = [[4.0], [6.0]]",
        ),
        (
            lambda v, m: torch.addmm(v[:, None], m, v[:, None], beta=2, alpha=3).sum(),
            "addmm: 3 × [[1.0, 2.0], [3.0, 4.0]]ᵀ × [[1.0], [1.0]] = [[12.0], [18.0]]",
        ),
        (lambda v, m: torch.relu(v - 1).sum(), "relu: [1.0, 1.0] × [0, 1] = [0.0, 1.0]"),
        (
            lambda v, m: (v + torch.zeros(2, 2)).sum(),
            "add: sum of [[1.0, 1.0], [1.0, 1.0]] = [2.0, 2.0]",
        ),
        (
            lambda v, m: v[1] * 3,
            "select: 3.0 goes back to where it was taken from, the rest gets 0 = [0.0, 3.0]",
        ),
        (
            lambda v, m: v.softmax(0)[0],
            "softmax: vector–Jacobian product of softmax = [0.1966, −0.1966]",
        ),
        (lambda v, m: v.expand(2, 2).sum(), "expand: sum of [[1.0, 1.0], [1.0, 1.0]] = [2.0, 2.0]"),
        (
            lambda v, m: torch.cat([v, v.detach()]).sum(),
            "cat: takes its part of [1.0, 1.0, 1.0, 1.0] = [1.0, 1.0]",
        ),
        (lambda v, m: v.unbind()[0] * 2, "unbind: puts the parts 2.0 together again = [2.0, 0.0]"),
        (
            lambda v, m: v.reshape(1, 2).sum(),
            "view: passes [[1.0, 1.0]] on in the shape of the input = [1.0, 1.0]",
        ),
        (lambda v, m: v.clone().sum(), "clone: passes [1.0, 1.0] on unchanged"),
        (lambda v, m: (v**0).sum(), "pow: vector–Jacobian product of pow = [0.0, 0.0]"),
    ],
)
def test_rules_in_words(compute: Any, expected: str) -> None:
    v = torch.tensor([1.0, 2.0], requires_grad=True)
    m = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert expected in rules(compute(v, m), v=v, m=m)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda x: torch.sin(x).sum(), "sin: gradient × cos input, of shape (10, 2)"),
        (lambda x: (x * x.detach()).sum(), "mul: gradient × other input, of shape (10, 2)"),
        (lambda x: (x + 1).sum(), "add: passes the gradient on unchanged"),
        (
            lambda x: torch.relu(x).sum(),
            "relu: the gradient where the input is above 0, else 0, of shape (10, 2)",
        ),
        (lambda x: (x**2).sum(), "pow: gradient × 2 × input, of shape (10, 2)"),
        (lambda x: x.mean(), "mean: 1.0 ÷ 20, of shape (10, 2)"),
        (
            lambda x: x.softmax(1).sum(),
            "softmax: vector–Jacobian product of softmax, of shape (10, 2)",
        ),
        (
            lambda x: F.mse_loss(x, x.detach()),
            "mse_loss: gradient × 2 × (input − target) ÷ 20, of shape (10, 2)",
        ),
        (lambda x: (x @ torch.ones(2, 3)).sum(), "mm: gradient × other inputᵀ, of shape (10, 2)"),
    ],
)
def test_large_tensors_are_called_by_their_role(compute: Any, expected: str) -> None:
    x = torch.ones(10, 2, requires_grad=True)
    assert rules(compute(x), x=x)[-1] == expected


def test_complex_numbers_get_no_formula_that_would_be_wrong_for_them() -> None:
    x = torch.tensor(1 + 2j, requires_grad=True)
    found = rules((x * (3 + 4j)).abs(), x=x)
    assert found[-1].startswith("mul: vector–Jacobian product of mul = ")


def test_a_rule_does_without_what_was_not_saved() -> None:
    one = Snapshot((), "float32", (1.0,))
    for grad_fn, name in (("SinBackward0", "sin"), ("NewBackward7", "new")):
        rule = explain(Local(grad_fn, {}, 0, one, one))
        assert str(rule) == f"{name}: vector–Jacobian product of {name} = 1.0"
    assert saved_names("MulBackward0") == ("other", "self")
    assert saved_names("NewBackward7") == ()
