"""Points, steps and zones in one measure."""

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from hypersight_core.domain.geometry import ZoneGeometry, isotropic
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput

SQUARE = Zone(((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
STRIP = Zone(((0.5, 0.0), (0.51, 0.0), (0.51, 1.0), (0.5, 1.0)))
UPWARD = Zone(((0.5, 1.0), (0.5, 0.0)))
shares = st.floats(0.0, 1.0)


@st.composite
def polygons(draw):
    count = draw(st.integers(3, 9))
    angles = sorted(draw(st.lists(st.floats(0, 6.28), min_size=count, max_size=count)))
    radii = draw(st.lists(st.floats(0.05, 0.45), min_size=count, max_size=count))
    corners = tuple(
        (0.5 + r * math.cos(a), 0.5 + r * math.sin(a)) for a, r in zip(angles, radii, strict=True)
    )
    try:
        return Zone(corners)
    except InvalidInput:
        assume(False)
        raise


def depth(zone: Zone, x: float, y: float, aspect: float = 1.0) -> float:
    points = isotropic(np.array([[x, y]]), aspect).T
    return float(ZoneGeometry([zone], aspect).signed_distances(points)[0, 0])


def test_depth_is_positive_inside_and_the_distance_to_the_border():
    assert math.isclose(depth(SQUARE, 0.5, 0.3), 0.05)
    assert math.isclose(depth(SQUARE, 0.5, 0.2), -0.05)
    assert math.isclose(depth(SQUARE, 0.85, 0.85), -math.hypot(0.1, 0.1))


def test_a_wide_picture_makes_sideways_distances_longer():
    assert math.isclose(depth(SQUARE, 0.2, 0.5, aspect=2.0), -0.1)
    assert math.isclose(depth(SQUARE, 0.5, 0.2, aspect=2.0), -0.05)


def test_the_right_side_of_a_line_is_in_as_people_see_the_picture():
    assert math.isclose(depth(UPWARD, 0.7, 0.5), 0.2)
    assert math.isclose(depth(UPWARD, 0.3, 0.5), -0.2)
    rightward = Zone(((0.0, 0.5), (1.0, 0.5)))
    assert depth(rightward, 0.5, 0.9) > 0 > depth(rightward, 0.5, 0.1)


@given(polygons(), shares, shares, st.floats(0.5, 3.0))
def test_the_drawing_direction_of_a_polygon_means_nothing(zone, x, y, aspect):
    assert math.isclose(
        depth(zone, x, y, aspect), depth(Zone(zone.corners_rel[::-1]), x, y, aspect), abs_tol=1e-9
    )


@given(shares, shares, st.floats(0.5, 3.0))
def test_turning_a_line_round_turns_its_sides_round(x, y, aspect):
    line, back = Zone(((0.2, 0.3), (0.9, 0.6))), Zone(((0.9, 0.6), (0.2, 0.3)))
    assert math.isclose(depth(line, x, y, aspect), -depth(back, x, y, aspect), abs_tol=1e-9)


@given(polygons(), shares, shares, st.floats(0.5, 3.0))
def test_nobody_is_farther_from_the_border_than_from_a_corner(zone, x, y, aspect):
    corners = isotropic(np.array(zone.corners_rel), aspect)
    nearest = np.hypot(*(corners - [x * aspect, y]).T).min()
    assert abs(depth(zone, x, y, aspect)) <= nearest + 1e-9


@given(polygons(), shares, shares, shares, shares)
def test_depth_never_changes_faster_than_the_point_moves(zone, x1, y1, x2, y2):
    assert abs(depth(zone, x1, y1) - depth(zone, x2, y2)) <= math.hypot(x2 - x1, y2 - y1) + 1e-9


@given(polygons(), shares, shares, shares, shares)
def test_a_step_that_changes_sides_crosses_an_edge_there(zone, x1, y1, x2, y2):
    geometry = ZoneGeometry([SQUARE, zone], 1.0)
    before, after = (x1, y1), (x2, y2)
    ends = geometry.signed_distances(np.array([before, after]).T)[1]
    assume(abs(ends).min() > 1e-6)
    crossed = geometry.passages(before, after, 1)
    assert crossed is not None or (ends[0] > 0) == (ends[1] > 0)
    if crossed is not None:
        assert 0 <= crossed[0] <= crossed[1] <= 1
        for share in crossed:
            border = np.array([[x1 + share * (x2 - x1)], [y1 + share * (y2 - y1)]])
            assert abs(geometry.signed_distances(border)[1, 0]) < 1e-6


def test_a_step_right_over_a_narrow_zone_is_seen_with_both_crossings():
    crossed = ZoneGeometry([STRIP], 1.0).passages((0.3, 0.5), (0.7, 0.5), 0)
    assert crossed is not None
    assert np.allclose(crossed, [0.5, 0.525])


def test_a_step_past_a_zone_crosses_nothing():
    assert ZoneGeometry([SQUARE], 1.0).passages((0.1, 0.1), (0.9, 0.2), 0) is None


@given(polygons(), shares, shares)
def test_zones_with_more_edges_beside_it_change_nothing_for_a_zone(zone, x, y):
    many = ZoneGeometry([UPWARD, SQUARE, zone], 1.5)
    points = isotropic(np.array([[x, y]]), 1.5).T
    alone = ZoneGeometry([zone], 1.5).signed_distances(points)[0, 0]
    assert math.isclose(many.signed_distances(points)[2, 0], alone)
    assert math.isclose(many.pair_distances(points, np.array([2]))[0], alone)


def test_only_what_passes_between_its_ends_is_beside_a_line():
    line = ZoneGeometry([Zone(((0.5, 0.4), (0.5, 0.6)))], 1.0)
    assert [line.is_beside((0.5, y), 0) for y in (0.5, 0.9, 0.39)] == [True, False, False]
