"""Records on a real database: applied whole, once, by the newest watcher only."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hypersight_core.domain.events import Event, EventKind, Observation, Reason, SegmentRecord
from hypersight_core.errors import LeaseLost
from hypersight_core.store import cameras, metrics, processors, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease
from hypersight_core.store.tables import observation, processor_event
from hypersight_core.store.watching import Checkpoint, checkpoint, record_segment
from tests.builders import an_event, camera_settings, noon, processor_settings


@pytest.fixture
def watched(store: Store):
    """Yield the lease token of camera 1, which has processor 1."""
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, camera.camera_id, processor_settings())
    lease = Lease(store, 1, "run-a")
    yield lease.acquire()
    lease.release("stopped")


def a_record(seq: int, *events: Event) -> SegmentRecord:
    seen = Observation(
        camera_id=1, from_at=noon(seq), to_at=noon(seq + 1), frames_wanted=2, frames_detected=2
    )
    return SegmentRecord(
        camera_id=1, seq=seq, position_at=noon(seq + 1),
        events=events or (an_event(processor_id=1, ts=noon(seq)),),
        observations=(seen,), state={"1": {"open": [seq]}},
    )  # fmt: skip


def rows(store: Store, table: sa.Table) -> int:
    with store.transaction() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_record_advances_the_checkpoint_and_keeps_every_fact(store: Store, watched: int):
    left = an_event(processor_id=1, ts=noon(1.123456), kind=EventKind.EXIT, dwell_s=4.5, processor_version=3)
    with store.transaction() as tx:
        assert checkpoint(tx, 1) is None
        assert record_segment(tx, a_record(1, left), token=watched)
    with store.transaction() as tx:
        assert checkpoint(tx, 1) == Checkpoint(1, noon(2), {"1": {"open": [1]}})
        assert metrics.latest_events(tx, 1).events == (left,)
        assert metrics.coverage(tx, 1, noon(1), noon(2)).share == 1


def test_an_observation_over_full_hours_is_cut_there_with_every_frame_in_one_piece(store: Store):
    with store.transaction() as tx:
        camera_id = cameras.create_camera(tx, camera_settings()).camera_id
        whole = Observation(
            camera_id=camera_id, from_at=noon(-600), to_at=noon(4500), frames_wanted=101, frames_detected=50,
            reason=Reason.DETECTOR_ERROR,
        )  # fmt: skip
        assert watching.add_observations(tx, [whole]) == 3
        seen = observation.c
        pieces = tx.execute(
            sa.select(seen.from_at, seen.to_at, seen.frames_wanted, seen.frames_detected).order_by(
                seen.from_at
            )
        ).all()
    edges = [noon(-600), noon(0), noon(3600), noon(4500)]
    assert [(one.from_at, one.to_at) for one in pieces] == list(pairwise(edges))
    assert (sum(one[2] for one in pieces), sum(one[3] for one in pieces)) == (101, 50)


def test_a_seq_that_was_written_changes_nothing_when_it_comes_again(store: Store, watched: int):
    for seq, is_new in ((1, True), (2, True), (2, False), (1, False), (5, True), (4, False)):
        with store.transaction() as tx:
            assert record_segment(tx, a_record(seq), token=watched) is is_new
    assert rows(store, processor_event) == rows(store, observation) == 3


def test_of_two_writers_with_one_seq_exactly_one_writes(store: Store, watched: int):
    together = threading.Barrier(2)

    def write(track_id: int, seq: int) -> bool:
        together.wait()
        with store.transaction() as tx:
            return record_segment(
                tx, a_record(seq, an_event(processor_id=1, track_id=track_id)), token=watched
            )

    with ThreadPoolExecutor(2) as pool:
        for seq in range(1, 21):
            assert sorted(pool.map(write, (seq, -seq), (seq, seq))) == [False, True]
    assert rows(store, processor_event) == 20


def test_an_outdated_token_writes_nothing(store: Store, watched: int):
    for token in (watched - 1, watched + 1):
        with pytest.raises(LeaseLost), store.transaction() as tx:
            record_segment(tx, a_record(1), token=token)
    assert rows(store, processor_event) == rows(store, observation) == 0


@pytest.mark.needs_real_backends("two transactions at once")
def test_a_successor_waits_for_the_record_in_hand_and_then_nothing_more_is_written(
    store: Store, watched: int
):
    taken = threading.Event()

    def take_over() -> None:
        with store.transaction() as tx:
            tx.execute(sa.text("UPDATE watcher_lease SET token = token + 1"))
        taken.set()

    successor = threading.Thread(target=take_over)
    with store.transaction() as tx:
        assert record_segment(tx, a_record(1), token=watched)
        successor.start()
        assert not taken.wait(0.3)
    successor.join()
    with pytest.raises(LeaseLost), store.transaction() as tx:
        record_segment(tx, a_record(2), token=watched)
    assert rows(store, processor_event) == 1


def test_a_failure_half_way_leaves_nothing_behind(store: Store, watched: int):
    def fail_half_way() -> None:
        with store.transaction() as tx:
            record_segment(tx, a_record(1), token=watched)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with store.transaction() as tx:
        assert checkpoint(tx, 1) is None
        assert record_segment(tx, a_record(1), token=watched)


def test_events_of_a_deleted_processor_stay_and_of_a_purged_one_are_left_out(store: Store, watched: int):
    with store.transaction() as tx:
        second = processors.create_processor(tx, 1, processor_settings()).processor_id
        processors.delete_processor(tx, 1)
        processors.delete_processor(tx, second, purge=True)
        both = an_event(processor_id=1), an_event(processor_id=second), an_event(processor_id=999)
        assert record_segment(tx, a_record(1, *both), token=watched)
        assert [event.processor_id for event in metrics.latest_events(tx, 1).events] == [1]
    assert rows(store, processor_event) == 1


def test_recorded_events_may_be_added_again_and_again(store: Store, watched: int):
    events = [an_event(processor_id=1, ts=noon(s)) for s in range(1500)]
    with store.transaction() as tx:
        assert watching.add_events(tx, events[:1000]) == 1000
        assert watching.add_events(tx, events) == 500
        assert watching.add_events(tx, []) == 0
        assert metrics.traffic_total(tx, 1, noon(-1), noon(1500)).value == 1500


def test_the_checks_of_a_table_hold_for_each_row_that_comes(store: Store, watched: int):
    strange = {"processor_id": 1, "processor_version": 1, "ts": noon(), "track_id": 0, "value": 1, "zone": 0}
    endless = {"camera_id": 1, "from_at": noon(), "frames_wanted": 1, "frames_detected": 1}
    for table, row in (
        (processor_event, strange | {"kind": "party"}),
        (observation, endless | {"to_at": noon(25 * 3600)}),
        (observation, endless | {"to_at": noon()}),
        (observation, endless | {"to_at": noon(1), "reason": "tired"}),
    ):
        with pytest.raises(IntegrityError, match="violates check constraint"), store.transaction() as tx:
            tx.execute(sa.insert(table).values(row))


def test_events_of_many_years_are_each_found_and_none_is_written_twice(store: Store, watched: int):
    years = [noon(days * 86400.0) for days in range(-3650, 3651, 73)]
    events = [an_event(processor_id=1, ts=at) for at in years]
    with store.transaction() as tx:
        assert watching.add_events(tx, events) == len(years)
        assert watching.add_events(tx, reversed(events)) == 0
        total = metrics.traffic_total(tx, 1, years[0], years[-1])
        assert (total.value, total.first_at, total.last_at) == (len(years) - 1, years[1], years[-1])
        assert [e.ts for e in metrics.latest_events(tx, 1, limit=200).events] == years[::-1]
        assert metrics.presence_at(tx, 1, years[-1]).last is None


def test_the_plan_holds_enabled_processors_and_is_none_when_there_is_nothing_to_do(
    store: Store, watched: int
):
    with store.transaction() as tx:
        processors.create_processor(tx, 1, processor_settings(enabled=False))
        plan = watching.watch_plan(tx, 1)
        assert plan is not None
        assert (plan.camera.camera_id, [p.processor_id for p in plan.processors]) == (1, [1])
        assert list(watching.desired_cameras(tx)) == [1]
        assert watching.watch_plan(tx, 2) is None
        processors.change_processor(tx, 1, processor_settings(enabled=False))
        assert watching.watch_plan(tx, 1) is None
        assert watching.desired_cameras(tx) == {}
        processors.change_processor(tx, 1, processor_settings())
        cameras.change_camera(tx, 1, camera_settings(enabled=False))
        assert watching.watch_plan(tx, 1) is None
        assert watching.desired_cameras(tx) == {}
