"""Who is who from frame to frame."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_core.domain.motion import POINT_VARS, POINTS, grown, predicted
from hypersight_core.domain.tracking import Tracker
from hypersight_core.domain.tracks import TrackingSettings
from hypersight_core.errors import InvalidInput

TALL = 0.2
EASY = TrackingSettings(limit=1000.0)
"""Only the cut says who is whom."""


def boxes(*points: tuple[float, float], tall: float = TALL) -> np.ndarray:
    half = np.array([tall / 8, tall / 2])
    middles = np.array(points, dtype=np.float64).reshape(-1, 2)
    return np.concatenate([middles - half, middles + half], axis=1)


def follow(tracker: Tracker, at_s: float, *points: tuple[float, float], is_strong: bool = True) -> list[int]:
    """Feed one frame and return the ids that were seen on it."""
    tracker.update(at_s, boxes(*points), np.full(len(points), is_strong))
    tracks = tracker.tracks
    return [int(track_id) for track_id in tracks.ids[tracks.seen_at == at_s]]


def box_at(tracker: Tracker, at_s: float, distance: float, growth: float) -> np.ndarray:
    """Return a box beside the only track, at a squared distance of which `growth` squared is its size."""
    tracks = tracker.tracks
    height = tracks.sizes[1, 0]
    size_var = grown(tracks.size_vars, at_s - tracks.seen_at, EASY.motion)[0] + EASY.motion.size_measured**2
    tall = height * math.exp(growth * math.sqrt(size_var))
    now = predicted(tracks.motion, at_s - tracks.seen_at, tracks.sizes[1], EASY.motion)[..., 0]
    spread = now[POINT_VARS, 0] + EASY.motion.measured**2 * height * tall
    x = now[POINTS, 0] + math.sqrt((distance - growth**2) * spread)
    return boxes((x, now[POINTS, 1] + (0.5 - EASY.handle) * tall), tall=tall)


def test_a_person_walking_at_one_frame_a_second_keeps_its_identity_though_boxes_never_overlap():
    tracker = Tracker()
    assert {follow(tracker, t, (0.1 + 0.2 * t, 0.5))[0] for t in range(6)} == {1}


def test_two_persons_arriving_in_the_same_frame_are_two():
    tracker = Tracker()
    assert follow(tracker, 0.0, (0.3, 0.5), (0.6, 0.5)) == [1, 2]


def test_persons_who_cross_paths_keep_their_identities():
    tracker = Tracker()
    for i in range(21):
        follow(tracker, i / 5, (0.3 + 0.05 * i, 0.5), (1.3 - 0.05 * i, 0.51))
    ends = dict(zip(tracker.tracks.ids.tolist(), tracker.tracks.points[0].tolist(), strict=True))
    assert ends[1] > 1.2
    assert ends[2] < 0.4


def test_a_person_hidden_for_a_second_and_a_half_is_the_same_person():
    tracker = Tracker()
    seen = [follow(tracker, i / 5, *([] if 10 < i < 18 else [(0.2 + 0.02 * i, 0.5)])) for i in range(30)]
    assert {track_id for ids in seen for track_id in ids} == {1}


def test_an_unseen_person_is_forgotten_after_its_time():
    tracker = Tracker()
    for i in range(10):
        follow(tracker, i / 5, (0.5, 0.5))
    for i in range(10, 24):
        follow(tracker, i / 5)
    assert len(tracker.tracks) == 1
    follow(tracker, 5.0)
    assert len(tracker.tracks) == 0
    assert follow(tracker, 5.2, (0.5, 0.5)) == [2]


@pytest.mark.parametrize(
    ("fps", "count", "is_somebody"), [(25, 3, False), (25, 4, True), (5, 2, False), (5, 3, True)]
)
def test_three_detections_are_somebody_unless_they_come_in_less_than_half_a_second(fps, count, is_somebody):
    tracker = Tracker()
    for i in range(-1, round(0.8 * fps)):
        follow(tracker, i / fps, *[(0.5, 0.5)] * (0 <= i < count))
    assert (len(tracker.tracks) == 1) == is_somebody


def test_one_missed_frame_never_ends_a_track_however_slow_the_frames():
    tracker = Tracker()
    follow(tracker, 0.0, (0.5, 0.5))
    follow(tracker, 5.0, (0.5, 0.5))
    follow(tracker, 10.0)
    assert tracker.tracks.ids.tolist() == [1]
    follow(tracker, 15.0)
    assert tracker.tracks.ids.tolist() == []


@pytest.mark.parametrize("gap_s", [0.2, 1.0])
def test_after_an_interruption_only_those_found_again_at_once_go_on(gap_s):
    tracker = Tracker()
    for i in range(10):
        follow(tracker, i / 5, (0.5, 0.5), (1.2, 0.5))
    tracker.interrupt()
    follow(tracker, 1.8 + gap_s, (0.5, 0.5))
    assert tracker.tracks.ids.tolist() == [1]


def test_nobody_is_remembered_over_a_minute_without_frames():
    tracker = Tracker()
    for i in range(10):
        follow(tracker, i / 5, (0.5, 0.5), (1.2, 0.5))
    assert follow(tracker, 61.8, (0.9, 0.5)) == [3]
    assert len(tracker.tracks) == 1


def test_a_weak_detection_goes_on_with_a_track_and_begins_none():
    tracker = Tracker()
    assert follow(tracker, 0.0, (0.5, 0.5), is_strong=False) == []
    follow(tracker, 0.2, (0.5, 0.5))
    assert follow(tracker, 0.4, (0.5, 0.5), is_strong=False) == [1]


def test_nobody_jumps_across_the_picture_in_a_fifth_of_a_second():
    tracker = Tracker()
    follow(tracker, 0.0, (0.2, 0.5))
    follow(tracker, 0.2, (0.2, 0.5))
    assert follow(tracker, 0.4, (1.2, 0.5)) == [2]


def test_a_child_does_not_turn_into_an_adult():
    tracker = Tracker()
    for i in range(5):
        tracker.update(i / 5, boxes((0.5, 0.5), tall=0.1), np.ones(1, dtype=bool))
    tracker.update(1.0, boxes((0.5, 0.575), tall=0.3), np.ones(1, dtype=bool))
    assert tracker.tracks.ids.tolist() == [1, 2]


def test_the_uncertainty_grows_with_the_gap():
    near, far = Tracker(), Tracker()
    for tracker, gap_s in ((near, 0.2), (far, 1.8)):
        for i in range(10):
            follow(tracker, i / 5, (0.5, 0.5))
        follow(tracker, 1.8 + gap_s, (0.62, 0.5))
    assert near.tracks.ids.tolist() == [1, 2]
    assert far.tracks.ids.tolist() == [1]


@given(st.floats(-4.8, 4.8), st.floats(0.1, 4.0), st.sampled_from([0.93, 0.999, 1.001, 1.1]))
def test_a_track_goes_on_with_whatever_lies_within_the_cut(growth, gap_s, share):
    tracker = Tracker(EASY)
    for i in range(5):
        follow(tracker, i / 5, (0.5, 0.5))
    found = box_at(tracker, 0.8 + gap_s, share * EASY.cut, growth)
    tracker.update(0.8 + gap_s, found, np.ones(1, dtype=bool))
    assert (len(tracker.tracks) == 1) == (share < 1.0)


def test_memory_is_bounded_however_many_detections_come():
    tracker = Tracker(TrackingSettings(max_tracks=50))
    random = np.random.default_rng(1)
    for i in range(20):
        follow(tracker, i / 5, *map(tuple, random.random((200, 2))))
        assert len(tracker.tracks) <= 50


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 28))
def test_a_tracker_restored_in_mid_stream_goes_on_as_if_nothing_had_happened(seed, restart):
    random = np.random.default_rng(seed)
    people = random.random((6, 2))
    through, tracker = Tracker(), Tracker()
    for i in range(30):
        people += random.normal(0, 0.02, people.shape)
        found = boxes(*map(tuple, people[random.random(6) < 0.8]))
        is_strong = random.random(len(found)) < 0.8
        if i == restart:
            saved = json.loads(json.dumps(tracker.state(), allow_nan=False))
            tracker = Tracker()
            tracker.restore(saved)
        through.update(i / 3, found, is_strong)
        tracker.update(i / 3, found, is_strong)
    assert tracker.state() == through.state()


@pytest.mark.parametrize(
    "state", [{}, {"next_id": 1, "last_at": None, "tracks": {"ids": [1]}}, {"next_id": "x"}]
)
def test_a_state_that_is_none_is_refused(state):
    with pytest.raises(InvalidInput):
        Tracker().restore(state)


def test_who_is_hidden_leaves_the_only_detection_to_the_nearer_one():
    tracker = Tracker()
    for i in range(10):
        follow(tracker, i / 5, (0.5, 0.5), (0.506, 0.47))
    assert follow(tracker, 2.0, (0.5035, 0.484)) == [1]


@pytest.mark.parametrize(("front_y", "is_kept"), [(0.58, True), (0.42, False)])
def test_a_person_behind_another_is_remembered_longer_than_one_in_front(front_y, is_kept):
    tracker = Tracker()
    for i in range(10):
        follow(tracker, i / 5, (0.5, front_y), (0.501, 0.5))
    for i in range(10, 27):
        assert follow(tracker, i / 5, (0.5, front_y)) == [1]
    assert (2 in tracker.tracks.ids.tolist()) == is_kept


def test_nobody_hides_for_ever():
    tracker = Tracker()
    for i in range(10):
        follow(tracker, i / 5, (0.5, 0.53), (0.501, 0.5))
    for i in range(10, 40):
        follow(tracker, i / 5, (0.5, 0.53))
    assert tracker.tracks.ids.tolist() == [1]
