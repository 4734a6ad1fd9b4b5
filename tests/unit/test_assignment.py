"""The cheapest way to pair tracks with detections."""

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hypersight_core.domain import assignment

LIMIT = 10.0
OPEN = -1
prices = st.one_of(st.floats(0, 12), st.integers(0, 12).map(float), st.just(float("inf")))
matrices = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=prices)
)


def assign(costs: np.ndarray) -> list[int]:
    rows, columns = (costs < LIMIT).nonzero()
    pairs = zip(rows.tolist(), columns.tolist(), costs[rows, columns].tolist(), strict=True)
    found = assignment.assign(pairs, LIMIT)
    assert all(costs[row, column] < LIMIT for row, column in found.items())
    return [found.get(row, OPEN) for row in range(len(costs))]


def price(costs: np.ndarray, columns: list[int]) -> float:
    return sum(LIMIT if column == OPEN else costs[row, column] for row, column in enumerate(columns))


def cheapest(costs: np.ndarray) -> float:
    rows, cols = costs.shape
    choices = [*range(cols), *[OPEN] * rows]
    return min(price(costs, list(choice)) for choice in set(permutations(choices, rows)))


@given(matrices)
def test_no_other_assignment_is_cheaper(costs):
    columns = assign(costs)
    taken = [column for column in columns if column != OPEN]
    assert len(taken) == len(set(taken))
    assert np.isclose(price(costs, columns), cheapest(costs))


def test_a_row_gives_way_when_that_pays():
    costs = np.array([[1.0, 2.0], [1.5, 9.0]])
    assert assign(costs) == [1, 0]


def test_many_rows_that_want_the_same_column_leave_all_but_one_open():
    costs = np.array([[3.0], [1.0], [2.0]])
    assert assign(costs) == [OPEN, 0, OPEN]
