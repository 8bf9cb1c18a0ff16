"""What the pages claim about PyTorch, one line a claim: its page, its words, and what proves it.

Each is a function without arguments that returns whether it is so. The words are the claim's, not
the page's: a page may say it otherwise, but it may not say what is not so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from descents import almost, by_hand, lecture

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

CLAIMS = [*NUMPY_BRIDGE, *ACCUMULATION, *DESCENT]
