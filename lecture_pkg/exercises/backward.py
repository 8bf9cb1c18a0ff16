"""Exercises: the backward pass."""

from __future__ import annotations

import math
from typing import Any

import torch

from ._answers import Wrong, call
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


class _Node:
    """A node as the page's `Number`, with a name, that counts how often its inputs are read."""

    def __init__(self, name: str, *inputs: tuple[_Node, float]) -> None:
        self.name, self._inputs = name, inputs
        self.grad, self.reads = 0.0, 0

    @property
    def inputs(self) -> tuple[tuple[_Node, float], ...]:
        """Pairs of a node and the local derivative for it."""
        self.reads += 1
        return self._inputs

    def __repr__(self) -> str:
        return self.name


@exercise()
def by_counting(answer: Any, trial: Trial) -> None:
    """Write `by_counting(y)`: fill `.grad` of every node that y was made from, by counting.

    Nodes are as `Number`s: `.inputs` holds pairs of a node and its local derivative, and `.grad`
    is 0.0 at the start. Each node hands on its gradient once, and no function calls itself.
    """
    graphs = (_diamond(trial.number()), _doubled(12), _mixed(trial), _chain(5000))
    for nodes, given, mistakes in graphs:
        right = _gradients(nodes)
        for node in nodes:
            node.reads = 0
        call(answer, nodes[-1], given=given)
        _hold_gradients(nodes, right, given, mistakes)
        reads = sum(node.reads for node in nodes)
        if reads > 20 * len(nodes):
            raise Wrong("each-path", _PATHS.format(reads, len(nodes)), given=given)


def _hold_gradients(
    nodes: list[_Node], right: list[float], given: str, mistakes: list[Mistake]
) -> None:
    mine = [node.grad for node in nodes]
    if not any(mine):
        raise Wrong("not-filled", "every .grad is still 0.0.", given=given)
    empty = [node.name for node, slope in zip(nodes, right, strict=True) if slope and not node.grad]
    if empty == [nodes[-1].name]:
        raise Wrong("no-seed", "y itself gets dy/dy = 1: set y.grad.", given=given)
    if empty and len(nodes) <= _FEW:
        hint = "its .grad is still 0.0: was it ever ready, and did what was made from it run?"
        raise Wrong("never-ready", hint, got=f"0.0 at {', '.join(empty)}", given=given)
    compare(mine, right, mistakes=mistakes, given=given)


_FEW = 4
_PATHS = (
    "right numbers, but the nodes were asked for their inputs {} times, and there are {} of them: "
    "a node that passes on each arrival runs once for every path."
)


def _gradients(nodes: list[_Node]) -> list[float]:
    """dy/dn of each node n, for the last one as y, worked out by PyTorch.

    Each node becomes a tensor: the sum of its inputs times their local derivatives, and of a leaf
    of its own. The gradient of that leaf is the node's.
    """
    values: dict[_Node, torch.Tensor] = {}
    for node in nodes:
        own = torch.zeros((), dtype=torch.float64, device="cpu", requires_grad=True)
        values[node] = own + sum(local * values[before] for before, local in node.inputs)
    return [slope.item() for slope in torch.autograd.grad(values[nodes[-1]], list(values.values()))]


_Graph = tuple[list[_Node], str, list[Mistake]]


def _diamond(x: float) -> _Graph:
    """The page's y = u · sin u with u = x · x, and what comes out at x, u, sin u, y by mistake."""
    value = x * x
    sine, slope = math.sin(value), value * math.cos(value)
    a = _Node("x")
    u = _Node("u", (a, x), (a, x))
    s = _Node("sin u", (u, math.cos(value)))
    y = _Node("y", (u, sine), (s, value))
    again = "u passed on what it had passed on before. It must run once, with the whole sum."
    lost = "where a second gradient arrives, it is added to the first: +=."
    parts = (sine, slope)
    mistakes = [
        *(Mistake("replaced", [x * part, part, value, 1.0], lost) for part in parts),
        *(Mistake("too-early", [2 * x * part, sum(parts), value, 1.0], _EARLY) for part in parts),
        *(
            Mistake("passed-on-again", [2 * x * (part + sum(parts)), sum(parts), value, 1.0], again)
            for part in parts
        ),
        Mistake("local", [4.0, 2.0, 1.0, 1.0], _LOCAL),
    ]
    given = f"y = u · sin u, u = x · x, x = {x}; .grad of x, u, sin u, y"
    return [a, u, s, y], given, mistakes


_EARLY = "a node passed its gradient on before all had arrived. Run it when its count is 0."
_LOCAL = "each gradient that is handed on is multiplied by the local derivative."


def _doubled(times: int) -> _Graph:
    nodes = [_Node("x")]
    for i in range(times):
        nodes.append(_Node(f"u{i}", (nodes[-1], 1.0), (nodes[-1], 1.0)))
    return nodes, f"u = u + u, {times} times", []


def _mixed(trial: Trial) -> _Graph:
    """Twenty nodes, each used by the next one and by some later ones, some of them twice."""
    nodes = [_Node("n0")]
    for i in range(1, 20):
        some = trial.rng.choice(i, size=min(i, 3), replace=True)
        chosen = [*(int(j) for j in some), i - 1]
        trial.rng.shuffle(chosen)
        nodes.append(_Node(f"n{i}", *((nodes[j], trial.number(0.2, 0.6)) for j in chosen)))
    mistakes = [Mistake("too-early", _early(nodes, place), _EARLY) for place in (0, -1)]
    return nodes, "a random graph of 20 nodes; .grad of n0 … n19", mistakes


def _early(nodes: list[_Node], place: int) -> list[float]:
    """The gradients if each node runs once, but in the order in which first gradients arrive."""
    slopes, met, ready = {node: 0.0 for node in nodes}, {nodes[-1]}, [nodes[-1]]
    slopes[nodes[-1]] = 1.0
    while ready:
        node = ready.pop(place)
        for before, local in node.inputs:
            slopes[before] += slopes[node] * local
            if before not in met:
                met.add(before)
                ready.append(before)
    return list(slopes.values())


def _chain(length: int) -> _Graph:
    start = _Node("x")
    nodes = [start]
    for i in range(length):
        nodes.append(_Node(f"u{i}", (nodes[-1], 1.0), (start, 1.0)))
    return nodes, f"u = u + x, {length} times", []
