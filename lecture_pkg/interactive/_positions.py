"""What a stepper shows and says at each of its positions, from a recorded backward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

import torch

from ..graph.data import BackwardPass, Flow, Step
from ..values import Snapshot, format_snapshot, snapshot
from ._words import Lines, broken, called, grad_lines, is_one, listed, shown

_LONGEST_SUM = 32
"""A longer sum is told beside the picture, not written into a leaf."""


class Position(NamedTuple):
    """What one position of the slider changes, and what is said of it.

    Attributes:
        words: The sentences, as HTML.
        now: Id of the node that runs, or None.
        arriving: Edges whose gradients the node puts to use.
        leaving: The gradient's lines for each edge that one leaves on.
        leaves: For each leaf reached: its line at this position, and from the next one on.
        waiting: How many gradients each waiting node has, "1 of 2".
        fresh: Whether a new pass starts here, so that the edges are bare again.
    """

    words: str
    now: int | None = None
    arriving: tuple[int, ...] = ()
    leaving: Mapping[int, Lines] = {}
    leaves: Mapping[int, tuple[Lines, Lines]] = {}
    waiting: Mapping[int, str] = {}
    fresh: bool = False


def positions(recorded: BackwardPass, calls: Sequence[str], command: str) -> list[Position]:
    """All positions: before the first call, then each step of each call.

    Args:
        recorded: The pass.
        calls: "backward" and "zero", in order.
        command: How the call reads in code, "y.backward()".
    """
    teller = _Teller(recorded, command)
    told = [teller.before()]
    for call in calls:
        told += teller.backward() if call == "backward" else [teller.zero()]
    return told


class _Teller:
    """Tells a pass as often as it is called, and knows what every `.grad` holds meanwhile."""

    def __init__(self, recorded: BackwardPass, command: str) -> None:
        self._graph, self._steps = recorded.graph, recorded.steps
        self._command = f"<code>{escape(command)}</code>"
        flows = {flow.edge for step in recorded.steps for flow in step.leaving}
        self._expected = Counter(self._graph.edges[edge].source for edge in flows)
        self._last = {
            leaf: step.index for step in recorded.steps for leaf, _, _ in step.accumulated
        }
        self._held: dict[int, Snapshot | None] = dict.fromkeys(self._last)

    def before(self) -> Position:
        empty = listed([self._grad(leaf) for leaf in self._held])
        verb = "are" if len(self._held) > 1 else "is"
        words = f"Before {self._command}: every node holds its value; {empty} {verb} None."
        return Position(words)

    def zero(self) -> Position:
        """What zeroing does to every leaf."""
        leaves = {}
        for leaf, held in self._held.items():
            if held is not None:
                self._held[leaf] = zeros = _zeros(held)
                leaves[leaf] = (grad_lines(zeros), grad_lines(zeros))
        grads = listed([self._grad(leaf, ".zero_()") for leaf in leaves])
        words = f"{grads}: what was gathered is gone." if leaves else "There is no .grad to zero."
        return Position(words, leaves=leaves, fresh=True)

    def backward(self) -> list[Position]:
        """The positions of one call of `backward()`."""
        start = self._start()
        received: dict[int, list[Flow]] = {}
        told = []
        for step in self._steps:
            for flow in step.leaving:
                received.setdefault(self._source(flow), []).append(flow)
            told.append(self._step(step, received))
        told[0] = told[0]._replace(words=start + told[0].words, fresh=True)
        return [*told, self._end()]

    def _start(self) -> str:
        held = [f"{self._grad(leaf)} = {format_snapshot(v)}" for leaf, v in self._held.items() if v]
        again = f", with {listed(held)} from before" if held else ""
        return f"{self._command} is called{again}. "

    def _end(self) -> Position:
        ends = [f"{self._grad(leaf)} = {format_snapshot(v)}" for leaf, v in self._held.items() if v]
        return Position(f"{self._command} is done: {listed(ends)}.")

    def _step(self, step: Step, received: Mapping[int, list[Flow]]) -> Position:
        waiting = {
            node: f"{len(flows)} of {self._expected[node]}"
            for node, flows in received.items()
            if len(flows) < self._expected[node]
        }
        # where one step reaches a leaf twice, the last entry has the sum of both
        sums = {leaf: (total, words) for leaf, total, words in step.accumulated}
        leaves = {leaf: self._leaf(step, leaf, *sum_) for leaf, sum_ in sums.items()}
        reached = dict.fromkeys(map(self._source, step.leaving))
        words = [
            self._gathered(step, received.get(step.node, [])),
            *self._rules(step, not received.get(step.node)),
            *(sentence for _, _, sentence in leaves.values()),
            *(self._waits(node, waiting[node]) for node in reached if node in waiting),
        ]
        return Position(
            " ".join(filter(None, words)),
            now=step.node,
            arriving=tuple(flow.edge for flow in received.get(step.node, [])),
            leaving={flow.edge: broken(format_snapshot(flow.gradient)) for flow in step.leaving},
            leaves={leaf: (now, later) for leaf, (now, later, _) in leaves.items()},
            waiting=waiting,
        )

    def _gathered(self, step: Step, flows: Sequence[Flow]) -> str:
        """How several gradients that arrived become one; a named tensor's rule says it itself."""
        if len(flows) < 2 or self._graph.nodes[step.node].kind != "operation":
            return ""
        sum_ = " + ".join(format_snapshot(flow.gradient) for flow in flows)
        whole = f": {sum_} = {format_snapshot(step.arriving)}" if step.arriving.shape == () else ""
        return f"{self._bold(step.node)} has all its {len(flows)} gradients{whole}."

    def _rules(self, step: Step, first: bool) -> list[str]:
        """Each local derivative in words and numbers, and where its result goes."""
        goals: dict[str, Counter[str]] = {}
        for flow in step.leaving:
            rule = self._seed(step, flow.rule) if first else flow.rule
            goals.setdefault(rule, Counter())[self._bold(self._source(flow))] += 1
        arriving = format_snapshot(step.arriving)
        return [
            f'<span class="lp-rule">{shown(rule, arriving)} → {listed(_times(reached))}.</span>'
            for rule, reached in goals.items()
        ]

    def _seed(self, step: Step, rule: str) -> str:
        """Where the first gradient comes from."""
        name = self._graph.nodes[step.node].name
        start = f"∂{name}/∂{name}" if is_one(step.arriving) else "v"
        return f"{name}: {start} = {format_snapshot(step.arriving)}" if name else rule

    def _leaf(self, step: Step, leaf: int, total: Snapshot, words: str) -> tuple[Lines, Lines, str]:
        """What a leaf that a gradient reaches shows now, and from then on, and the sentence."""
        held = self._held[leaf]
        if step.index < self._last[leaf]:
            # as in autograd: only when all have come does the sum go into .grad
            lines = grad_lines(held) if held else broken(f"{format_snapshot(total)} so far")
            return lines, lines, ""
        told = []
        if held:
            new = _added(held, total)
            if " = " in words:
                told.append(f"{self._bold(leaf)} gets {escape(words)}.")
            words = f"{format_snapshot(held)} + {format_snapshot(total)} = {format_snapshot(new)}"
        else:
            new = total
        self._held[leaf] = new
        later = grad_lines(new)
        now = (words,) if " = " in words and len(words) <= _LONGEST_SUM else later
        sum_ = f": {escape(words)}" if " = " in words else f" = {format_snapshot(new)}"
        return now, later, " ".join([*told, f"{self._grad(leaf)}{sum_}."])

    def _waits(self, node: int, count: str) -> str:
        has, all_ = count.split(" of ")
        return f"{self._bold(node)} waits: it has {has} of its {all_} gradients."

    def _source(self, flow: Flow) -> int:
        return self._graph.edges[flow.edge].source

    def _bold(self, node: int) -> str:
        return f"<b>{escape(called(self._graph.nodes[node]))}</b>"

    def _grad(self, leaf: int, more: str = "") -> str:
        node = self._graph.nodes[leaf]
        of = "" if node.name else f" of {escape(node.label)}"
        return f"<code>{escape(node.name)}.grad{more}</code>{of}"


def _times(counted: Counter[str]) -> list[str]:
    return [name if count == 1 else f"{name} ({count} times)" for name, count in counted.items()]


def _added(a: Snapshot, b: Snapshot) -> Snapshot:
    """The sum as torch computes it; of tensors too large to be written only the shape is known."""
    if a.numbers is None or b.numbers is None:
        return b
    dtype = getattr(torch, b.dtype)
    x, y = (torch.tensor(s.numbers, dtype=dtype, device="cpu") for s in (a, b))
    return snapshot((x + y).reshape(b.shape))


def _zeros(value: Snapshot) -> Snapshot:
    return value._replace(numbers=value.numbers and tuple(0.0 for _ in value.numbers))
