"""Minimum-cost assignment of rows to columns, with a price for leaving a row open."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OPEN = -1


def assign(costs: Floats, limit: float) -> Ints:
    """Return the column of each row in the cheapest assignment, `OPEN` for rows without one.

    Leaving a row open costs `limit`, so a pair is made only when it pays; two rows never share a
    column. Ties go to the lower index. Shortest augmenting paths on top of the rows' own minima:
    rows that do not compete cost nothing extra.

    Args:
        costs: shape `(n, m)`, at least 0 or any finite values below `limit`; infinite = impossible.
        limit: price of an open row.
    """
    columns = np.full(len(costs), OPEN, dtype=np.int64)
    if not costs.size:
        return columns
    rows = (costs.min(axis=1) < limit).nonzero()[0]
    if len(rows):
        columns[rows] = _Matching(np.minimum(costs[rows], limit), limit).solve()
    return np.where(costs[np.arange(len(costs)), columns] < limit, columns, OPEN)


class _Matching:
    """Rows, columns and their prices (duals) while the matching grows row by row."""

    def __init__(self, costs: Floats, limit: float) -> None:
        self._costs, self._limit = costs, limit
        self._columns: Ints = costs.argmin(axis=1)
        self._row_prices = costs[np.arange(len(costs)), self._columns]
        self._col_prices = np.zeros(costs.shape[1])
        self._owners = np.full(costs.shape[1], OPEN, dtype=np.int64)

    def solve(self) -> Ints:
        """Return the column of each row; rows nobody disputes keep their cheapest one."""
        waiting = []
        for row, column in enumerate(self._columns.tolist()):
            if self._owners[column] == OPEN:
                self._owners[column] = row
            else:
                self._columns[row] = OPEN
                waiting.append(row)
        for row in waiting:
            self._augment(row)
        return self._columns

    def _augment(self, row: int) -> None:
        """Place one more row along the cheapest chain of moves; someone in the chain may stay open."""
        reach = self._costs[row] - self._row_prices[row] - self._col_prices
        came_from = np.full(len(reach), row)
        is_done = np.zeros(len(reach), dtype=bool)
        open_reach, open_row = self._limit - self._row_prices[row], row
        while True:
            column = int(np.where(is_done, np.inf, reach).argmin())
            nearest = np.inf if is_done[column] else float(reach[column])
            if open_reach <= nearest:
                column, nearest = OPEN, open_reach
            owner = OPEN if column == OPEN else int(self._owners[column])
            if owner == OPEN:
                break
            is_done[column] = True
            onward = nearest + self._costs[owner] - self._row_prices[owner] - self._col_prices
            is_better = ~is_done & (onward < reach)
            reach[is_better], came_from[is_better] = onward[is_better], owner
            if nearest + self._limit - self._row_prices[owner] < open_reach:
                open_reach, open_row = nearest + self._limit - self._row_prices[owner], owner
        self._reprice(row, reach, is_done, nearest)
        self._flip(row, column, open_row, came_from)

    def _reprice(self, row: int, reach: Floats, is_done: NDArray[np.bool_], total: float) -> None:
        self._row_prices[row] += total
        gain = total - reach[is_done]
        self._row_prices[self._owners[is_done]] += gain
        self._col_prices[is_done] -= gain

    def _flip(self, row: int, column: int, open_row: int, came_from: Ints) -> None:
        if column == OPEN:
            column = int(self._columns[open_row])
            self._columns[open_row] = OPEN
            if open_row == row:
                return
        while True:
            mover = int(came_from[column])
            freed = int(self._columns[mover])
            self._owners[column], self._columns[mover] = mover, column
            if mover == row:
                return
            column = freed
