"""Exercises: the backward pass."""

from __future__ import annotations

import math
from typing import Any

from ._answers import Wrong, call, kind
from ._compare import SINGLE, Mistake, compare
from ._exercise import Trial, exercise


@exercise()
def derivative(answer: Any, trial: Trial) -> None:
    """Write `derivative(x)`: the derivative of y = x·sin(x²) at a number x, by `backward()`."""
    for x in (trial.number(), trial.number()):
        s, c = math.sin(x**2), math.cos(x**2)
        right = s + 2 * x**2 * c
        mistakes = [
            Mistake("value", x * s, "this is y itself; the derivative is what backward stores."),
            Mistake("factor", s + x * c, "the inner derivative of x² is missing: the factor 2x."),
            Mistake("factor", s + x**2 * c, "the inner derivative of x² is 2x, not x."),
            Mistake("missing-path", 2 * x**2 * c, "x occurs twice; one of its ways is missing."),
            Mistake("missing-path", s, "x occurs twice; the way through the sine is missing."),
            Mistake("sign", s - 2 * x**2 * c, "the derivative of sin is +cos."),
            Mistake("other-function", math.sin(x) ** 2 + x * math.sin(2 * x), _SQUARE),
        ]
        given = f"x = {x}"
        result = call(answer, x, given=given, errors=_CUT)
        compare(result, right, mistakes=mistakes, rtol=SINGLE, given=given)


_SQUARE = "this is the derivative of x·(sin x)²; the square belongs inside: sin(x²)."
_CUT = {
    "detached": (
        "detached",
        "no graph leads to y. Does the leaf have requires_grad=True? Is it the leaf, and not the "
        "Python number, that y is computed from?",
    )
}


@exercise()
def by_hand(answer: Any, trial: Trial) -> None:
    """Write `by_hand(x, c)`: dy/dx and dy/dc of y = u·v, u = c·x, v = sin(x) + c, with `math`."""
    for x, c in ((trial.number(), trial.number(2, 4)), (trial.number(), trial.number(2, 4))):
        u, v, cos = c * x, math.sin(x) + c, math.cos(x)
        right = c * v + u * cos, x * v + u
        mistakes = [
            Mistake("missing-path", (c * v, x * v), _WAYS.format("x and c")),
            Mistake("missing-path", (u * cos, u), _WAYS.format("x and c")),
            Mistake("missing-path", (c * v, right[1]), _WAYS.format("x")),
            Mistake("missing-path", (u * cos, right[1]), _WAYS.format("x")),
            Mistake("missing-path", (right[0], x * v), _WAYS.format("c")),
            Mistake("missing-path", (right[0], u), _WAYS.format("c")),
            Mistake("multiplied", (c * v * u * cos, x * v * u), "where ways meet, gradients add."),
            Mistake("sign", (c * v - u * cos, right[1]), "the derivative of sin is +cos."),
            Mistake(
                "local", (c + cos, x + 1), "each local derivative is multiplied by what arrives."
            ),
            Mistake("local", (c * u + v * cos, x * u + v), "at u arrives v, and at v arrives u."),
            Mistake("swapped", right[::-1], "first dy/dx, then dy/dc."),
            Mistake("value", (u * v, u * v), "this is y itself."),
        ]
        given = f"x = {x}, c = {c}"
        result = call(answer, x, c, given=given)
        compare(result, right, mistakes=mistakes, rtol=SINGLE, given=given)


_WAYS = "y depends on {} in two ways: add what arrives on both."


@exercise()
def upstream(answer: Any, trial: Trial) -> None:
    """Write `upstream(x)`: for h = sin(x), y = h³ the pair dy/dh, dy/dx, from one `backward()`."""
    for x in (trial.number(), trial.number(2, 3)):
        h, local = math.sin(x), math.cos(x)
        right = 3 * h**2, 3 * h**2 * local
        given = f"x = {x}"
        result = call(answer, x, given=given, errors=_NOT_KEPT)
        if isinstance(result, tuple | list) and any(part is None for part in result):
            raise Wrong("gradient-of-non-leaf", _RETAIN, got="a None in the pair", given=given)
        mistakes = [
            Mistake("swapped", right[::-1], "first dy/dh, then dy/dx."),
            Mistake("local", (local, right[1]), "this is dh/dx; wanted is dy/dh."),
            Mistake("local", (right[0], local), "this is dh/dx; wanted is dy/dx."),
            Mistake("same-twice", (right[1], right[1]), "the first is the gradient of h, not x."),
            Mistake("same-twice", (right[0], right[0]), "the second is the gradient of x, not h."),
            Mistake("factor", (h**2, h**2 * local), "the derivative of h³ is 3h²."),
            Mistake("value", (h, h**3), "these are the values; wanted are the gradients."),
        ]
        compare(result, right, mistakes=mistakes, rtol=SINGLE, given=given)


_RETAIN = "h is no leaf, and its gradient is thrown away. Ask for it before: h.retain_grad()."
_NOT_KEPT = {"gradient-of-non-leaf": ("gradient-of-non-leaf", _RETAIN)}


class _Step:
    """A node of a graph as `backward_order` gets it: a name and the nodes it was made from."""

    def __init__(self, name: str, *inputs: _Step) -> None:
        self.name, self.inputs = name, inputs

    def __repr__(self) -> str:
        return self.name


@exercise()
def backward_order(answer: Any, trial: Trial) -> None:
    """Write `backward_order(y)`: the nodes of a graph as backward may visit them.

    Every node has `.inputs`, the nodes it was made from. Wanted is a list that begins with y and
    holds each node once, behind all nodes that were made from it.
    """
    for y, size, given in (_square(), _skip(), _random(trial)):
        result = call(answer, y, given=given)
        if not isinstance(result, list | tuple) or not all(isinstance(n, _Step) for n in result):
            hint = "wanted is a list of the nodes themselves."
            raise Wrong("not-a-list", hint, got=kind(result), given=given)
        _judge_order(list(result), y, size, given)


def _judge_order(order: list[_Step], y: _Step, size: int, given: str) -> None:
    names = ", ".join(node.name for node in order[:12]) + (", …" if len(order) > 12 else "")
    position = {node: i for i, node in enumerate(order)}
    if len(position) < len(order):
        hint = "a node comes more than once: its gradient would be passed on more than once."
        raise Wrong("counted-again", hint, got=names, given=given)
    if len(order) < size:
        hint = f"{size - len(order)} of the {size} nodes are missing."
        raise Wrong("missing-nodes", hint, got=names, given=given)
    backwards = all(position[i] < position[n] for n in order for i in n.inputs)
    if backwards:
        hint = "this is the order of the forward pass: inputs first. Turn it round."
        raise Wrong("forward-order", hint, got=names, given=given)
    for node in order:
        early = [i for i in node.inputs if position[i] < position[node]]
        if early:
            hint = (
                f"{early[0].name} is visited before {node.name}, from which it still gets a "
                "gradient. A node waits until all nodes made from it are done."
            )
            raise Wrong("too-early", hint, got=names, given=given)


def _square() -> tuple[_Step, int, str]:
    a = _Step("a")
    b, c = _Step("b", a), _Step("c", a)
    return _Step("y", b, c), 4, "y made from b and c, both made from a"


def _skip() -> tuple[_Step, int, str]:
    a = _Step("a")
    b = _Step("b", a)
    c = _Step("c", b)
    d = _Step("d", c, a)
    return _Step("y", a, d, b), 5, "y from a, d and b; d from c and a; c from b; b from a"


def _random(trial: Trial) -> tuple[_Step, int, str]:
    """Twenty nodes, each used by the next one and by some later ones."""
    nodes = [_Step("n0")]
    for i in range(1, 20):
        some = trial.rng.choice(i, size=min(i, 3), replace=False)
        chosen = sorted({int(j) for j in some} | {i - 1})
        trial.rng.shuffle(chosen)
        nodes.append(_Step(f"n{i}", *(nodes[j] for j in chosen)))
    return nodes[-1], 20, "a random graph of 20 nodes"
