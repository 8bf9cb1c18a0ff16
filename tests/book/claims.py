"""What the pages claim about PyTorch, one line a claim: its page, its words, and what proves it.

Each is a function without arguments that returns whether it is so. The words are the claim's, not
the page's: a page may say it otherwise, but it may not say what is not so.
"""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise

import numpy as np
import pytest
import torch
from descents import almost, by_hand, lecture
from torch.utils.flop_counter import FlopCounterMode

import lecture_pkg
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


def leaf(value: float = 5.0) -> torch.Tensor:
    """A number that requires a gradient."""
    return torch.tensor(value, requires_grad=True)


def nodes(y: torch.Tensor) -> int:
    """How many nodes there are in the graph of `y`, its leaves included."""
    seen, todo = set(), [y.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [before for before, _ in node.next_functions]
    return len(seen)


def shared_loop() -> tuple[list[int], list[float]]:
    """The graph's size and x.grad in each round of a loop that keeps one shared sine."""
    x, sizes, sums = leaf(), [], []
    shared = torch.sin(x)
    for factor in (1.0, 2.0, 3.0):
        y = factor * shared
        y.backward(retain_graph=True)
        sizes.append(nodes(y))
        sums.append(round(x.grad.item() / math.cos(5), 4))
    return sizes, sums


def chain_sizes() -> list[int]:
    """The graph's size in each round of a chain of sines that keeps its graph."""
    h, sizes = leaf(), []
    for _ in range(3):
        h = torch.sin(h)
        h.backward(retain_graph=True)
        sizes.append(nodes(h))
    return sizes


def update_between() -> None:
    """Two passes over a shared sine, with an unrecorded update of its input between them."""
    x = leaf()
    shared = torch.sin(x)
    shared.backward(retain_graph=True)
    with torch.no_grad():
        x -= 0.1 * x.grad
    shared.backward()


def retained() -> torch.Tensor | None:
    """The gradient that backward() wrote into a result which asked for it."""
    u = torch.sin(leaf())
    u.retain_grad()
    (3 * u).backward()
    return u.grad


def arrivals() -> tuple[list[float], float]:
    """What comes to x along two paths, and x.grad afterwards, if it was 100 before."""
    x, came = leaf(), []
    x.grad = torch.tensor(100.0)
    x.register_hook(lambda gradient: came.append(round(gradient.item(), 4)))
    (3 * torch.sin(x) + x).backward()
    return came, round(x.grad.item(), 4)


def deep_gradient() -> float:
    """The gradient through 1,200 additions, more than Python lets a function call itself."""
    x = y = leaf(1.0)
    for _ in range(1200):
        y = y + x
    y.backward()
    return x.grad.item()


def freed() -> bool:
    """Whether a pass leaves the node and takes its saved tensor."""
    y = torch.sin(leaf())
    y.backward()
    gone = raises(RuntimeError, lambda: y.grad_fn._saved_self, "already been freed")
    return gone and y.grad_fn.name() == "SinBackward0"


BACKWARD: list[Claim] = [
    (
        "backward",
        "retain_graph=True over a shared piece: the right sums, and three nodes in each round",
        lambda: shared_loop() == ([3, 3, 3], [1.0, 3.0, 6.0]),
    ),
    (
        "backward",
        "retain_graph=True in a chain h = sin(h): the graph grows by a node in each round",
        lambda: chain_sizes() == [2, 3, 4],
    ),
    (
        "backward",
        "an update between two passes over a shared piece makes the second raise",
        lambda: raises(RuntimeError, update_between, "is at version 1; expected version 0"),
    ),
    (
        "backward",
        "backward() also writes into a result that asked with retain_grad()",
        lambda: retained() == 3.0,
    ),
    (
        "backward",
        "paths are summed before AccumulateGrad runs once; the old .grad is added after that",
        lambda: arrivals() == ([1.851], 101.851),
    ),
    (
        "backward",
        "the engine does not call itself: it goes through 1,200 additions",
        lambda: deep_gradient() == 1201.0,
    ),
    ("backward", "a pass frees the saved tensors, and leaves the nodes", freed),
]


def loss(theta: torch.Tensor) -> torch.Tensor:
    return (theta - 3) ** 2


def moved_recorded() -> torch.Tensor:
    """θ after a step out of place, and the next round's backward pass."""
    theta = leaf(0.0)
    loss(theta).backward()
    theta = theta - 0.1 * theta.grad
    loss(theta).backward()
    return theta


def gradient_of_recorded() -> bool:
    """Whether reading the moved θ's gradient warns, finds None, and stops the next step."""
    theta = moved_recorded()
    with pytest.warns(UserWarning, match="not a leaf"):
        none = theta.grad
    return none is None and raises(TypeError, lambda: 0.1 * none, "'float' and 'NoneType'")


def moved_under_no_grad() -> torch.Tensor:
    """θ after a step out of place that was not recorded."""
    theta = leaf(0.0)
    loss(theta).backward()
    with torch.no_grad():
        return theta - 0.1 * theta.grad


def changed(result: torch.Tensor) -> torch.Tensor:
    """The same result with 1 added in place, summed up."""
    result += 1
    return result.sum()


def overwritten(write: Callable[[torch.Tensor], object]) -> torch.Tensor:
    """x.grad of x² at 2, with x overwritten between the two passes."""
    x = leaf(2.0)
    y = x**2
    write(x)
    y.backward()
    return x.grad


def pair() -> torch.Tensor:
    return torch.tensor([0.0, 1.0], requires_grad=True)


def gives_tensors() -> list[bool]:
    """Whether detach, .data, no_grad and .item() give a tensor."""
    x = leaf()
    with torch.no_grad():
        blocked = 1 * x
    return [isinstance(v, torch.Tensor) for v in (x.detach(), x.data, blocked, x.item())]


VERSION = "is at version 1; expected version 0"

SWITCHING_OFF: list[Claim] = [
    (
        "switching_off",
        "detach, .data and no_grad give tensors, .item() a number",
        lambda: gives_tensors() == [True, True, True, False],
    ),
    (
        "switching_off",
        "a recorded step out of place: the second round warns, then raises",
        gradient_of_recorded,
    ),
    (
        "switching_off",
        "under no_grad its result requires no gradient, and the next backward() raises",
        lambda: (
            not moved_under_no_grad().requires_grad
            and raises(
                RuntimeError,
                lambda: loss(moved_under_no_grad()).backward(),
                "does not require grad and does not have a grad_fn",
            )
        ),
    ),
    (
        "switching_off",
        "in place and recorded, the step is refused",
        lambda: raises(RuntimeError, lambda: leaf().add_(1), "a leaf Variable that requires grad"),
    ),
    (
        "switching_off",
        "a sigmoid changed in place fails, and the message says how that was noticed",
        lambda: raises(
            RuntimeError,
            lambda: changed(torch.sigmoid(pair())).backward(),
            f"of Sigmoid, {VERSION}",
        ),
    ),
    (
        "switching_off",
        "its twin written by hand does not fail",
        lambda: changed(1 / (1 + torch.exp(-pair()))).backward() is None,
    ),
    (
        "switching_off",
        "a write through .data is not counted: no error, the gradient at 10 in place of that at 2",
        lambda: overwritten(lambda x: x.data.fill_(10.0)) == 20.0,
    ),
    (
        "switching_off",
        "a write through detach() is counted",
        lambda: raises(
            RuntimeError, lambda: overwritten(lambda x: x.detach().fill_(10.0)), VERSION
        ),
    ),
    (
        "switching_off",
        "inference tensors have no version counter",
        lambda: raises(
            RuntimeError,
            lambda: torch.inference_mode()(torch.ones)(2)._version,
            "do not track version counter",
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


def _leaf() -> torch.Tensor:
    """A leaf at 2 whose gradient, 12 of x³, has come."""
    x = torch.tensor(2.0, requires_grad=True)
    (x**3).backward()
    return x


def paths_of_a_pass_are_summed_before_the_leaf_adds_once() -> bool:
    x, arrived, added = torch.tensor(5.0, requires_grad=True), [], []
    x.register_hook(lambda gradient: arrived.append(gradient.item()))
    x.register_post_accumulate_grad_hook(lambda leaf: added.append(leaf.grad.item()))
    for _ in range(2):
        (3 * x**2 + x).backward()
    return arrived == [31.0, 31.0] and added == [31.0, 62.0]


def zeroed_before_the_step_is_silent_with_zero() -> bool:
    x = _leaf()
    x.grad.zero_()
    with torch.no_grad():
        x -= 0.1 * x.grad
    return x.item() == 2.0


def zeroed_before_the_step_raises_with_none() -> bool:
    x = _leaf()
    x.grad = None
    return raises(TypeError, lambda: 0.1 * x.grad, "'float' and 'NoneType'")


def an_optimizer_skips_none_and_moves_zero() -> bool:
    x = _leaf()
    optimizer = torch.optim.SGD([x], lr=0.1, weight_decay=0.1)
    optimizer.zero_grad()
    optimizer.step()
    skipped = x.grad is None and x.item() == 2.0
    x.grad = torch.zeros(())
    optimizer.step()
    return skipped and x.item() < 2.0


def a_pass_frees_what_was_saved_and_leaves_the_nodes() -> bool:
    x = torch.ones(3, requires_grad=True)
    loss = (x**2).mean()
    square = loss.grad_fn.next_functions[0][0]
    (loss / 4).backward()
    kept = loss.grad_fn.next_functions[0][0] is square
    return kept and raises(RuntimeError, lambda: square._saved_self, "already been freed")


ACCUMULATION: list[Claim] = [
    (
        "accumulation",
        "the paths of a pass are summed first; then the leaf adds the sum to .grad, once",
        paths_of_a_pass_are_summed_before_the_leaf_adds_once,
    ),
    (
        "accumulation",
        "zeroed before the step by zero_(), a loop is silent and never moves",
        zeroed_before_the_step_is_silent_with_zero,
    ),
    (
        "accumulation",
        "zeroed before the step by None, the step raises a TypeError",
        zeroed_before_the_step_raises_with_none,
    ),
    (
        "accumulation",
        "an optimizer leaves a parameter with None alone, and may move one with a gradient of 0",
        an_optimizer_skips_none_and_moves_zero,
    ),
    (
        "accumulation",
        "after a pass the saved tensors are gone, and the nodes are there",
        a_pass_frees_what_was_saved_and_leaves_the_nodes,
    ),
]


def _points(step: float, start: float, steps: int) -> list[float]:
    return by_hand(lecture, step, start, steps)[0]


def above_the_limit_a_path_may_cycle() -> bool:
    path = _points(0.05, -3.5, 5000)
    return all(almost(pair, [-2.8551, -3.2960]) for pair in (path[99:101], path[-2:]))


def above_the_limit_the_swing_grows_near_the_bottom_only() -> bool:
    away = [abs(point + 3.121484) for point in _points(0.05, -3.120484, 200)]
    return all(b > 1.3 * a for a, b in pairwise(away[:9])) and max(away) < 0.28


def the_first_jump_decides() -> bool:
    ridge, limit = -2.43326, 0.0407
    stays, leaves = _points(0.05, -3.5, 500), _points(0.07, -3.5, 500)
    lands = leaves[1] > ridge and max(stays) < -2.71
    return limit < 0.05 and lands and math.isclose(leaves[-1], -1.52917, abs_tol=1e-4)


def the_ratio_settles_at_one_minus_step_times_curvature() -> bool:
    path = _points(0.07, -3.5, 200)
    away = [point - path[-1] for point in path[:31]]
    return abs(away[2] / away[1] - 0.89) < 0.01 and abs(away[30] / away[29] + 0.5962) < 1e-4


def below_the_limit_half_the_starts_may_not_rest() -> bool:
    """Between the ridges 0.4533 and 1.6823, with half of the limit 0.2905."""
    starts = [0.4533 + (1.6823 - 0.4533) * (i + 0.5) / 100 for i in range(100)]
    rests = [abs(_points(0.14526, start, 100)[-1] - 0.68377) < 1e-3 for start in starts]
    return 0.5 < sum(rests) / 100 < 0.57


def the_flat_direction_needs_as_many_steps_as_the_condition_number() -> bool:
    counts = []
    for steep in (20, 200):
        theta, count = torch.ones(2, dtype=float64), 0
        while theta[0] > 1 / math.e:
            theta, count = theta - torch.tensor([1.0, steep]) * theta / steep, count + 1
        counts.append(count)
    return counts == [20, 200]


DESCENT: list[Claim] = [
    (
        "descent",
        "0.05 from −3.5 ends in a cycle of two, unchanged after 5,000 steps",
        above_the_limit_a_path_may_cycle,
    ),
    (
        "descent",
        "above the limit each step lands further away near the bottom, and not for ever",
        above_the_limit_the_swing_grows_near_the_bottom_only,
    ),
    (
        "descent",
        "0.07 leaves the valley of −3.12 since its first jump passes the ridge at −2.433",
        the_first_jump_decides,
    ),
    (
        "descent",
        "the ratio of successive distances settles at 1 − ηf″",
        the_ratio_settles_at_one_minus_step_times_curvature,
    ),
    (
        "descent",
        "with half its limit only some 53 % of the starts in the valley of 0.68 rest there",
        below_the_limit_half_the_starts_may_not_rest,
    ),
    (
        "descent",
        "with the steep direction's step the flat one needs κ steps to come down to 1/e",
        the_flat_direction_needs_as_many_steps_as_the_condition_number,
    ),
]


def first_step(method: type[torch.optim.Optimizer], slope: float) -> float:
    w = torch.tensor(0.0, requires_grad=True)
    (slope * w).backward()
    method([w], lr=0.1).step()  # type: ignore[call-arg]
    return w.item()


def numbers_that_adam_keeps() -> int:
    w = torch.ones(7, requires_grad=True)
    optimizer = torch.optim.Adam([w])
    w.sum().backward()
    optimizer.step()
    return sum(v.numel() for name, v in optimizer.state[w].items() if name != "step")


def dropout_still_drops_under_no_grad() -> bool:
    torch.manual_seed(0)
    drop, ones = torch.nn.Dropout(0.5), torch.ones(50)
    with torch.no_grad():
        training = torch.equal(drop(ones), drop(ones))
        drop.eval()
        return not training and torch.equal(drop(ones), drop(ones))


NN_AND_OPTIM: list[Claim] = [
    (
        "nn_and_optim",
        "Adam's first step is one learning rate long, RMSprop's ten, whatever the gradient",
        lambda: all(
            abs(first_step(torch.optim.Adam, slope) + 0.1) < 1e-4
            and abs(first_step(torch.optim.RMSprop, slope) + 1.0) < 1e-4
            for slope in (0.01, 1.0, 1000.0)
        ),
    ),
    (
        "nn_and_optim",
        "Adam keeps two numbers for each that it trains",
        lambda: numbers_that_adam_keeps() == 2 * 7,
    ),
    (
        "nn_and_optim",
        "no_grad does not switch dropout off, eval() does",
        dropout_still_drops_under_no_grad,
    ),
]


def line_that_anomaly_mode_names() -> str:
    """The line of the forward pass that it prints when a saved tensor was overwritten."""
    x = torch.ones(2, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught, torch.autograd.set_detect_anomaly(True):
        warnings.simplefilter("always")
        saved = torch.sigmoid(x)
        saved += 1
        assert raises(RuntimeError, saved.sum().backward, "inplace")
    return str(caught[-1].message).splitlines()[-2].strip()


ERRORS: list[Claim] = [
    (
        "errors",
        "every leaf has grad_fn None; what tells a cut is requires_grad",
        lambda: (
            leaf().grad_fn is None and leaf().requires_grad and not leaf().detach().requires_grad
        ),
    ),
    (
        "errors",
        "anomaly mode names the line that saved, not the one that overwrote",
        lambda: line_that_anomaly_mode_names() == "saved = torch.sigmoid(x)",
    ),
    (
        "errors",
        "a softmax before CrossEntropyLoss keeps the loss above 0.5 for three classes",
        lambda: torch.nn.CrossEntropyLoss()(torch.eye(3)[:1], torch.tensor([0])).item() > 0.5,
    ),
    (
        "api",
        "the public types can be imported from the package itself",
        lambda: all(
            hasattr(lecture_pkg, name)
            for name in ("DivergedError", "Node", "Step", "Descent", "Minimum", "Figure")
        ),
    ),
]

CLAIMS = [
    claim
    for page in (
        NUMPY_BRIDGE, COMPUTATION_GRAPHS, BACKWARD, SWITCHING_OFF, ACCUMULATION, DESCENT,
        NN_AND_OPTIM, JACOBIANS, GPU, ERRORS,
    )
    for claim in page
]  # fmt: skip
