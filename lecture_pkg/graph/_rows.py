"""A table kept as columns, whose rows are made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

Row = TypeVar("Row")


class Rows(Sequence[Row]):
    """A sequence of named tuples of one kind, equal to a tuple of them, which it never holds.

    To make a named tuple for each operation takes longer than to walk through a graph, and twice
    the memory, while of a graph of a million operations nobody looks at each.

    Args:
        kind: The class of the rows.
        columns: Their fields, in order: sequences of equal length, which must not change any more.

    Example:
        >>> from lecture_pkg.graph.data import Edge
        >>> edges = Rows(Edge, [range(3), [1, 2, 3], [0, 0, 1]])
        >>> len(edges), edges[-1]
        (3, Edge(source=2, target=3, argument=1))
    """

    def __init__(self, kind: type[Row], columns: Iterable[Sequence[Any]]) -> None:
        self._kind: Any = kind
        self._columns = tuple(columns)

    def __len__(self) -> int:
        return len(self._columns[0])

    def __iter__(self) -> Iterator[Row]:
        return map(self._kind._make, zip(*self._columns, strict=True))

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return Rows(self._kind, [column[place] for column in self._columns])
        made: Row = self._kind._make([column[place] for column in self._columns])
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rows | tuple):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
