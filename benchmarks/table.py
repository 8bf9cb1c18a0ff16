"""Comparisons of two numbers, and the table that they make."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

COLUMNS = ("what", "against", "this project", "the other", "ratio", "to reach", "reached")


class Goal(NamedTuple):
    """What is to be reached.

    Attributes:
        kind: "faster": so many times as fast as the other; "times": at most so many times the
            other; "more": at most so much more than the other; "at most": at most so much.
        limit: The number.
    """

    kind: str
    limit: float


class Comparison(NamedTuple):
    """A row: this project beside something else.

    Attributes:
        what: What was done.
        against: The alternative, or the floor.
        ours: What it cost here; None if it could not be measured.
        other: What it cost there; None if it could not be measured.
        unit: "s" for seconds, "B" for bytes, "×" for a ratio.
        goal: What is to be reached, if anything.
        said: What stands in place of a number that could not be measured.
        why: Why the goal is missed, if it is.
    """

    what: str
    against: str
    ours: float | None
    other: float | None = None
    unit: str = "s"
    goal: Goal | None = None
    said: str = ""
    why: str = ""

    @property
    def is_floor(self) -> bool:
        return self.against.startswith("floor")

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none, or nothing to compare."""
        if self.goal is None or self.ours is None:
            return None
        if self.goal.kind == "at most":
            return self.ours <= self.goal.limit
        if self.other is None:
            return None
        found = {
            "faster": self.goal.limit <= self.other / self.ours,
            "times": self.ours / self.other <= self.goal.limit,
            "more": self.ours - self.other <= self.goal.limit,
        }
        return found[self.goal.kind]

    def cells(self, note: int | None = None) -> list[str]:
        """The row's text; `note` is the number of the remark on a goal that is missed."""
        verdict = {True: "yes", False: "no", None: ""}[self.reached]
        missing = self.said or "–"
        ours = missing if self.ours is None else quantity(self.ours, self.unit)
        # what failed is said once
        missing = "–" if self.ours is None else missing
        other = missing if self.other is None else quantity(self.other, self.unit)
        return [
            self.what,
            self.against,
            ours,
            other,
            self._ratio(),
            self._goal(),
            verdict + (f" ({note})" if note else ""),
        ]

    def _ratio(self) -> str:
        if self.ours is None or self.other is None:
            return ""
        if self.goal is not None and self.goal.kind == "more":
            more = self.ours - self.other
            return ("+" if more >= 0 else "−") + quantity(abs(more), self.unit)
        if self.is_floor or (self.goal is not None and self.goal.kind == "times"):
            return f"{factor(self.ours / self.other)} the floor"
        if self.other < self.ours:
            return f"{factor(self.ours / self.other)} {'slower' if self.unit == 's' else 'larger'}"
        return f"{factor(self.other / self.ours)} {'faster' if self.unit == 's' else 'smaller'}"

    def _goal(self) -> str:
        if self.goal is None:
            return ""
        kind, limit = self.goal
        if kind == "faster":
            return f"≥ {factor(limit)}"
        if kind == "times":
            return f"≤ {factor(limit)}"
        return f"≤ {'+' if kind == 'more' else ''}{quantity(limit, self.unit)}"


def factor(value: float) -> str:
    """A ratio in two or three digits.

    >>> factor(1.084), factor(12.34), factor(8123.0)
    ('1.08×', '12.3×', '8,123×')
    """
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}×"


def quantity(value: float, unit: str) -> str:
    """A number with a unit that suits it.

    >>> quantity(0.00123, "s"), quantity(75, "s"), quantity(2.5e6, "B"), quantity(1.5, "×")
    ('1.23 ms', '75.0 s', '2.50 MB', '1.50×')
    """
    if unit == "×":
        return factor(value)
    scales = {"s": [(1, "s"), (1e-3, "ms"), (1e-6, "µs")]}
    scales["B"] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")]
    scale, name = next((each for each in scales[unit] if value >= each[0]), scales[unit][-1])
    value /= scale
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f} {name}"


def short_form(rows: Sequence[Comparison], chosen: Collection[tuple[str, str]]) -> str:
    """What, against and ratio of the rows whose first two are `chosen`, in the rows' order."""
    found = [row.cells() for row in rows if (row.what, row.against) in chosen]
    lines = [
        ("what", "against", "ratio"),
        ("---",) * 3,
        *((*cells[:2], cells[4]) for cells in found),
    ]
    return "\n".join(map(_line, lines)) + "\n"


def markdown(rows: Sequence[Comparison]) -> str:
    """The table, and below it why each goal was missed that was."""
    notes: dict[str, int] = {}
    lines = [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
    for row in rows:
        number = None
        if row.reached is False and row.why:
            number = notes.setdefault(row.why, len(notes) + 1)
        lines.append(_line(row.cells(number)))
    remarks = [f"{number}. {why}" for why, number in notes.items()]
    return "\n".join([*lines, *([""] if remarks else []), *remarks]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
