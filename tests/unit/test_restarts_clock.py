"""A clock that is set must neither hold a camera back nor let it begin again without end."""

from datetime import UTC, datetime, timedelta

from dagster import DagsterRunStatus as Status

from hypersight_core.store.failures import WatcherFailure
from hypersight_pipelines.defs.watchers.restarts import BUDGET, WatcherRun, record_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_bad_run(number: int, ended_at: datetime) -> WatcherRun:
    return WatcherRun(
        run_id=f"run {number}", camera_id=1, status=Status.FAILURE, updated_at=ended_at,
        started_at=ended_at - timedelta(seconds=2), ended_at=ended_at,
    )  # fmt: skip


def test_ends_that_lie_ahead_hold_nobody_back():
    ahead = [a_bad_run(number, NOW + HOUR + timedelta(seconds=number)) for number in range(4)]
    record = record_of(ahead, [], None, None, NOW)
    assert record.bad_ends == []
    assert record.why_wait(NOW) is None


def test_ends_after_the_step_still_count_beside_those_that_lie_ahead():
    ahead = [a_bad_run(number, NOW + HOUR) for number in range(3)]
    since = [a_bad_run(10 + number, NOW - timedelta(seconds=number)) for number in range(BUDGET)]
    record = record_of([*ahead, *since], [], None, None, NOW)
    assert record.is_failed
    assert record.why_wait(NOW) is not None


def test_a_change_that_lies_ahead_does_not_forgive_for_an_hour():
    bad = [a_bad_run(number, NOW - timedelta(seconds=number)) for number in range(3)]
    assert len(record_of(bad, [], None, NOW + HOUR, NOW).bad_ends) == 3
    assert record_of(bad, [], None, NOW + timedelta(seconds=2), NOW).bad_ends == []


def test_a_failed_camera_whose_mark_lies_ahead_is_tried_at_once():
    mark = WatcherFailure(
        camera_id=1, run_id="run 1", failed_at=NOW + HOUR, bad_ends=6, reason="?",
        next_try_at=NOW + HOUR,
    )  # fmt: skip
    record = record_of([], [], mark, None, NOW)
    assert record.is_failed
    assert record.why_wait(NOW) is None
