"""Minimum-cost assignment of rows to columns over a sparse set of pairs, with a price for an open row."""

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush

Pair = tuple[int, int, float]
"""Row, column and what it costs to put them together."""
Move = tuple[float, int, int]
"""What a chain of moves costs, the column it has come to, and the row that would move there."""


def assign(pairs: Iterable[Pair], limit: float) -> dict[int, int]:
    """Return the column of each row that has one in the cheapest assignment.

    Leaving a row open costs `limit`, and two rows never share a column. Every row begins with its
    cheapest column; those that find it taken are placed by shortest augmenting paths, which go only
    as far as rows compete for columns. Plain numbers: few pairs are possible, and fewer disputed.

    Args:
        pairs: the possible ones; each comes once and costs less than `limit`. Ties go to the lower column.
        limit: price of an open row.
    """
    matching = _Matching(pairs, limit)
    for row in matching.late_rows:
        matching.place(row)
    return matching.columns


class _Matching:
    """Rows, columns and their prices (duals) while the matching grows row by row."""

    def __init__(self, pairs: Iterable[Pair], limit: float) -> None:
        self._limit = limit
        self._choices: dict[int, list[tuple[float, int]]] = {}
        for row, column, cost in pairs:
            self._choices.setdefault(row, []).append((cost, column))
        self._row_prices: dict[int, float] = {}
        self._column_prices: dict[int, float] = {}
        self._owners: dict[int, int] = {}
        self.columns: dict[int, int] = {}
        """By row."""
        self.late_rows: list[int] = []
        """Those whose cheapest column is taken."""
        for row, choices in self._choices.items():
            self._row_prices[row], column = min(choices)
            if self._owners.setdefault(column, row) == row:
                self.columns[row] = column
            else:
                self.late_rows.append(row)

    def place(self, row: int) -> None:
        """Place one more row along the cheapest chain of moves; someone in the chain may stay open."""
        open_reach, open_row = self._limit - self._row_prices[row], row
        came_from: dict[int, int] = {}
        taken: dict[int, float] = {}
        moves: list[Move] = []
        self._offer(moves, row, 0.0)
        while moves and moves[0][0] < open_reach:
            reach, column, mover = heappop(moves)
            if column in came_from:
                continue
            came_from[column] = mover
            if column not in self._owners:
                self._reprice(row, taken, reach)
                self._shift(row, column, came_from)
                return
            taken[column], owner = reach, self._owners[column]
            if reach + self._limit - self._row_prices[owner] < open_reach:
                open_reach, open_row = reach + self._limit - self._row_prices[owner], owner
            self._offer(moves, owner, reach)
        self._reprice(row, taken, open_reach)
        if open_row != row:
            self._shift(row, self.columns.pop(open_row), came_from)

    def _offer(self, moves: list[Move], row: int, reach: float) -> None:
        """Add where `row` could go after a chain of moves that costs `reach`."""
        price = self._row_prices[row]
        for cost, column in self._choices[row]:
            onward = reach + cost - price - self._column_prices.get(column, 0.0)
            heappush(moves, (onward, column, row))

    def _reprice(self, row: int, taken: Mapping[int, float], total: float) -> None:
        self._row_prices[row] += total
        for column, reach in taken.items():
            self._row_prices[self._owners[column]] += total - reach
            self._column_prices[column] = self._column_prices.get(column, 0.0) - (total - reach)

    def _shift(self, row: int, column: int, came_from: Mapping[int, int]) -> None:
        """Move the chain that begins with `row` and ends at `column`."""
        mover = came_from[column]
        while mover != row:
            freed = self.columns[mover]
            self._owners[column], self.columns[mover] = mover, column
            column, mover = freed, came_from[freed]
        self._owners[column], self.columns[row] = row, column
