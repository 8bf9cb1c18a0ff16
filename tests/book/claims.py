"""What the pages claim about PyTorch, one line a claim: its page, its words, and what proves it.

Each is a function without arguments that returns whether it is so. The words are the claim's, not
the page's: a page may say it otherwise, but it may not say what is not so.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

Claim = tuple[str, str, Callable[[], bool]]

float32, float64 = torch.float32, torch.float64


def raises(error: type[Exception], call: Callable[[], object], part: str = "") -> bool:
    """Whether `call` raises just this error, with `part` in its message."""
    try:
        call()
    except Exception as raised:
        return type(raised) is error and part in str(raised)
    return False


NUMPY_BRIDGE: list[Claim] = [
    (
        "numpy_bridge",
        "a 0-dim float64 tensor times a float32 vector is float32: dimensions count before width",
        lambda: (torch.ones((), dtype=float64) * torch.ones(2)).dtype == float32,
    ),
    (
        "numpy_bridge",
        "isclose and allclose refuse float32 against float64",
        lambda: raises(RuntimeError, lambda: torch.isclose(torch.ones(1), torch.ones(1).double())),
    ),
]


def curve(t: torch.Tensor) -> torch.Tensor:
    """One number to a thousand: sin t, sin 2t, … sin 1000t."""
    return torch.sin(torch.arange(1, 1001) * t)


def one_forward_pass_gives_all_slopes() -> bool:
    calls = []

    def counted(t: torch.Tensor) -> torch.Tensor:
        calls.append(t)
        return curve(t)

    t, k = torch.tensor(0.5, dtype=float64), torch.arange(1, 1001)
    _, slopes = torch.func.jvp(counted, (t,), (torch.ones_like(t),))
    return len(calls) == 1 and torch.allclose(slopes, k * torch.cos(k * t))


def one_backward_pass_gives_their_sum() -> bool:
    t = torch.tensor(0.5, dtype=float64, requires_grad=True)
    curve(t).backward(torch.ones(1000, dtype=float64))
    k = torch.arange(1, 1001)
    return t.grad is not None and torch.allclose(t.grad, (k * torch.cos(k * t)).sum())


def multiplications(*widths: int) -> tuple[int, int]:
    """Of the product of a chain's Jacobians, from the output's end and from the input's end."""
    matrices = [torch.ones(rows, columns) for columns, rows in itertools.pairwise(widths)]
    with FlopCounterMode(display=False) as from_output:
        functools.reduce(torch.matmul, reversed(matrices))
    with FlopCounterMode(display=False) as from_input:
        functools.reduce(lambda product, J: J @ product, matrices)
    return from_output.get_total_flops() // 2, from_input.get_total_flops() // 2


def square_products() -> list[bool]:
    """Of the products that fit for X in Y = XW, all square: which are its gradient."""
    X, W, V = torch.randn(3, 3, 3, generator=torch.Generator().manual_seed(0))
    (right,) = torch.autograd.grad(X.requires_grad_() @ W, X, V)
    return [torch.allclose(product, right) for product in (V @ W.T, W.T @ V, V @ W, W @ V)]


JACOBIANS: list[Claim] = [
    (
        "jacobians",
        "forward mode gives all 1,000 derivatives of R → R¹⁰⁰⁰ in one pass",
        one_forward_pass_gives_all_slopes,
    ),
    (
        "jacobians",
        "one backward pass gives one combination of rows: of 1,000 outputs, their weighted sum",
        one_backward_pass_gives_their_sum,
    ),
    (
        "jacobians",
        "forward mode records no graph",
        lambda: torch.func.jvp(curve, (torch.ones(()),), (torch.ones(()),))[1].grad_fn is None,
    ),
    (
        "jacobians",
        "with one output the output's end is cheaper, with one input the input's end",
        lambda: (
            multiplications(200, 200, 200, 200, 1) == (120_000, 16_040_000)
            and multiplications(1, 200, 200, 200, 200) == (16_040_000, 120_000)
        ),
    ),
    (
        "jacobians",
        "of the products that fit square matrices, one is right",
        lambda: square_products() == [True, False, False, False],
    ),
    (
        "jacobians",
        "where there are as many inputs as outputs, a v meant for the inputs is not refused",
        lambda: torch.equal(
            torch.autograd.grad((x := torch.ones(3, requires_grad=True)) * 2, x, torch.ones(3))[0],
            torch.full((3,), 2.0),
        ),
    ),
    (
        "jacobians",
        "jacrev and jacfwd give the same Jacobian",
        lambda: torch.allclose(
            torch.func.jacrev(curve)(torch.ones(())), torch.func.jacfwd(curve)(torch.ones(()))
        ),
    ),
]


def kept_by(move: Callable[[torch.nn.Module], object]) -> bool:
    """Whether a layer holds the same Parameter object after a move."""
    layer = torch.nn.Linear(3, 1)
    weight = layer.weight
    move(layer)
    return layer.weight is weight


def sgd_made_before_still_trains() -> bool:
    layer = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer.double()
    before = layer.weight.detach().clone()
    layer(torch.ones(3, dtype=float64)).backward()
    optimizer.step()
    return not torch.equal(before, layer.weight)


def adams_state_stays_behind() -> bool:
    layer = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(3)).backward()
    optimizer.step()
    layer.double()
    layer(torch.ones(3, dtype=float64)).backward()
    return raises(RuntimeError, optimizer.step, "dtype")


GPU: list[Claim] = [
    (
        "gpu",
        "the same inputs do not make the same sums: in floating point the order counts",
        lambda: (1e8 + torch.tensor(-1e8) + 1, 1e8 + (torch.tensor(-1e8) + 1)) == (1, 0),
    ),
    (
        "gpu",
        ".to() between usual devices and number types keeps the Parameter objects",
        lambda: (
            kept_by(lambda layer: layer.to("cpu"))
            and kept_by(lambda layer: layer.double())
            and (not torch.cuda.is_available() or kept_by(lambda layer: layer.to("cuda")))
        ),
    ),
    ("gpu", "meta replaces them", lambda: not kept_by(lambda layer: layer.to("meta"))),
    (
        "gpu",
        "an optimizer without a state, made before the move, still trains the layer",
        sgd_made_before_still_trains,
    ),
    ("gpu", "the state that Adam has after a step does not go along", adams_state_stays_behind),
    (
        "gpu",
        "a tensor's .to returns another, unless there is nothing to do",
        lambda: (
            (x := torch.ones(2)).to("meta") is not x and x.device.type == "cpu" and x.to("cpu") is x
        ),
    ),
]

CLAIMS = [*NUMPY_BRIDGE, *JACOBIANS, *GPU]
