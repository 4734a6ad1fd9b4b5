"""What is believed of a detector's answer: all of it or nothing."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_core.detection.contract import FaceBoxes, parse_faces, parse_objects
from hypersight_core.errors import DetectorUnavailable

shares = st.floats(0, 1)
rows = st.tuples(shares, shares, shares, shares, shares, st.integers(0, 79)).map(
    lambda row: [min(row[0], row[2]), min(row[1], row[3]), max(row[0], row[2]), max(row[1], row[3]), *row[4:]]
)


def body(answer: object) -> bytes:
    return json.dumps(answer).encode()


@given(st.lists(rows, max_size=20), st.integers(0, 79))
def test_allowed_rows_are_read_as_sent_and_other_classes_left_out(answer, person_class):
    found = parse_objects(body(answer), person_class=person_class)

    persons = [row for row in answer if row[5] == person_class]
    assert found.boxes_rel.tolist() == [row[:4] for row in persons]
    assert found.scores.tolist() == [row[4] for row in persons]


def test_a_row_without_class_is_a_person():
    assert len(parse_objects(b"[[0, 0, 1, 1, 0.9], [0, 0, 1, 1, 0.8, 7]]", person_class=7)) == 2


def test_nobody_there_is_an_answer():
    assert len(parse_objects(b"[]")) == 0


def test_boxes_that_stick_out_a_little_are_clipped():
    found = parse_objects(b"[[-0.009, 0, 1.009, 1, 0.9, 0]]")

    assert np.array_equal(found.boxes_rel, [[0, 0, 1, 1]])


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>It works!</html>",
        b"\xff\xfe",
        b"null",
        b"{}",
        b'{"err": true}',
        b"[1, 2]",
        b"[null]",
        b"[[0, 0, 1, 1]]",
        b"[[0, 0, 1, 1, 0.9, 0, 0]]",
        b'[["0", 0, 1, 1, 0.9, 0]]',
        b"[[0, 0, 1, 1, 0.9, null]]",
        b"[[NaN, 0, 1, 1, 0.9, 0]]",
        b"[[0, 0, Infinity, 1, 0.9, 0]]",
        b"[[0, 0, 1e999, 1, 0.9, 0]]",
        b"[[0, 0, 1, 1, NaN, 0]]",
        b"[[0, 0, 1, 1, 1.5, 0]]",
        b"[[0, 0, 1, 1, -0.1, 0]]",
        b"[[-0.02, 0, 1, 1, 0.9, 0]]",
        b"[[0, 0, 1.02, 1, 0.9, 0]]",
        b"[[12, 40, 90, 200, 0.9, 0]]",
        b"[[0.6, 0, 0.4, 1, 0.9, 0]]",
        b"[[0, 0.6, 1, 0.4, 0.9, 0]]",
        body([[0, 0, 1, 1, 0.9, 0]] * 5001),
    ],
)
def test_garbage_is_no_count(answer):
    with pytest.raises(DetectorUnavailable, match="what its contract does not allow"):
        parse_objects(answer)


def test_one_bad_row_spoils_the_answer_even_when_it_is_of_another_class():
    with pytest.raises(DetectorUnavailable, match="relative to the posted picture"):
        parse_objects(b"[[0, 0, 1, 1, 0.9, 0], [12, 40, 90, 200, 0.9, 56]]")


numbers = (
    st.floats()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.booleans()
    | st.none()
    | st.text(max_size=3)
)
almost_rows = st.lists(numbers, min_size=4, max_size=7)
any_json = st.recursive(numbers, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner))
almost_faces = st.fixed_dictionaries(
    {},
    optional={
        "boxes": st.lists(st.lists(numbers, max_size=5)) | any_json,
        "conf": st.lists(numbers) | any_json,
        "x": any_json,
    },
)


@settings(max_examples=500)
@given(st.binary() | st.text().map(str.encode) | (st.lists(almost_rows) | almost_faces | any_json).map(body))
def test_whatever_comes_is_an_answer_or_refused(answer):
    for parse in (parse_objects, parse_faces):
        with contextlib.suppress(DetectorUnavailable):
            parse(answer)


@pytest.mark.parametrize("parse", [parse_objects, parse_faces])
@pytest.mark.parametrize("bracket", [b"[", b'{"x":'])
def test_brackets_without_end_are_garbage(parse, bracket):
    for answer in (
        bracket * 1_000_000,
        b'{"x": ' + bracket * 1_000_000,
        b'{"boxes": [[' + bracket * 1_000_000,
    ):
        with pytest.raises(DetectorUnavailable, match="what its contract does not allow"):
            parse(answer)


def test_faces_are_read_in_pixels():
    found = parse_faces(b'{"boxes": [[1, 2, 30.5, 40]], "conf": [0.97]}')

    assert found == FaceBoxes(((1.0, 2.0, 30.5, 40.0),), (0.97,))


@pytest.mark.parametrize(
    "answer",
    [
        b"[]",
        b"{}",
        b'{"boxes": []}',
        b'{"boxes": [[1, 2, 3, 4]], "conf": []}',
        b'{"boxes": [], "conf": [0.9]}',
        b'{"boxes": [[1, 2, 3]], "conf": [0.9]}',
        b'{"boxes": [[1, 2, 3, NaN]], "conf": [0.9]}',
        b'{"boxes": [[5, 2, 3, 4]], "conf": [0.9]}',
        b'{"boxes": [[1, 5, 3, 4]], "conf": [0.9]}',
        b'{"boxes": [[1, 2, 3, 4]], "conf": [1.2]}',
    ],
)
def test_garbage_is_no_face(answer):
    with pytest.raises(DetectorUnavailable, match="what its contract does not allow"):
        parse_faces(answer)
