"""Zones: what is accepted, what is refused, and how they are written."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypersight_core.domain.zones import WHOLE_FRAME, Zone, parse_zones, zones_json
from hypersight_core.errors import InvalidInput

TRIANGLE = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.8))


@pytest.mark.parametrize(
    ("corners", "reason"),
    [
        ((), "corners"),
        (((0.1, 0.1),), "corners"),
        (((0.1, 0.1), (0.1, 0.1)), "same point"),
        (((0.1, 0.1), (0.9, 0.1), (0.1, 0.1)), "same point"),
        (((0.1, 0.1), (0.5, 0.1), (0.9, 0.1)), "no area"),
        (((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.8)), "cross"),
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.1), (0.1, 0.9)), "cross or touch"),
        (((0.1, 0.1), (0.9, 0.1), (0.5, 0.1), (0.5, 0.8)), "cross or touch"),
        (((-0.1, 0.1), (0.9, 0.1), (0.5, 0.8)), "outside the frame"),
        (((0.1, 0.1), (0.9, 1.1), (0.5, 0.8)), "outside the frame"),
        (((math.nan, 0.1), (0.9, 0.1), (0.5, 0.8)), "outside the frame"),
        (((0.1, math.inf), (0.9, 0.1), (0.5, 0.8)), "outside the frame"),
    ],
)
def test_a_zone_that_encloses_nothing_or_is_ambiguous_is_refused(corners, reason):
    with pytest.raises(InvalidInput, match=reason):
        Zone(corners)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "a" * 201, 7])
def test_a_name_that_no_database_stores_is_refused(name):
    with pytest.raises(InvalidInput, match="name"):
        parse_zones([{"name": name, "corners": TRIANGLE}])


def test_two_corners_are_a_line_and_more_a_polygon():
    assert Zone(((0.5, 0.0), (0.5, 1.0))).is_line
    assert not Zone(TRIANGLE).is_line


def test_a_polygon_with_a_notch_is_a_polygon():
    Zone(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.4), (0.1, 0.9)))


def test_the_fields_string_form_is_read():
    zones = parse_zones("[[[0.1, 0.1], [0.9, 0.1], [0.5, 0.8]], [[0, 0.5], [1, 0.5]]]")
    assert zones == (Zone(TRIANGLE), Zone(((0.0, 0.5), (1.0, 0.5))))


def test_named_objects_are_read():
    (zone,) = parse_zones([{"name": "door", "corners": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.8]]}])
    assert zone == Zone(TRIANGLE, "door")


@pytest.mark.parametrize("nothing", ["", "  ", "[]", [], ()])
def test_no_zones_are_no_zones(nothing):
    assert parse_zones(nothing) == ()


def test_a_polygon_closed_with_its_first_corner_is_taken_as_closed():
    assert parse_zones([[*TRIANGLE, TRIANGLE[0]]]) == (Zone(TRIANGLE),)


@pytest.mark.parametrize(
    "value",
    [
        "door", "{", "5", "null", "[" * 100_000, "9" * 5000,
        '{"corners": []}', None, 5, [5], ["ab"], [["ab", "cd"]], [[[1]]],
        [[[0.1, 0.2, 0.3]]], [[["0.1", "0.2"], [0.9, 0.1]]], [[[True, False], [0.9, 0.1]]],
        [{"name": "door"}],
        [{"name": 5, "corners": [[0, 0], [1, 1]]}], [{"name": "x" * 201, "corners": [[0, 0], [1, 1]]}],
        [[[0.1, 0.1], [10**400, 0.5]]], [[[0, 0], [1, 1]]] * 101, [[[0.1, 0.1], None]], b"[]",
    ],
)  # fmt: skip
def test_what_is_no_list_of_zones_is_refused(value):
    with pytest.raises(InvalidInput):
        parse_zones(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=20,
    )
)
def test_any_json_value_is_read_or_refused_and_never_crashes(value):
    try:
        zones = parse_zones(value)
    except InvalidInput:
        return
    assert all(isinstance(zone, Zone) for zone in zones)


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.integers(3, 12), st.floats(0.05, 0.45), st.floats(0, 6), NAMES)
def test_zones_survive_being_written_and_read(count, radius, turn, name):
    angles = [turn + 2 * math.pi * i / count for i in range(count)]
    corners = tuple((0.5 + radius * math.cos(a), 0.5 + radius * math.sin(a)) for a in angles)
    zones = (Zone(corners, name), Zone(corners[:2]), WHOLE_FRAME)
    assert parse_zones(json.dumps(zones_json(zones))) == zones
