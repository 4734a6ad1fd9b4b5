"""Cases that other counting systems got wrong; the number is where it was reported.

Where the counter everybody writes first (`tests/naive.py`) gets a case wrong, the test shows that, too.
"""

import numpy as np
import pytest

from hypersight_core.domain.zones import Zone
from tests.naive import naively
from tests.walkers import HEIGHT_PX, along, counted, directions, film, passed, seen, walk

MIDDLE = Zone(((0.35, 0.2), (0.65, 0.2), (0.65, 0.8), (0.35, 0.8)))
UPWARD = Zone(((0.5, 1.0), (0.5, 0.0)))
BAND_PX = 20
RATES = [1.0, 2.0, 5.0, 10.0, 25.0]


@pytest.mark.parametrize("fps", RATES)
def test_a_line_counts_left_to_right_as_in_and_right_to_left_as_out(fps):
    rightward, leftward = walk((0.1, 0.4), (0.9, 0.4), 8.0), walk((0.9, 0.7), (0.1, 0.7), 8.0)
    assert directions(passed([UPWARD], rightward, fps=fps)) == [True]
    assert directions(passed([UPWARD], leftward, fps=fps)) == [False]
    downward = Zone(UPWARD.corners_rel[::-1])
    assert directions(passed([downward], rightward, fps=fps)) == [False]


def test_standing_on_the_line_counts_once_not_fifteen_times_opendatacam_204():
    random = np.random.default_rng(204)
    frames = film([walk((0.3, 0.5), (0.5, 0.5), 2.0)], fps=10, seconds=2)
    frames += [(2 + i / 10, seen([(0.5 + x, 0.5)])) for i, x in enumerate(random.normal(0, 0.004, 300), 1)]
    frames += [
        (32 + at, found) for at, found in film([walk((0.5, 0.5), (0.7, 0.5), 2.0)], fps=10, seconds=2)[1:]
    ]
    for zone in (UPWARD, Zone(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))):
        assert directions(counted([zone], frames)) == [True]
        assert len(naively([zone], frames)) > 15


@pytest.mark.parametrize("zone", [UPWARD, Zone(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))])
def test_a_box_that_flickers_over_the_border_crosses_nothing_supervision_2598(zone):
    beside = [(0.515 if i in (20, 27, 28, 40) else 0.48, 0.5) for i in range(60)]
    far_off = [(0.55 if i == 20 else 0.48, 0.5) for i in range(60)]
    for points in (beside, far_off):
        frames = [(i / 10, seen([point])) for i, point in enumerate(points)]
        assert counted([zone], frames) == []
        assert naively([zone], frames)


def test_detections_nobody_has_confirmed_share_no_state_supervision_2578():
    flashes = [(i / 5, seen([(0.2 if i % 2 else 0.8, 0.1 + 0.08 * (i % 10))])) for i in range(200)]
    assert counted([UPWARD], flashes) == []
    one_line = [(i / 5, seen([(0.3 if i % 2 else 0.7, 0.5)])) for i in range(100)]
    assert counted([UPWARD], one_line) == []
    assert naively([UPWARD], one_line)


def test_one_person_that_walks_from_zone_to_zone_came_from_outside_once_supervision_1987():
    left = Zone(((0.2, 0.2), (0.5, 0.2), (0.5, 0.8), (0.2, 0.8)))
    for right_edge in (0.4, 0.5):
        right = Zone(((right_edge, 0.2), (0.8, 0.2), (0.8, 0.8), (right_edge, 0.8)))
        way = walk((0.05, 0.5), (0.95, 0.5), 9.0)
        crossings = passed([left, right], way)
        ways_in = [crossing for crossing in crossings if crossing.is_in]
        assert [(one.zone, one.is_from_outside) for one in ways_in] == [(0, True), (1, False)]
        assert [one.zone for one in crossings if not one.is_in] == [0, 1]
        assert sum(naively([left, right], film([way], fps=5, seconds=12))) == 2, "one person, two entries"


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
    assert directions(passed([zone], walk(start, stop, 9.0))) == [True, False]


@pytest.mark.parametrize(("step_px", "least"), [(5, 25), (15, 22), (25, 22), (40, 22), (60, 19)])
def test_fast_walkers_are_found_at_a_band_narrower_than_their_step_ultralytics_25492(step_px, least):
    band = Zone(((0.0, 0.5), (1.0, 0.5), (1.0, 0.5 + BAND_PX / HEIGHT_PX), (0.0, 0.5 + BAND_PX / HEIGHT_PX)))
    entered = naively_entered = 0
    for walker in range(25):
        first_px = 120 + 7 * walker
        ys = [(first_px + i * step_px) / HEIGHT_PX for i in range(600) if first_px + i * step_px < 800]
        frames = [(i / 5, seen([(0.1 + 0.03 * walker, y)])) for i, y in enumerate(ys)]
        entered += directions(counted([band], frames)) == [True, False]
        naively_entered += naively([band], frames) == [True, False]
    assert entered >= least
    if step_px > BAND_PX:
        assert naively_entered < least


def test_two_persons_arriving_in_the_same_frame_are_two():
    crossings = passed([MIDDLE], walk((0.1, 0.4), (0.9, 0.4), 8.0), walk((0.1, 0.65), (0.9, 0.65), 8.0))
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
    assert directions(passed([MIDDLE], path, seconds=14)) == [True, False]
    # Forgotten behind the wall, seen again on the other side of the border.
    hides_outside = along(
        (0, (0.1, 0.5)), (2, (0.3, 0.5)), (2 + 1e-6, None), (3, (0.4, 0.5)), (7, (0.9, 0.5)), (8, None)
    )
    assert directions(passed([MIDDLE], hides_outside, seconds=9)) == [True, False]
    assert naively([MIDDLE], film([hides_outside], fps=5, seconds=9)) == [False]
