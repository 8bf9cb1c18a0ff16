"""What the pages claim about PyTorch, one line a claim: its page, its words, and what proves it.

Each is a function without arguments that returns whether it is so. The words are the claim's, not
the page's: a page may say it otherwise, but it may not say what is not so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import torch

from lecture_pkg import record, trace

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
    (
        "numpy_bridge",
        "0.1 of both types is equal in one type; ten computed numbers are not, but nearly",
        lambda: (
            bool(torch.tensor(0.1) == torch.tensor(0.1, dtype=float64).float())
            and not torch.equal(ten := torch.linspace(-5, 5, 10), numpys_ten := _numpys_ten())
            and torch.allclose(ten, numpys_ten)
        ),
    ),
    (
        "numpy_bridge",
        "`@` refuses matrices of two types, which `*` converts however large they are",
        lambda: (
            raises(RuntimeError, lambda: torch.ones(2, 2) @ torch.ones(2, 2, dtype=float64))
            and (torch.ones(500, 500) * torch.ones(500, 500, dtype=float64)).dtype == float64
        ),
    ),
]


def _numpys_ten() -> torch.Tensor:
    return torch.from_numpy(np.linspace(-5, 5, 10)).float()


def _of_both_kinds() -> list[torch.Tensor]:
    """Leaves and others: made, computed, recorded or not."""
    w = torch.tensor(0.5, requires_grad=True)
    a = torch.tensor(5.0)
    return [w, a, 2 * a, w.float(), w.double(), 2 * w, w.detach(), w + a]


def _errors_after_nudges() -> tuple[float, float, float]:
    """The lecture's linear model: its error as it is, nudged at random, and along the gradient."""
    torch.manual_seed(42)
    X, theta = torch.randn(100, 5).requires_grad_(), torch.randn(5)

    def mse(X: torch.Tensor) -> torch.Tensor:
        return ((X.mean(dim=1) - X @ theta) ** 2).mean()

    (gradient,) = torch.autograd.grad(mse(X), X)
    coin = torch.randn(100, 5).sign()
    return mse(X).item(), mse(X + 0.1 * coin).item(), mse(X + 0.1 * gradient.sign()).item()


def _relu_keeps_its_result() -> bool:
    h = torch.relu(torch.linspace(-1, 1, 1000).requires_grad_())
    kept = h.grad_fn._saved_result  # type: ignore[union-attr]
    whole = kept.shape == h.shape and kept.dtype == float32
    return bool(whole and kept.data_ptr() == h.data_ptr())


def _nodes_know(values: bool) -> bool:
    """Whether the constant and all values of c sin x + x + c can be read, with record() or not."""
    x, c = torch.tensor(5.0, requires_grad=True), torch.tensor(3.0)
    with record() if values else nullcontext():
        y = c * torch.sin(x) + x + c
    graph = trace(y, x=x, c=c)
    last = next(node.id for node in graph.nodes if node.kind == "operation")
    constants = [node for node in graph.nodes if node.kind == "constant"]
    adds = [edge for edge in graph.edges if edge.target == last]
    named = any(node.name == "c" and edge.source == node.id for node in constants for edge in adds)
    return named and all(node.snapshot for node in graph.nodes)


COMPUTATION_GRAPHS: list[Claim] = [
    (
        "computation_graphs",
        "a leaf is a tensor with no grad_fn, whether it requires a gradient or not",
        lambda: all(t.is_leaf == (t.grad_fn is None) for t in _of_both_kinds()),
    ),
    (
        "computation_graphs",
        "relu keeps its whole result, where signs would do; it is the result itself, no copy",
        _relu_keeps_its_result,
    ),
    (
        "computation_graphs",
        "the values in the picture, and that a constant is c, need record()",
        lambda: _nodes_know(values=True) and not _nodes_know(values=False),
    ),
    (
        "computation_graphs",
        "nudged along its gradient, an input raises the error by a third; at random, hardly",
        lambda: (
            (found := _errors_after_nudges())[2] > 1.3 * found[0]
            and abs(found[1] - found[0]) < 0.05 * found[0]
        ),
    ),
]

CLAIMS = [*NUMPY_BRIDGE, *COMPUTATION_GRAPHS]
