"""The judge of the chaos run sees what it is there for."""

from typing import Any

import pytest

from tests.builders import noon
from tests.chaos.judging import Seen, verdict

SPAN = (noon(0), noon(60))


def passing(at_s: float, kind: str = "enter", zone: int = 0) -> dict[str, Any]:
    return {"processor_id": 1, "ts": noon(at_s), "kind": kind, "zone": zone, "value": 1}


def present(at_s: float, count: int) -> dict[str, Any]:
    return {"processor_id": 2, "ts": noon(at_s), "kind": "count", "zone": -1, "value": count}


def piece(from_s: float, to_s: float, detected: int = 5) -> dict[str, Any]:
    return {"from_at": noon(from_s), "to_at": noon(to_s), "frames_wanted": 5, "frames_detected": detected}


TRUE = [present(0, 0), passing(10), present(10, 1), passing(30, "exit"), present(30, 0)]
WATCHED = [piece(at_s, at_s + 10) for at_s in range(0, 60, 10)]


def test_the_same_rows_are_right() -> None:
    found = verdict(TRUE, Seen(TRUE, WATCHED), SPAN)
    assert (found.lost, found.doubled, found.presence_error_s) == (0, 0, 0)
    assert (found.missed_s, found.coverage_error_s) == (0, 0)


def test_a_missing_event_is_lost_and_a_repeated_one_doubled() -> None:
    assert verdict(TRUE, Seen(TRUE[:1] + TRUE[2:], WATCHED), SPAN).lost == 1
    assert verdict(TRUE, Seen([*TRUE, passing(10.1)], WATCHED), SPAN).doubled == 1
    assert verdict(TRUE, Seen([*TRUE[:1], passing(10, zone=1), *TRUE[2:]], WATCHED), SPAN).doubled == 1


def test_a_wrong_number_of_persons_is_seen_for_as_long_as_it_is_wrong() -> None:
    wrong = [*TRUE[:-1], present(34, 0)]
    assert verdict(TRUE, Seen(wrong, WATCHED), SPAN).presence_error_s == pytest.approx(4, abs=0.6)


def test_what_is_lost_in_time_that_is_reported_as_missed_is_no_mistake() -> None:
    missed = [*WATCHED[:1], piece(10, 20, detected=0), *WATCHED[2:]]
    found = verdict(TRUE, Seen(TRUE[:1] + TRUE[3:], missed), SPAN)
    assert (found.lost, found.missed_s) == (0, 10)


def test_time_that_nobody_accounts_for_or_that_is_reported_twice_is_an_error() -> None:
    assert verdict(TRUE, Seen(TRUE, WATCHED[:2] + WATCHED[3:]), SPAN).coverage_error_s == 10
    assert verdict(TRUE, Seen(TRUE, [*WATCHED, piece(25, 30)]), SPAN).coverage_error_s == 5
