"""Counts compared with the truth, and what a truth looks like."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from random import Random

import pytest

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.recordings import named_start
from hypersight_core.domain.truth import Scene, read_truth
from hypersight_core.domain.validation import Comparison, Passing, Tally, compare
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput
from tests.builders import NOON

DOOR = Zone(((0.4, 0.0), (0.8, 0.0), (0.8, 1.0), (0.4, 1.0)), "door")
TILL = Zone(((0.0, 0.5), (1.0, 0.5)), "till")
IN, BOTH = [(0, True)], [(0, True), (0, False)]


def scene(*zones: Zone) -> Scene:
    return Scene(zones or (DOOR,), Anchor.CENTER, 1000, 500, 10.0, NOON)


def entries(*times: float) -> list[Passing]:
    return [Passing(at_s, 0, True) for at_s in times]


def mistakes(comparison: Comparison) -> list[tuple[float, bool]]:
    return [(one.passing.at_s, one.is_missed) for one in comparison.mistakes]


def test_each_true_passing_is_matched_once():
    found = compare(entries(10.0, 20.0), entries(9.0, 10.5, 30.0), IN)
    assert found.total == Tally(truth=2, counted=3, matched=1)
    assert mistakes(found) == [(10.5, False), (20.0, True), (30.0, False)]
    assert (found.total.precision, found.total.recall, found.total.count_error) == (1 / 3, 0.5, 0.5)


def test_directions_and_zones_are_not_mixed_up():
    found = compare(entries(10.0), [Passing(10.0, 0, False), Passing(10.0, 1, True)], BOTH)
    assert found.tallies == {(0, False): Tally(0, 1, 0), (0, True): Tally(1, 0, 0)}


def test_nothing_to_count_is_no_error():
    total = compare([], [], IN).total
    assert (total.precision, total.recall, total.count_error) == (1.0, 1.0, None)


def best_by_trying_all(truth: list[float], counted: list[float], tolerance_s: float) -> int:
    longer, shorter = sorted((truth, counted), key=len, reverse=True)
    return max(
        sum(abs(a - b) <= tolerance_s for a, b in zip(shorter, chosen, strict=True))
        for chosen in permutations(longer, len(shorter))
    )


def test_as_many_as_possible_are_matched():
    random = Random(3)
    for _ in range(300):
        truth = [round(random.uniform(0, 8), 2) for _ in range(random.randint(0, 5))]
        counted = [round(random.uniform(0, 8), 2) for _ in range(random.randint(0, 5))]
        found = compare(entries(*truth), entries(*counted), IN, 1.0).total
        assert found == Tally(len(truth), len(counted), best_by_trying_all(truth, counted, 1.0))


def test_a_count_by_hand_is_read_in_the_forms_people_write():
    text = "\ufeffTime, Direction ,zone\n12.5,in,door\n1:02,OUT,door\n0:01:03.5,,0\n"
    text += f"{(NOON + timedelta(seconds=90)).astimezone(timezone(timedelta(hours=2))).isoformat()},in,till\n"
    truth = read_truth(text, scene(DOOR, TILL))
    assert truth.passings == (
        Passing(12.5, 0, True), Passing(62.0, 0, False), Passing(63.5, 0, True), Passing(90.0, 1, True),
    )  # fmt: skip
    assert truth.kinds == {(0, True), (0, False), (1, True), (1, False)}


def test_only_the_directions_that_were_counted_are_compared():
    assert read_truth("time\n3\n", scene()).kinds == {(0, True)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("time,who\n1,me\n", "must name time, direction, zone"),
        ("time\n", "no row"),
        ("time\nnoon\n", "line 2"),
        ("time\n-3\n", "line 2.*no time of a clip"),
        ("time\nnan\n", "line 2"),
        ("time,direction\n1,in\n2,up\n", "line 3.*in or out"),
        ("time\n2026-03-02T12:00:03\n", "has no offset"),
        ("time,zone\n1,cellar\n", "zone 'cellar' is none of: 0 door"),
        ("1,1,2,3\n", "line 1"),
        ("hello\n", "no row of numbers"),
        ("1,1,0,0,nan,5,1,1,1\n", "line 1"),
        ("1,1,0,0,50,5,0,1,1\n", "no person"),
        ("", "no person"),
    ],
)
def test_a_truth_that_cannot_be_understood_is_refused_by_its_line(text, problem):
    with pytest.raises(InvalidInput, match=problem):
        read_truth(text, scene())


def test_a_count_over_several_zones_must_name_them():
    with pytest.raises(InvalidInput, match="zone '' is none of: 0 door, 1 till"):
        read_truth("time\n1\n", scene(DOOR, TILL))


def walk(person: int, frames: range, *, step_px: float = 10.0, flag: str = "1,1,1") -> str:
    """Write a walk of a person, 40 px wide and 100 px tall, to the right; its middle starts at x = 0."""
    return "".join(f"{frame + 1},{person},{step_px * frame - 20},150,40,100,{flag}\n" for frame in frames)


def test_ground_truth_boxes_become_passings():
    truth = read_truth(walk(7, range(100)), scene())
    assert [(one.zone, one.is_in) for one in truth.passings] == [(0, True), (0, False)]
    assert [one.at_s for one in truth.passings] == pytest.approx([4.0, 8.0], abs=0.11)
    assert truth.passings[0].box_rel == pytest.approx((0.38, 0.3, 0.42, 0.5), abs=0.011)


def test_who_appears_inside_did_not_go_in_and_ignored_rows_are_nobody():
    text = walk(1, range(50, 100)) + walk(2, range(100), flag="0,1,1") + walk(3, range(100), flag="1,8,1")
    assert [one.is_in for one in read_truth(text, scene()).passings] == [False]


def test_a_person_not_annotated_for_longer_than_a_second_begins_anew():
    text = walk(1, range(35)) + walk(1, range(50, 70))
    assert read_truth(text, scene()).passings == ()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("2026-01-31T12-00-05Z.mp4", datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)),
        ("door_20260131_120005.mkv", datetime(2026, 1, 31, 11, 0, 5, tzinfo=UTC)),
        ("2026-01-31 12.00.05+0530.ts", datetime(2026, 1, 31, 6, 30, 5, tzinfo=UTC)),
        ("20260131120005-03:00.ts", None),
        ("20261331_120005.mkv", None),
        ("door.mp4", None),
        ("120260131_1200050.mp4", None),
    ],
)
def test_the_start_of_a_film_is_read_from_its_name(name, start):
    assert named_start(name, timezone(timedelta(hours=1))) == start
