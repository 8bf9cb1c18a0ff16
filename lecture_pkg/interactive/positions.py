"""What a stepper shows and says at each of its positions, from a recorded backward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import torch

from ..graph.data import BackwardPass, Flow, Node, Step, Sum, listed
from ..graph.operations import STARTS
from ..graph.rules import is_small, pieces
from ..values import Snapshot, format_snapshot, snapshot

Lines = tuple[str, ...]

_LONGEST_LINE = 26
"""Where a row of numbers is broken, in characters."""

_LONGEST_SUM = 32
"""A longer sum is told beside the picture, not written into a leaf."""


class Position(NamedTuple):
    """What one position of the slider changes, and what is said of it.

    Attributes:
        words: The sentences.
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


Mark = Callable[[str, str], str]
"""Writes a text that stands out as an HTML tag of that name says ("" for one that does not)."""


def in_html(tag: str, text: str) -> str:
    """A text with its tag."""
    return f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text)


def in_plain(tag: str, text: str) -> str:
    """A text as it is."""
    return text


def positions(
    recorded: BackwardPass, calls: Sequence[str], command: str, mark: Mark = in_html
) -> list[Position]:
    """All positions: before the first call, then each step of each call.

    Args:
        recorded: The pass.
        calls: "backward" and "zero", in order.
        command: How the call reads in code, "y.backward()".
        mark: How the sentences are written.
    """
    teller = _Teller(recorded, command, mark)
    told = [teller.before()]
    for call in calls:
        told += teller.backward() if call == "backward" else [teller.zero()]
    return told


def called(node: Node) -> str:
    """The name by which sentences call a node."""
    return node.name or node.label


def is_one(value: Snapshot) -> bool:
    """Whether this is the gradient that `backward()` starts with when it is given none."""
    return value.shape == () and value.numbers == (1,)


def grad_lines(held: Snapshot | None) -> Lines:
    """What a leaf shows as its `.grad`."""
    return broken(f".grad = {format_snapshot(held) if held else None}")


def broken(text: str) -> Lines:
    """A long row of numbers in as few lines as will do, of about the same length."""
    lines = _filled(text, _LONGEST_LINE)
    for longest in range(_LONGEST_LINE - 1, 8, -1):
        narrower = _filled(text, longest)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def _filled(text: str, longest: int) -> Lines:
    """Lines broken after commas, each filled up to the `longest` length."""
    lines = [""]
    for part in text.split(", "):
        if lines[-1] and len(lines[-1]) + len(part) > longest:
            lines.append("")
        lines[-1] += f"{part}, "
    return tuple(line.rstrip() for line in [*lines[:-1], lines[-1].removesuffix(", ")])


_TAGS = {"operation": "b", "arriving": "i", "leaving": "em"}
"""How a rule's parts stand out; the style dresses them as in the picture."""


class _Teller:
    """Tells a pass as often as it is called, and knows what every `.grad` holds meanwhile."""

    def __init__(self, recorded: BackwardPass, command: str, mark: Mark) -> None:
        self._graph, self._steps, self._mark = recorded.graph, recorded.steps, mark
        self._command = mark("code", command)
        flows = {flow.edge for step in recorded.steps for flow in step.leaving}
        self._expected = Counter(self._graph.edges[edge].source for edge in flows)
        self._last = {sum_.leaf: step.index for step in recorded.steps for sum_ in step.sums}
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
        held = self._all_held()
        again = f", with {held} from before" if held else ""
        received: dict[int, list[Flow]] = {}
        told = []
        for step in self._steps:
            for flow in step.leaving:
                received.setdefault(self._source(flow), []).append(flow)
            told.append(self._step(step, received))
        start = f"{self._command} is called{again}. "
        told[0] = told[0]._replace(words=start + told[0].words, fresh=True)
        return [*told, Position(f"{self._command} is done: {self._all_held()}.")]

    def _all_held(self) -> str:
        held = [(leaf, value) for leaf, value in self._held.items() if value]
        return listed([f"{self._grad(leaf)} = {format_snapshot(value)}" for leaf, value in held])

    def _step(self, step: Step, received: Mapping[int, list[Flow]]) -> Position:
        counts = {
            node: (len(flows), self._expected[node])
            for node, flows in received.items()
            if len(flows) < self._expected[node]
        }
        leaves = {sum_.leaf: self._leaf(step, sum_) for sum_ in step.sums}
        reached = dict.fromkeys(map(self._source, step.leaving))
        words = [
            self._gathered(step, received.get(step.node, [])),
            *self._rules(step),
            *(sentence for _, _, sentence in leaves.values()),
            *(self._waits(node, *counts[node]) for node in reached if node in counts),
        ]
        return Position(
            " ".join(filter(None, words)),
            now=step.node,
            arriving=tuple(flow.edge for flow in received.get(step.node, [])),
            leaving={flow.edge: broken(format_snapshot(flow.gradient)) for flow in step.leaving},
            leaves={leaf: (now, later) for leaf, (now, later, _) in leaves.items()},
            waiting={node: f"{has} of {all_}" for node, (has, all_) in counts.items()},
        )

    def _gathered(self, step: Step, flows: Sequence[Flow]) -> str:
        """How several gradients that arrived become one; a named tensor's rule says it itself."""
        if self._graph.nodes[step.node].kind != "operation":
            return ""
        total, told = step.unhooked or step.arriving, []
        if len(flows) > 1:
            sum_ = " + ".join(format_snapshot(flow.gradient) for flow in flows)
            whole = f": {sum_} = {format_snapshot(total)}" if total.shape == () else ""
            told.append(f"{self._bold(step.node)} has all its {len(flows)} gradients{whole}.")
        if step.unhooked:
            old, new = format_snapshot(step.unhooked), format_snapshot(step.arriving)
            told.append(f"A hook changes {old} to {new} before {self._bold(step.node)} runs.")
        return " ".join(told)

    def _rules(self, step: Step) -> list[str]:
        """Each local derivative in words and numbers, and where its result goes."""
        goals: dict[str, Counter[str]] = {}
        for flow in step.leaving:
            rule = self._rule(step, flow)
            goals.setdefault(rule, Counter())[self._bold(self._source(flow))] += 1
        return [
            f'<span class="lp-rule">{rule} → {listed(_times(reached))}.</span>'
            for rule, reached in goals.items()
        ]

    def _rule(self, step: Step, flow: Flow) -> str:
        name = self._graph.nodes[step.node].name
        if name and flow.local.formula == STARTS and not flow.local.hooked:
            start = f"∂{name}/∂{name}" if is_one(step.arriving) else "v"
            parts = [("operation", f"{name}: "), ("", f"{start} = ")]
            parts.append(("leaving", format_snapshot(step.arriving)))
        else:
            parts = pieces(flow.local)
        return "".join(self._mark(_TAGS.get(kind, ""), text) for kind, text in parts)

    def _leaf(self, step: Step, sum_: Sum) -> tuple[Lines, Lines, str]:
        """What a leaf that a gradient reaches shows now, and from then on, and the sentence."""
        held, gradient = self._held[sum_.leaf], sum_.hooked or sum_.total
        if step.index < self._last[sum_.leaf]:
            # as in autograd: only when all have come does the sum go into .grad
            lines = grad_lines(held) if held else broken(f"{format_snapshot(sum_.total)} so far")
            return lines, lines, ""
        several = (len(sum_.terms) > 1 and is_small(sum_.total)) or sum_.hooked or sum_.skipped
        new, how, told = gradient, str(sum_) if several else "", ""
        if held:
            new = _added(held, gradient)
            told = f"{self._bold(sum_.leaf)} gets {how}. " if how else ""
            how = " = ".join(
                [f"{format_snapshot(held)} + {format_snapshot(gradient)}", format_snapshot(new)]
            )
        self._held[sum_.leaf] = new
        later = grad_lines(new)
        now = (how,) if how and len(how) <= _LONGEST_SUM else later
        end = f": {how}" if how else f" = {format_snapshot(new)}"
        return now, later, f"{told}{self._grad(sum_.leaf)}{end}."

    def _waits(self, node: int, has: int, all_: int) -> str:
        return f"{self._bold(node)} waits: it has {has} of its {all_} gradients."

    def _source(self, flow: Flow) -> int:
        return self._graph.edges[flow.edge].source

    def _bold(self, node: int) -> str:
        return self._mark("b", called(self._graph.nodes[node]))

    def _grad(self, leaf: int, more: str = "") -> str:
        node = self._graph.nodes[leaf]
        of = "" if node.name else f" of {self._mark('', node.label)}"
        return f"{self._mark('code', f'{node.name}.grad{more}')}{of}"


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
