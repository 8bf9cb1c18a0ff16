"""Comparisons of two numbers, and the table that they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = ("what", "against", "this project", "the other", "ratio", "to reach", "reached")
_UNITS = {
    "s": [(1, "s"), (1e-3, "ms"), (1e-6, "µs")],
    "B": [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")],
}
# unit: what less of it is called, and what more
_WORDS = {"s": ("faster", "slower"), "B": ("smaller", "larger"), "operations": ("fewer", "more")}


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
        ours: What it cost here, or what stands in place of a number that could not be measured.
        other: The same of the other; "–" where there is none.
        unit: "s" for seconds, "B" for bytes, "operations".
        goal: What is to be reached, if anything.
        why: Why the goal is missed, if it is.
        in_readme: Whether the README shows the row too.
    """

    what: str
    against: str
    ours: float | str
    other: float | str = "–"
    unit: str = "s"
    goal: Goal | None = None
    why: str = ""
    in_readme: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none, or nothing to compare."""
        if self.goal is None or isinstance(self.ours, str):
            return None
        kind, limit = self.goal
        if kind == "at most":
            return self.ours <= limit
        if isinstance(self.other, str):
            return None
        if kind == "more":
            return self.ours - self.other <= limit
        return (
            self.other / self.ours >= limit if kind == "faster" else self.ours / self.other <= limit
        )

    def cells(self, note: int | None = None) -> list[str]:
        """The row's text; `note` is the number of the remark on a goal that is missed."""
        verdict = {True: "yes", False: "no", None: ""}[self.reached]
        ours, other = (quantity(each, self.unit) for each in (self.ours, self.other))
        found = verdict + (f" ({note})" if note else "")
        return [self.what, self.against, ours, other, self.ratio(), self._to_reach(), found]

    def ratio(self) -> str:
        """What this project costs, as a multiple of the other or a difference; "" without one."""
        if isinstance(self.ours, str) or isinstance(self.other, str):
            return ""
        if self.goal and self.goal.kind == "more":
            more = self.ours - self.other
            return ("+" if more >= 0 else "−") + quantity(abs(more), self.unit)
        if self.against.startswith("floor"):
            return f"{factor(self.ours / self.other)} the floor"
        if self.ours == self.other:
            return "the same"
        less, more_of_it = _WORDS[self.unit]
        if self.other < self.ours:
            return f"{factor(self.ours / self.other)} {more_of_it}"
        return f"{factor(self.other / self.ours)} {less}"

    def _to_reach(self) -> str:
        if self.goal is None:
            return ""
        kind, limit = self.goal
        if kind in ("faster", "times"):
            return f"{'≥' if kind == 'faster' else '≤'} {factor(limit)}"
        return f"≤ {'+' if kind == 'more' else ''}{quantity(limit, self.unit)}"


def factor(value: float) -> str:
    """A ratio in two or three digits.

    >>> factor(1.084), factor(12.34), factor(8123.0)
    ('1.08×', '12.3×', '8,123×')
    """
    return f"{_digits(value)}×"


def quantity(value: float | str, unit: str) -> str:
    """A number with a unit that suits it; a text stays as it is.

    >>> quantity(0.00123, "s"), quantity(75, "s"), quantity(2.5e6, "B"), quantity("crashed", "s")
    ('1.23 ms', '75.0 s', '2.50 MB', 'crashed')
    >>> quantity(20_000, "operations")
    '20,000'
    """
    if isinstance(value, str):
        return value
    if unit not in _UNITS:
        return f"{value:,.0f}"
    scales = _UNITS[unit]
    scale, name = next((each for each in scales if value >= each[0]), scales[-1])
    return f"{_digits(value / scale)} {name}"


def _digits(value: float) -> str:
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"


def markdown(rows: Sequence[Comparison]) -> str:
    """The table, and below it why each goal was missed that was."""
    notes: dict[str, int] = {}
    cells = []
    for row in rows:
        missed = row.reached is False and row.why
        cells.append(row.cells(notes.setdefault(row.why, len(notes) + 1) if missed else None))
    remarks = [f"{number}. {why}" for why, number in notes.items()]
    return _table(COLUMNS, cells) + "".join(f"{line}\n" for line in ["", *remarks] if remarks)


def short_form(rows: Sequence[Comparison]) -> str:
    """What, against and ratio of the rows that the README shows."""
    cells = [[row.what, row.against, row.ratio()] for row in rows if row.in_readme]
    return _table(("what", "against", "ratio"), cells)


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
