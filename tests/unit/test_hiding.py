"""Who is hidden behind whom."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hypersight_core.domain.hiding import hidden_shares
from hypersight_core.domain.motion import POINT_VARS, POINTS
from hypersight_core.domain.tracks import TrackingSettings, Tracks

SETTINGS = TrackingSettings()
Box = tuple[float, float, float, float]
boxes = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 0.5), st.floats(0.05, 0.5)),
    min_size=1,
    max_size=6,
)


def people(*found: Box, seen_at: float = 0.0, hits: int = 9, spread: float = 0.0) -> Tracks:
    """Return a track per box (left, top, width, height)."""
    left, top, width, height = np.array(found).T
    motion = np.zeros((5, 2, len(found)))
    motion[POINTS] = left + width / 2, top + SETTINGS.handle * height
    motion[POINT_VARS] = spread**2
    count = np.ones(len(found), dtype=np.int64)
    times, none = np.full(len(found), seen_at), np.zeros(len(found))
    ids = np.arange(1, len(found) + 1)
    sizes, hits_each = np.stack([width, height]), hits * count
    return Tracks(ids, motion, sizes, none, times, times, hits_each, hits_each, times, times)


def shares(tracks: Tracks, last_at: float = 0.0) -> list[float]:
    rows = np.arange(len(tracks))
    return [float(share) for share in hidden_shares(rows, tracks, tracks.motion, last_at, SETTINGS)]


def test_the_half_behind_a_nearer_person_is_hidden_and_nothing_of_the_nearer_one():
    assert shares(people((0.2, 0.2, 0.2, 0.4), (0.3, 0.0, 0.4, 0.7))) == pytest.approx([0.5, 0.0])


@given(boxes)
def test_a_share_is_what_the_nearer_box_that_covers_most_covers(found):
    bottoms = sorted(top + height for _, top, _, height in found)
    assume(all(after - before > 1e-6 for before, after in pairwise(bottoms)))
    expected = []
    for left, top, width, height in found:
        covered = [0.0]
        for x, y, wide, tall in found:
            across = min(left + width, x + wide) - max(left, x)
            along = min(top + height, y + tall) - max(top, y)
            if y + tall > top + height:
                covered.append(max(across, 0.0) * max(along, 0.0) / (width * height))
        expected.append(max(covered))
    assert shares(people(*found)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("who", [{"hits": 1}, {"seen_at": -1.0}, {"seen_at": float("nan")}])
def test_who_may_not_be_there_hides_nobody(who):
    assert shares(people((0.2, 0.2, 0.2, 0.4), (0.1, 0.1, 0.4, 0.7), **who)) == [0.0, 0.0]


def test_nobody_is_hidden_when_the_frame_before_is_not_known():
    assert shares(people((0.2, 0.2, 0.2, 0.4), (0.1, 0.1, 0.4, 0.7)), last_at=float("nan")) == [0.0, 0.0]


def test_who_could_be_a_step_aside_by_now_hides_less():
    sure, vague = (
        shares(people((0.2, 0.2, 0.2, 0.4), (0.1, 0.1, 0.4, 0.7), spread=s))[0] for s in (0.0, 0.2)
    )
    assert sure == pytest.approx(1.0)
    assert vague == pytest.approx(0.5)
