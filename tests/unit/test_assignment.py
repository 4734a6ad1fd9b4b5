"""The cheapest way to pair tracks with detections."""

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hypersight_core.domain.assignment import OPEN, assign

LIMIT = 10.0
prices = st.one_of(st.floats(0, 12), st.integers(0, 12).map(float), st.just(float("inf")))
matrices = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=prices)
)


def price(costs: np.ndarray, columns: list[int]) -> float:
    return sum(LIMIT if column == OPEN else costs[row, column] for row, column in enumerate(columns))


def cheapest(costs: np.ndarray) -> float:
    rows, cols = costs.shape
    choices = [*range(cols), *[OPEN] * rows]
    return min(price(costs, list(choice)) for choice in set(permutations(choices, rows)))


@given(matrices)
def test_no_other_assignment_is_cheaper(costs):
    columns = assign(costs, LIMIT).tolist()
    taken = [column for column in columns if column != OPEN]
    assert len(taken) == len(set(taken))
    assert len(columns) == len(costs)
    assert np.isclose(price(costs, columns), cheapest(costs))


@given(matrices)
def test_a_pair_at_the_limit_is_not_made(costs):
    for row, column in enumerate(assign(costs, LIMIT).tolist()):
        assert column == OPEN or costs[row, column] < LIMIT


def test_a_row_gives_way_when_that_pays():
    costs = np.array([[1.0, 2.0], [1.5, 9.0]])
    assert assign(costs, LIMIT).tolist() == [1, 0]


def test_many_rows_that_want_the_same_column_leave_all_but_one_open():
    costs = np.array([[3.0], [1.0], [2.0]])
    assert assign(costs, LIMIT).tolist() == [OPEN, 0, OPEN]
