"""Exercises: Jacobians and `backward(v)`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from ._answers import Wrong, call, kind
from ._compare import SINGLE, Mistake, compare, numbers_of
from ._exercise import Trial, exercise


@exercise()
def choose_v(answer: Any, trial: Trial) -> None:
    """Which v makes `y.backward(v)` give the gradient of l = y₁ + 2y₂ − y₃?

    y = Ax; x has 5 numbers, y has 3.
    """
    right, v = [1.0, 2.0, -1.0], numbers_of(answer)
    if v is not None and v.shape == (5,):
        hint = "v has the shape of the output y, 3 numbers, not of the input x."
        raise Wrong("v-shape", hint, got="5 numbers", expected="3 numbers")
    if v is not None and v.ndim == 0:
        hint = "y holds 3 numbers, and v one number for each of them."
        raise Wrong("v-shape", hint, got="1 number", expected="3 numbers")
    mistakes = [
        Mistake("ones", [1, 1, 1], "ones give the gradient of the plain sum y₁ + y₂ + y₃."),
        Mistake("sign", [1, 2, 1], "y₃ is subtracted: ∂l/∂y₃ = −1."),
        Mistake("factor", [1, 1, -1], "y₂ counts twice: ∂l/∂y₂ = 2."),
        Mistake("reversed", [-1, 2, 1], "in the order y₁, y₂, y₃."),
    ]
    compare(answer, right, mistakes=mistakes, rtol=SINGLE, given="v_i = ∂l/∂y_i")


@exercise(loads="torch.fx.experimental.symbolic_shapes")
def curve_slopes(answer: Any, trial: Trial) -> None:
    """Write `curve_slopes(f, x)`: f′ at every number of x, with one `backward` call.

    f works number by number, such as torch.sin; x is a tensor that requires no gradient.
    """
    for n in (6, 4):
        x, a = trial.tensor(n), trial.number()
        f = _Watched(partial(_bend, a))
        right = a * torch.cos(x) + 2 * x
        mistakes = [
            Mistake("not-zeroed", 2 * right, "the second call adds to the .grad of the first."),
            Mistake("factor", right / n, f"f′/{n}: mean() divides by {n}. Use sum(), or ones."),
            Mistake("value", f.function(x), "this is f itself."),
            Mistake("summed", right.sum(), "one number; wanted is the slope at each point."),
            Mistake("v-is-x", right * x, "v weighs the slopes: v = x multiplies each by x."),
        ]
        for turn in ("", ", called a second time with the same x"):
            given = f"f(x) = {a}·sin x + x², x of {n} numbers{turn}"
            f.passes = 0
            result = call(answer, f, x, given=given)
            compare(result, right, mistakes=mistakes, given=given)
            if f.passes != 1:
                hint = "right numbers, but wanted are those of one backward call."
                got = f"{f.passes} backward passes through f"
                raise Wrong("other-passes", hint, got=got, expected="1", given=given)


def _bend(a: float, t: torch.Tensor) -> torch.Tensor:
    return a * torch.sin(t) + t**2


def _mix(A: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.sin(A @ t)


class _Watched:
    """A function that counts the backward passes through its results."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.function, self.passes = function, 0

    def __call__(self, t: torch.Tensor) -> torch.Tensor:
        y = self.function(t)
        if y.requires_grad:
            y.register_hook(self._count)  # type: ignore[no-untyped-call]
        return y

    def _count(self, gradient: torch.Tensor) -> None:
        self.passes += 1


@exercise(loads="torch.fx.experimental.symbolic_shapes")
def jacobian(answer: Any, trial: Trial) -> None:
    """Write `jacobian(f, x)`: the whole Jacobian, one row of it with each `backward(v)`.

    f takes n numbers and returns m; the Jacobian has m rows and n columns.
    """
    for m, n in ((3, 4), (2, 3)):
        A, x = trial.tensor(m, n), trial.tensor(n)
        f = _Watched(partial(_mix, A))
        right = torch.cos(A @ x)[:, None] * A
        given, total = f"f(x) = sin(Ax), from {n} numbers to {m}", right.sum(0)
        mistakes = [
            Mistake("not-zeroed", right.cumsum(0), "each row holds those before it: zero .grad."),
            Mistake("summed", total, "the rows added up: v = ones gives Jᵀ·1, not J."),
            Mistake("same-memory", right[-1:].expand(m, n), "all rows are the last: clone .grad."),
            Mistake("same-memory", total.expand(m, n), "all rows are one tensor, .grad itself."),
            Mistake("one-row", right[0], "this is the first row only."),
            Mistake("factor", A, "the derivative of the sine is missing."),
            Mistake(
                "v-is-y", f.function(x)[:, None] * right, "v picks a row: 1 there, 0 elsewhere."
            ),
        ]
        result = call(answer, f, x, given=given)
        compare(result, right, mistakes=mistakes, given=given)
        if not f.passes:
            hint = "right numbers, but no backward pass has gone through f."
            raise Wrong("other-passes", hint, given=given)


@exercise()
def layer_jvp(answer: Any, trial: Trial) -> None:
    """Write `layer_jvp(W, b, x, dW, db, dx)`: how fast y = tanh(Wx + b) moves, by hand.

    dW, db and dx say how fast W, b and x move; they have the shapes of W, b and x.
    """
    for m, n in ((3, 3), (2, 4)):
        W, b = 0.4 * trial.tensor(m, n), 0.4 * trial.tensor(m)
        x, dW, db, dx = trial.tensor(n), trial.tensor(m, n), trial.tensor(m), trial.tensor(n)
        z = W @ x + b
        dz, slope = dW @ x + W @ dx + db, 1 - torch.tanh(z) ** 2
        given = f"W and dW of shape ({m}, {n}), x and dx of {n} numbers, b and db of {m}"
        both = "in a product both factors move: d(Wx) = dW x + W dx."
        mistakes = [
            Mistake("factor", dz, "this is how fast Wx + b moves; tanh has a slope as well."),
            *(Mistake("factor", dz * f, _DERIVATIVE) for f in (1 - z**2, z, 1 - torch.tanh(z))),
            Mistake("one-input", slope * (W @ dx), "W and b move too."),
            Mistake("one-input", slope * (W @ dx + db), both),
            Mistake("one-input", slope * (dW @ x + db), both),
            Mistake("one-input", slope * (dW @ x + W @ dx), "b moves too."),
            Mistake("both-changes", slope * (dW @ dx + db), both),
            Mistake("value", torch.tanh(dz), "this is tanh of a speed: tanh′(z) · dz is wanted."),
        ]
        if m == n:
            hint = "forward mode multiplies by W itself. Wᵀ belongs to the way back."
            mistakes.append(Mistake("transposed", slope * (dW @ x + W.T @ dx + db), hint))
        result = call(answer, W, b, x, dW, db, dx, given=given)
        compare(result, slope * dz, mistakes=mistakes, given=given)


@exercise()
def layer_vjp(answer: Any, trial: Trial) -> None:
    """Write `layer_vjp(W, b, x, v)`: what arrives at W, b and x of y = tanh(Wx + b), by hand.

    v has the shape of y. Return the three vector–Jacobian products, in the order W, b, x.
    """
    for m, n in ((3, 3), (2, 4)):
        # small weights keep tanh away from its flat ends, where every derivative is nearly 0
        W, b = 0.4 * trial.tensor(m, n), 0.4 * trial.tensor(m)
        x, v = trial.tensor(n), trial.tensor(m)
        z = W @ x + b
        u = v * (1 - torch.tanh(z) ** 2)
        given = f"W of shape ({m}, {n}), x of {n} numbers, b and v of {m}"
        result = call(answer, W, b, x, v, given=given)
        if not isinstance(result, tuple | list) or len(result) != 3:
            hint = "wanted are three results: for W, for b, for x."
            raise Wrong("not-three", hint, got=kind(result), given=given)
        # b first: a mistake in the tanh is seen there, and nothing else
        for name, got, right, mistakes in (
            ("b", result[1], u, _bias(v, z)),
            ("W", result[0], torch.outer(u, x), _weight(u, x, v)),
            ("x", result[2], W.T @ u, _input(W, u, v)),
        ):
            compare(got, right, mistakes=mistakes, given=f"{given}; the result for {name}")


_TANH = "v has to pass the tanh first: times 1 − y²."
_DERIVATIVE = "the derivative of tanh z is 1 − y², with y = tanh z."


def _bias(v: torch.Tensor, z: torch.Tensor) -> list[Mistake]:
    y = torch.tanh(z)
    factors = [1 - z**2, 1 - y, y]
    wrong = [Mistake("factor", v * factor, _DERIVATIVE) for factor in factors]
    return [Mistake("factor", v, _TANH), *wrong]


def _weight(u: torch.Tensor, x: torch.Tensor, v: torch.Tensor) -> list[Mistake]:
    mistakes = [
        Mistake("transposed", torch.outer(x, u), "the rows of W belong to the outputs: u xᵀ."),
        Mistake("factor", torch.outer(v, x), _TANH),
    ]
    if len(u) == len(x):
        mistakes += [
            Mistake("sum", u @ x, "an outer product, not an inner one."),
            Mistake("elementwise", u * x, "an outer product: every u_i times every x_j."),
        ]
    return mistakes


def _input(W: torch.Tensor, u: torch.Tensor, v: torch.Tensor) -> list[Mistake]:
    mistakes = [Mistake("factor", W.T @ v, _TANH)]
    if W.shape[0] == W.shape[1]:
        mistakes.append(Mistake("transposed", W @ u, "Jᵀ·v: W transposed, Wᵀu."))
    return mistakes
