"""Who passes which border when, and who is there."""

import json
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput
from tests.builders import LEFT_HALF
from tests.walkers import HEIGHT_PX, TALL, WIDTH_PX, along, counted, directions, film, passed, seen, walk

ASPECT = WIDTH_PX / HEIGHT_PX
MIDDLE = Zone(((0.35, 0.2), (0.65, 0.2), (0.65, 0.8), (0.35, 0.8)))
UPWARD = Zone(((0.5, 1.0), (0.5, 0.0)))
RATES = [1.0, 2.0, 5.0, 10.0, 25.0]
Film = list[tuple[float, Detections]]


@pytest.mark.parametrize("fps", RATES)
def test_walking_through_a_zone_is_one_way_in_and_one_way_out_at_any_frame_rate(fps):
    path = walk((0.05, 0.5), (0.95, 0.5), 9.0)
    way_in, way_out = passed([MIDDLE], path, fps=fps)
    assert (way_in.is_in, way_out.is_in) == (True, False)
    assert way_in.track_id == way_out.track_id
    assert math.isclose(way_in.at_s, 3.0, abs_tol=0.1)
    assert math.isclose(way_out.at_s, 6.0, abs_tol=0.1)
    assert way_out.dwell_s is not None
    assert math.isclose(way_out.dwell_s, 3.0, abs_tol=0.1)


def test_walking_round_the_end_of_a_line_crosses_nothing():
    short = Zone(((0.5, 0.6), (0.5, 0.4)))
    assert passed([short], walk((0.1, 0.85), (0.9, 0.85), 8.0)) == []
    there_round_and_back = along(
        (0, (0.3, 0.5)), (3, (0.3, 0.85)), (6, (0.7, 0.85)), (9, (0.7, 0.5)), (12, (0.3, 0.5))
    )
    assert directions(passed([short], there_round_and_back)) == [False]


def test_zones_with_ground_between_them_are_each_entered_from_outside():
    first = Zone(((0.2, 0.2), (0.4, 0.2), (0.4, 0.8), (0.2, 0.8)))
    second = Zone(((0.6, 0.2), (0.8, 0.2), (0.8, 0.8), (0.6, 0.8)))
    crossings = passed([first, second], walk((0.05, 0.5), (0.95, 0.5), 9.0))
    assert [one.is_from_outside for one in crossings if one.is_in] == [True, True]


def test_who_is_inside_from_the_beginning_has_not_gone_in_and_its_dwell_is_unknown():
    (way_out,) = passed([MIDDLE], walk((0.5, 0.5), (0.9, 0.5), 4.0))
    assert not way_out.is_in
    assert way_out.dwell_s is None


def test_who_comes_out_of_a_door_inside_the_zone_has_not_gone_in():
    late = along((0, None), (3, (0.5, 0.5)), (5, (0.5, 0.5)), (9, (0.9, 0.5)))
    assert directions(passed([MIDDLE], late)) == [False]


def test_who_is_seen_first_just_inside_but_was_outside_just_before_has_gone_in():
    runner = along((0, None), (3, (0.38, 0.5)), (5, (0.62, 0.5)), (7, (0.9, 0.5)))
    crossings = passed([MIDDLE], runner, fps=1)
    assert directions(crossings) == [True, False]
    assert 2.0 <= crossings[0].at_s < 3.0


def often_missed(time: float) -> tuple[float, float] | None:
    """Stand still, and be found by the detector on two of three frames at 5 frames per second."""
    return (0.1, 0.85) if round(time * 5) % 3 else None


@pytest.mark.parametrize(
    ("first_x", "speed", "is_in"), [(0.38, 0.08, True), (0.45, 0.08, False), (0.352, 0.01, False)]
)
def test_who_is_found_only_after_a_few_frames_has_gone_in_if_it_walks_and_went_in_just_then(
    first_x, speed, is_in
):
    late = along((0, None), (3, (first_x, 0.5)), (6, (first_x + 3 * speed, 0.5)), (7, None))
    crossings = [one for one in passed([MIDDLE], late, often_missed, fps=5) if one.is_in]
    assert [math.isclose(one.at_s, 3.0 - 0.03 / 0.08, abs_tol=0.15) for one in crossings] == [True] * is_in


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0])
def test_where_the_detector_misses_nobody_who_appears_inside_came_out_of_a_door(fps):
    door = 0.35 + 0.12 / fps  # a little further than it walks in a frame
    late = along((0, None), (3, (door, 0.5)), (6, (door + 0.24, 0.5)), (7, None))
    crossings = passed([MIDDLE], late, walk((0.1, 0.85), (0.3, 0.85), 7.0), fps=fps)
    assert [one for one in crossings if one.is_in] == []


def test_a_detector_is_known_again_after_a_restart():
    counter = ZoneCounter([MIDDLE], Anchor.CENTER, ASPECT)
    late = along((0, None), (3, (0.38, 0.5)), (6, (0.62, 0.5)), (7, None))
    ways_in = 0
    for at_s, found in film([late, often_missed], fps=5, seconds=8):
        counter = ZoneCounter.restored(msgspec.json.decode(msgspec.json.encode(counter.state())))
        ways_in += sum(one.is_in for one in counter.update(at_s, found, 0.4))
    assert ways_in == 1


def test_who_is_seen_now_and_then_near_a_border_came_from_nowhere():
    blinking = [Detections.none() if i % 5 else seen([(0.37 + 0.002 * i, 0.5)]) for i in range(60)]
    frames = [(i / 10, found) for i, found in enumerate([Detections.none()] * 5 + blinking)]
    assert [one for one in counted([MIDDLE], frames) if one.is_in] == []


def test_who_leaves_and_comes_back_counts_again():
    to_and_fro = along((0, (0.1, 0.5)), (3, (0.5, 0.5)), (6, (0.1, 0.5)), (9, (0.5, 0.5)), (12, (0.1, 0.5)))
    assert directions(passed([MIDDLE], to_and_fro)) == [True, False, True, False]


def test_who_only_puts_a_foot_inside_has_not_gone_in():
    dips_in = along((0, (0.1, 0.5)), (3, (0.351, 0.5)), (6, (0.1, 0.5)))
    assert passed([MIDDLE], dips_in) == []


def test_the_feet_may_stand_for_the_person():
    low = Zone(((0.2, 0.55), (0.8, 0.55), (0.8, 0.9), (0.2, 0.9)))
    frames = film([walk((0.05, 0.5), (0.95, 0.5), 9.0)], fps=5, seconds=10)
    assert counted([low], frames, Anchor.CENTER) == []
    assert directions(counted([low], frames, Anchor.FEET)) == [True, False]


def test_who_walks_out_of_the_picture_leaves_the_zone_at_its_edge():
    crossings = passed([LEFT_HALF], walk((0.8, 0.5), (0.01, 0.5), 6.0), seconds=12)
    assert directions(crossings) == [True, False]
    assert crossings[1].dwell_s == pytest.approx(3.6, abs=0.5)


def test_who_vanishes_in_the_middle_of_a_zone_was_not_seen_leaving():
    assert directions(passed([MIDDLE], walk((0.1, 0.5), (0.5, 0.5), 4.0), seconds=12)) == [True]


def test_passages_are_told_once_they_are_certain_and_with_the_time_they_were_made():
    crossings = passed([MIDDLE], walk((0.05, 0.5), (0.6, 0.5), 5.5), fps=1, seconds=6)
    assert [round(crossing.at_s, 1) for crossing in crossings] == [3.0]


def test_a_person_missed_on_a_frame_is_still_there_and_a_ghost_never_is():
    counter = ZoneCounter([MIDDLE], Anchor.CENTER, ASPECT)
    counts = []
    for i in range(20):
        here = [] if i == 10 else [(0.5, 0.5)]
        ghost = [(0.4, 0.3)] if i == 15 else []
        counter.update(i / 5, seen([*here, *ghost]), 0.4)
        counts.append(len(counter.people_inside()))
    assert set(counts) == {1}


@pytest.mark.parametrize("fps", [2.0, 5.0, 25.0])
def test_presence_is_of_the_moment_and_waits_for_no_passage(fps):
    counter = ZoneCounter([MIDDLE], Anchor.CENTER, ASPECT)
    for at_s, found in film([walk((0.05, 0.5), (0.95, 0.5), 9.0)], fps=fps, seconds=9):
        counter.update(at_s, found, 0.4)
        if min(abs(at_s - 3.0), abs(at_s - 6.0)) > 0.05:  # not on the border itself
            assert len(counter.people_inside()) == (3.0 < at_s < 6.0), at_s


def test_who_is_found_with_less_than_the_full_score_for_long_is_not_there():
    counter = ZoneCounter([MIDDLE], Anchor.CENTER, ASPECT)
    counts = {}
    for i in range(60):
        found = seen([(0.5, 0.5)])
        score = 0.5 if i < 10 or i >= 50 else 0.36
        counter.update(i / 5, Detections(found.boxes_rel, np.full(1, score)), 0.4)
        counts[i / 5] = len(counter.people_inside())
    assert {at_s for at_s, count in counts.items() if at_s > 0 and not count} == {
        at_s for at_s in counts if 1.8 + 5.0 < at_s < 10.0
    }


def test_at_a_frame_a_second_one_detection_is_enough_and_at_two_frames_it_is_not():
    for fps, wanted in ((1.0, [0, 1, 1]), (2.0, [0, 0, 1])):
        counter = ZoneCounter([MIDDLE], Anchor.CENTER, ASPECT)
        counts = []
        for i, points in enumerate([[], [(0.5, 0.5)], [(0.5, 0.5)]]):
            counter.update(i / fps, seen(points), 0.4)
            counts.append(len(counter.people_inside()))
        assert counts == wanted, fps


def test_at_a_frame_every_five_seconds_what_is_seen_counts():
    counter = ZoneCounter([LEFT_HALF], Anchor.CENTER, ASPECT)
    counts = []
    for i, points in enumerate([[(0.2, 0.5)], [(0.2, 0.5), (0.3, 0.3)], [(0.2, 0.5)], [], [(0.2, 0.5)]]):
        counter.update(5.0 * i, seen(points), 0.4)
        counts.append(len(counter.people_inside()))
    assert counts == [1, 2, 1, 1, 1]


def test_who_walks_out_while_unseen_is_not_there_any_more():
    counter = ZoneCounter([LEFT_HALF], Anchor.CENTER, ASPECT)
    for at_s, found in film([walk((0.4, 0.5), (0.02, 0.5), 2.0)], fps=5, seconds=3):
        counter.update(at_s, found, 0.4)
    assert counter.people_inside() == ()


def test_an_edited_zone_begins_afresh_and_the_others_go_on():
    other = Zone(((0.7, 0.2), (0.9, 0.2), (0.9, 0.8), (0.7, 0.8)))
    grown = Zone(((0.3, 0.1), (0.95, 0.1), (0.95, 0.9), (0.3, 0.9)))
    frames = film([walk((0.05, 0.5), (0.95, 0.5), 9.0)], fps=5, seconds=10)
    counter = ZoneCounter([other, MIDDLE], Anchor.CENTER, ASPECT)
    crossings = []
    for at_s, found in frames:
        if at_s == 4.0:
            counter.rezone([MIDDLE, grown], Anchor.CENTER)
        crossings += [(one.zone, one.is_in, one.dwell_s is None) for one in counter.update(at_s, found, 0.4)]
    assert crossings[:2] == [(1, True, True), (0, False, False)]
    assert all(
        zone == 1 and not is_in and is_dwell_unknown for zone, is_in, is_dwell_unknown in crossings[2:]
    )


@st.composite
def random_films(draw: st.DrawFn) -> Film:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    fps = draw(st.sampled_from(RATES))
    people = random.random((5, 2))
    frames = []
    for i in range(40):
        people = np.clip(people + random.normal(0, 0.08 / math.sqrt(fps), people.shape), 0.03, 0.97)
        shown = people[random.random(5) < 0.85]
        scores = random.uniform(0.3, 0.9, len(shown))
        half = np.array([TALL / 8, TALL / 2])
        frames.append((i / fps, Detections(np.concatenate([shown - half, shown + half], axis=1), scores)))
    return frames


@settings(max_examples=60)
@given(random_films(), st.integers(1, 39))
def test_a_restart_anywhere_changes_no_count(frames, restart):
    zones = [MIDDLE, UPWARD, LEFT_HALF]
    counter = ZoneCounter(zones, Anchor.CENTER, ASPECT)
    crossings = []
    for i, (at_s, found) in enumerate(frames):
        if i == restart:
            counter = ZoneCounter.restored(json.loads(json.dumps(counter.state(), allow_nan=False)))
        crossings += counter.update(at_s, found, 0.4)
    assert crossings == counted(zones, frames)


@settings(max_examples=60)
@given(random_films())
def test_ways_in_and_out_of_a_zone_take_turns_for_each_person(frames):
    last: dict[tuple[int, int], bool] = {}
    for one in counted([MIDDLE, UPWARD, LEFT_HALF], frames):
        assert last.get((one.track_id, one.zone)) != one.is_in
        last[one.track_id, one.zone] = one.is_in


@settings(max_examples=30)
@given(random_films())
def test_a_zone_counts_the_same_whatever_other_zones_there_are(frames):
    def of_middle(zones: list[Zone]) -> list[tuple[float, int, bool]]:
        which = zones.index(MIDDLE)
        return [(o.at_s, o.track_id, o.is_in) for o in counted(zones, frames) if o.zone == which]

    assert of_middle([MIDDLE]) == of_middle([UPWARD, LEFT_HALF, MIDDLE])


@pytest.mark.parametrize("state", [{}, {"format": 99}, {"format": 1, "zones": []}])
def test_a_state_that_is_none_is_refused(state):
    with pytest.raises(InvalidInput):
        ZoneCounter.restored(state)


def test_memory_is_bounded_over_a_long_time():
    random = np.random.default_rng(3)
    counter = ZoneCounter([MIDDLE], Anchor.CENTER, ASPECT)
    sizes = []
    for i in range(600):
        counter.update(i / 2, seen([tuple(point) for point in random.uniform(0.1, 0.9, (8, 2))]), 0.4)
        sizes.append(len(json.dumps(counter.state())))
    assert max(sizes[300:]) < 1.5 * max(sizes[:300])
