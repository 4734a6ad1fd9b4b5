"""Who passes which border when; with the cases that other counters got wrong."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.counting import ZoneCounter
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.gates import Crossing
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput
from tests.builders import LEFT_HALF
from tests.walkers import HEIGHT_PX, TALL, WIDTH_PX, Path, along, film, seen, walk

ASPECT = WIDTH_PX / HEIGHT_PX
MIDDLE = Zone(((0.35, 0.2), (0.65, 0.2), (0.65, 0.8), (0.35, 0.8)))
UPWARD = Zone(((0.5, 1.0), (0.5, 0.0)))
RATES = [1.0, 2.0, 5.0, 10.0, 25.0]
Film = list[tuple[float, Detections]]


def counted(zones: list[Zone], frames: Film, anchor: Anchor = Anchor.CENTER) -> list[Crossing]:
    counter = ZoneCounter(zones, anchor, ASPECT)
    return [crossing for at_s, found in frames for crossing in counter.update(at_s, found, 0.4)]


def of(zones: list[Zone], *paths: Path, fps: float = 5.0, seconds: float = 12.0) -> list[Crossing]:
    return counted(zones, film(paths, fps=fps, seconds=seconds))


def directions(crossings: list[Crossing]) -> list[bool]:
    return [crossing.is_in for crossing in crossings]


@pytest.mark.parametrize("fps", RATES)
def test_walking_through_a_zone_is_one_way_in_and_one_way_out_at_any_frame_rate(fps):
    path = walk((0.05, 0.5), (0.95, 0.5), 9.0)
    way_in, way_out = of([MIDDLE], path, fps=fps)
    assert (way_in.is_in, way_out.is_in) == (True, False)
    assert way_in.track_id == way_out.track_id
    assert math.isclose(way_in.at_s, 3.0, abs_tol=0.1)
    assert math.isclose(way_out.at_s, 6.0, abs_tol=0.1)
    assert way_out.dwell_s is not None
    assert math.isclose(way_out.dwell_s, 3.0, abs_tol=0.1)


@pytest.mark.parametrize("fps", RATES)
def test_a_line_counts_left_to_right_as_in_and_right_to_left_as_out(fps):
    rightward, leftward = walk((0.1, 0.4), (0.9, 0.4), 8.0), walk((0.9, 0.7), (0.1, 0.7), 8.0)
    assert directions(of([UPWARD], rightward, fps=fps)) == [True]
    assert directions(of([UPWARD], leftward, fps=fps)) == [False]
    downward = Zone(UPWARD.corners_rel[::-1])
    assert directions(of([downward], rightward, fps=fps)) == [False]


def test_walking_round_the_end_of_a_line_crosses_nothing():
    short = Zone(((0.5, 0.6), (0.5, 0.4)))
    assert of([short], walk((0.1, 0.85), (0.9, 0.85), 8.0)) == []
    there_round_and_back = along(
        (0, (0.3, 0.5)), (3, (0.3, 0.85)), (6, (0.7, 0.85)), (9, (0.7, 0.5)), (12, (0.3, 0.5))
    )
    assert directions(of([short], there_round_and_back)) == [False]


def test_standing_on_the_line_counts_once_not_fifteen_times_opendatacam_204():
    random = np.random.default_rng(204)
    frames = film([walk((0.3, 0.5), (0.5, 0.5), 2.0)], fps=10, seconds=2)
    frames += [(2 + i / 10, seen([(0.5 + x, 0.5)])) for i, x in enumerate(random.normal(0, 0.004, 300), 1)]
    frames += [
        (32 + at, found) for at, found in film([walk((0.5, 0.5), (0.7, 0.5), 2.0)], fps=10, seconds=2)[1:]
    ]
    for zone in (UPWARD, Zone(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))):
        assert directions(counted([zone], frames)) == [True]


@pytest.mark.parametrize("zone", [UPWARD, Zone(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))])
def test_a_box_that_flickers_over_the_border_crosses_nothing_supervision_2598(zone):
    beside = [(0.515 if i in (20, 27, 28, 40) else 0.48, 0.5) for i in range(60)]
    assert counted([zone], [(i / 10, seen([point])) for i, point in enumerate(beside)]) == []
    far_off = [(0.55 if i == 20 else 0.48, 0.5) for i in range(60)]
    assert counted([zone], [(i / 10, seen([point])) for i, point in enumerate(far_off)]) == []


def test_detections_nobody_has_confirmed_share_no_state_supervision_2578():
    flashes = [(i / 5, seen([(0.2 if i % 2 else 0.8, 0.1 + 0.08 * (i % 10))])) for i in range(200)]
    assert counted([UPWARD], flashes) == []
    one_line = [(i / 5, seen([(0.3 if i % 2 else 0.7, 0.5)])) for i in range(100)]
    assert counted([UPWARD], one_line) == []


def test_one_person_that_walks_from_zone_to_zone_came_from_outside_once_supervision_1987():
    left = Zone(((0.2, 0.2), (0.5, 0.2), (0.5, 0.8), (0.2, 0.8)))
    for right_edge in (0.4, 0.5):
        right = Zone(((right_edge, 0.2), (0.8, 0.2), (0.8, 0.8), (right_edge, 0.8)))
        crossings = of([left, right], walk((0.05, 0.5), (0.95, 0.5), 9.0))
        ways_in = [crossing for crossing in crossings if crossing.is_in]
        assert [(one.zone, one.is_from_outside) for one in ways_in] == [(0, True), (1, False)]
        assert [one.zone for one in crossings if not one.is_in] == [0, 1]


def test_zones_with_ground_between_them_are_each_entered_from_outside():
    first = Zone(((0.2, 0.2), (0.4, 0.2), (0.4, 0.8), (0.2, 0.8)))
    second = Zone(((0.6, 0.2), (0.8, 0.2), (0.8, 0.8), (0.6, 0.8)))
    crossings = of([first, second], walk((0.05, 0.5), (0.95, 0.5), 9.0))
    assert [one.is_from_outside for one in crossings if one.is_in] == [True, True]


@pytest.mark.parametrize(
    "zone",
    [
        MIDDLE,
        Zone(((0.3, 0.45), (0.7, 0.45), (0.7, 0.55), (0.3, 0.55))),
        Zone(((0.45, 0.1), (0.55, 0.1), (0.55, 0.9), (0.45, 0.9))),
        Zone(((0.5, 0.1), (0.8, 0.5), (0.5, 0.9), (0.2, 0.5))),
    ],
)
@pytest.mark.parametrize(
    ("start", "stop"), [((0.05, 0.5), (0.95, 0.5)), ((0.95, 0.5), (0.05, 0.5)), ((0.5, 0.02), (0.5, 0.98))]
)
def test_in_and_out_do_not_depend_on_the_polygons_shape_ultralytics_25103(zone, start, stop):
    assert directions(of([zone], walk(start, stop, 9.0))) == [True, False]


@pytest.mark.parametrize(("step_px", "least"), [(5, 25), (15, 22), (25, 22), (40, 22), (60, 19)])
def test_fast_walkers_are_found_at_a_band_narrower_than_their_step_ultralytics_25492(step_px, least):
    band = Zone(((0.0, 0.5), (1.0, 0.5), (1.0, 0.5 + 20 / HEIGHT_PX), (0.0, 0.5 + 20 / HEIGHT_PX)))
    entered = 0
    for walker in range(25):
        first_px = 120 + 7 * walker
        ys = [(first_px + i * step_px) / HEIGHT_PX for i in range(600) if first_px + i * step_px < 800]
        crossings = counted([band], [(i / 5, seen([(0.1 + 0.03 * walker, y)])) for i, y in enumerate(ys)])
        entered += directions(crossings) == [True, False]
    assert entered >= least


def test_two_persons_arriving_in_the_same_frame_are_two():
    crossings = of([MIDDLE], walk((0.1, 0.4), (0.9, 0.4), 8.0), walk((0.1, 0.65), (0.9, 0.65), 8.0))
    ways_in = [crossing for crossing in crossings if crossing.is_in]
    assert len({crossing.track_id for crossing in ways_in}) == len(ways_in) == 2


@pytest.mark.parametrize("hidden_s", [0.6, 1.6, 4.0])
def test_someone_behind_a_wall_who_returns_is_one_visit(hidden_s):
    hides, returns = (0.5, 0.5), (0.5 + 0.01 * hidden_s, 0.5)
    path = along(
        (0, (0.1, 0.5)),
        (4, hides),
        (4 + 1e-6, None),
        (4 + hidden_s, returns),
        (8 + hidden_s, (0.9, 0.5)),
        (9 + hidden_s, None),
    )
    assert directions(of([MIDDLE], path, seconds=14)) == [True, False]


def test_who_is_inside_from_the_beginning_has_not_gone_in_and_its_dwell_is_unknown():
    (way_out,) = of([MIDDLE], walk((0.5, 0.5), (0.9, 0.5), 4.0))
    assert not way_out.is_in
    assert way_out.dwell_s is None


def test_who_comes_out_of_a_door_inside_the_zone_has_not_gone_in():
    late = along((0, None), (3, (0.5, 0.5)), (5, (0.5, 0.5)), (9, (0.9, 0.5)))
    assert directions(of([MIDDLE], late)) == [False]


def test_who_is_seen_first_just_inside_but_was_outside_just_before_has_gone_in():
    runner = along((0, None), (3, (0.38, 0.5)), (5, (0.62, 0.5)), (7, (0.9, 0.5)))
    crossings = of([MIDDLE], runner, fps=1)
    assert directions(crossings) == [True, False]
    assert 2.0 <= crossings[0].at_s < 3.0


def test_who_leaves_and_comes_back_counts_again():
    to_and_fro = along((0, (0.1, 0.5)), (3, (0.5, 0.5)), (6, (0.1, 0.5)), (9, (0.5, 0.5)), (12, (0.1, 0.5)))
    assert directions(of([MIDDLE], to_and_fro)) == [True, False, True, False]


def test_who_only_puts_a_foot_inside_has_not_gone_in():
    dips_in = along((0, (0.1, 0.5)), (3, (0.351, 0.5)), (6, (0.1, 0.5)))
    assert of([MIDDLE], dips_in) == []


def test_the_feet_may_stand_for_the_person():
    low = Zone(((0.2, 0.55), (0.8, 0.55), (0.8, 0.9), (0.2, 0.9)))
    frames = film([walk((0.05, 0.5), (0.95, 0.5), 9.0)], fps=5, seconds=10)
    assert counted([low], frames, Anchor.CENTER) == []
    assert directions(counted([low], frames, Anchor.FEET)) == [True, False]


def test_who_walks_out_of_the_picture_leaves_the_zone_at_its_edge():
    crossings = of([LEFT_HALF], walk((0.8, 0.5), (0.01, 0.5), 6.0), seconds=12)
    assert directions(crossings) == [True, False]
    assert crossings[1].dwell_s == pytest.approx(3.6, abs=0.5)


def test_who_vanishes_in_the_middle_of_a_zone_was_not_seen_leaving():
    assert directions(of([MIDDLE], walk((0.1, 0.5), (0.5, 0.5), 4.0), seconds=12)) == [True]


def test_passages_are_told_once_they_are_certain_and_with_the_time_they_were_made():
    crossings = of([MIDDLE], walk((0.05, 0.5), (0.6, 0.5), 5.5), fps=1, seconds=6)
    assert [round(crossing.at_s, 1) for crossing in crossings] == [3.0]


def test_a_person_missed_on_a_frame_is_still_there_and_a_ghost_never_is():
    counter = ZoneCounter([MIDDLE], Anchor.CENTER, ASPECT)
    counts = []
    for i in range(20):
        here = [] if i == 10 else [(0.5, 0.5)]
        ghost = [(0.4, 0.3)] if i == 15 else []
        counter.update(i / 5, seen([*here, *ghost]), 0.4)
        counts.append(counter.people_count())
    assert set(counts) == {1}


def test_at_a_frame_every_five_seconds_what_is_seen_counts():
    counter = ZoneCounter([LEFT_HALF], Anchor.CENTER, ASPECT)
    counts = []
    for i, points in enumerate([[(0.2, 0.5)], [(0.2, 0.5), (0.3, 0.3)], [(0.2, 0.5)], [], [(0.2, 0.5)]]):
        counter.update(5.0 * i, seen(points), 0.4)
        counts.append(counter.people_count())
    assert counts == [1, 2, 1, 1, 1]


def test_who_walks_out_while_unseen_is_not_there_any_more():
    counter = ZoneCounter([LEFT_HALF], Anchor.CENTER, ASPECT)
    for at_s, found in film([walk((0.4, 0.5), (0.02, 0.5), 2.0)], fps=5, seconds=3):
        counter.update(at_s, found, 0.4)
    assert counter.people_count() == 0


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
def random_films(draw) -> Film:
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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(random_films())
def test_ways_in_and_out_of_a_zone_take_turns_for_each_person(frames):
    last: dict[tuple[int, int], bool] = {}
    for one in counted([MIDDLE, UPWARD, LEFT_HALF], frames):
        assert last.get((one.track_id, one.zone)) != one.is_in
        last[one.track_id, one.zone] = one.is_in


@settings(max_examples=30, deadline=None)
@given(random_films())
def test_a_zone_counts_the_same_whatever_other_zones_there_are(frames):
    def of_middle(zones):
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
