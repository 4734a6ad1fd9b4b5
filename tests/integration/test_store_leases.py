"""Leases on a real database: one watcher a camera, whatever breaks."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from hypersight_core.domain.events import SegmentRecord
from hypersight_core.domain.figures import DetectorFigures, Outcome, ServerFigures, WatcherFigures
from hypersight_core.errors import Conflict, DatabaseUnavailable, LeaseLost
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease, LeaseView, WatcherState, fence, read_leases, request_stop
from hypersight_core.store.watching import record_segment
from tests.builders import camera_settings, noon, processor_settings

WATCHING = WatcherState(phase="watching", position_at=noon(), lag_s=1.5, detail="fine")


@pytest.mark.needs_real_backends("advisory locks keep one connection out and die with the other")
def test_the_token_grows_with_each_watcher_and_the_second_is_refused_while_the_first_watches(store: Store):
    first, second = Lease(store, 7, "run-a"), Lease(store, 7, "run-b")
    token = first.acquire()
    with pytest.raises(Conflict, match="run-a"):
        second.acquire(wait_s=0.3)
    first.release("stopped")
    assert second.acquire() == token + 1
    second.release("stopped")


@pytest.mark.needs_real_backends("advisory locks keep one connection out and die with the other")
def test_others_see_what_the_watcher_says_until_it_gives_the_camera_back(store: Store):
    lease = Lease(store, 7, "run-a")
    lease.acquire()
    lease.beat(WATCHING)
    seen = _lease(store)
    assert (seen.state, seen.position_at, seen.lag_s, seen.detail) == ("watching", noon(), 1.5, "fine")
    assert seen.is_live
    assert seen.is_locked
    lease.release("disabled")
    seen = _lease(store)
    assert (seen.is_live, seen.is_locked, seen.release_reason) == (False, False, "disabled")


def test_what_a_watcher_counted_is_seen_and_forgotten_when_the_next_one_begins(store: Store):
    counted = WatcherFigures(
        detectors={
            "objects": DetectorFigures(
                outcomes={Outcome.ANSWERED: 3}, servers=(ServerFigures("http://a", False),)
            )
        },
        frames={"detected": 12},
        left_out=1,
    )
    lease = Lease(store, 7, "run-a")
    lease.acquire()
    lease.beat(replace(WATCHING, figures=counted))
    lease.release("stopped")
    assert _lease(store).figures == counted
    again = Lease(store, 7, "run-b")
    again.acquire()
    assert _lease(store).figures is None
    again.release("stopped")


@pytest.mark.parametrize("said", ['{"detectors": {"objects": {"classes": [1]}}}', '{"frames": 7}', "[]"])
def test_figures_of_another_version_are_left_out(store: Store, said):
    lease = Lease(store, 7, "run-a")
    lease.acquire()
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE watcher_lease SET figures = CAST(:said AS jsonb)"), {"said": said})
    assert _lease(store).figures is None
    lease.release("stopped")


def test_the_watcher_hears_whether_its_camera_is_wanted(store: Store):
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings())
    lease = Lease(store, camera.camera_id, "run-a")
    lease.acquire()
    assert not lease.beat(WATCHING).is_wanted
    with store.transaction() as tx:
        processors.create_processor(tx, camera.camera_id, processor_settings())
    assert lease.beat(WATCHING).is_wanted
    with store.transaction() as tx:
        cameras.change_camera(tx, camera.camera_id, camera_settings(enabled=False))
    assert not lease.beat(WATCHING).is_wanted
    lease.release("disabled")


def test_a_stop_is_heard_by_the_run_it_was_meant_for_only(store: Store):
    first = Lease(store, 7, "run-a")
    first.acquire()
    with store.transaction() as tx:
        request_stop(tx, 7, "run-z")
    assert not first.beat(WATCHING).is_stop_requested
    with store.transaction() as tx:
        request_stop(tx, 7, "run-a")
    assert first.beat(WATCHING).is_stop_requested
    first.release("stop_requested")
    second = Lease(store, 7, "run-b")
    second.acquire()
    assert not second.beat(WATCHING).is_stop_requested
    second.release("stopped")


@pytest.mark.needs_real_backends("ends a connection's server process")
def test_a_broken_connection_is_replaced_and_the_token_kept(store: Store):
    lease = Lease(store, 7, "run-a")
    token = lease.acquire()
    before = _lease(store)
    _terminate(store, before.backend_pid)
    with pytest.raises(DatabaseUnavailable):
        lease.beat(WATCHING)
    lease.beat(WATCHING)
    after = _lease(store)
    assert (after.token, after.is_live) == (token, True)
    assert after.backend_pid != before.backend_pid
    lease.release("stopped")


@pytest.mark.needs_real_backends("ends a connection's server process")
def test_a_watcher_whose_camera_was_taken_over_while_it_was_cut_off_has_lost_it(store: Store):
    stale, successor = Lease(store, 7, "run-a"), Lease(store, 7, "run-b")
    stale.acquire()
    _terminate(store, _lease(store).backend_pid)
    successor.acquire(wait_s=2)
    with pytest.raises(DatabaseUnavailable):
        stale.beat(WATCHING)
    with pytest.raises(LeaseLost):
        stale.beat(WATCHING)
    stale.release("lost")
    assert _lease(store).is_live
    successor.release("stopped")


@pytest.mark.needs_real_backends("ends a connection's server process")
def test_a_fenced_watcher_loses_lock_and_token_at_once(store: Store):
    stuck, successor = Lease(store, 7, "run-a"), Lease(store, 7, "run-b")
    token = stuck.acquire()
    with store.transaction() as tx:
        fence(tx, read_leases(tx)[0])
    assert not _lease(store).is_live
    assert successor.acquire(wait_s=2) > token
    for error in (DatabaseUnavailable, LeaseLost):
        with pytest.raises(error):
            stuck.beat(WATCHING)
    successor.release("stopped")


@pytest.mark.needs_real_backends("ends a connection's server process")
def test_a_fenced_watcher_does_not_come_back_when_nobody_follows_it(store: Store):
    stuck = Lease(store, 7, "run-a")
    token = stuck.acquire()
    with store.transaction() as tx:
        fence(tx, read_leases(tx)[0])
    empty = SegmentRecord(camera_id=7, seq=1, position_at=noon())
    with pytest.raises(LeaseLost), store.transaction() as tx:
        record_segment(tx, empty, token=token)
    for error in (DatabaseUnavailable, LeaseLost):
        with pytest.raises(error):
            stuck.beat(WATCHING)
    assert (_lease(store).is_live, _lease(store).release_reason) == (False, "fenced")


@pytest.mark.needs_real_backends("settings of a connection's own")
def test_a_process_stopped_in_mid_transaction_does_not_keep_its_locks_for_long(store: Store):
    with store.transaction() as tx:
        assert tx.execute(sa.text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "10s"


def test_fencing_an_outdated_view_leaves_the_successor_alone(store: Store):
    first, successor = Lease(store, 7, "run-a"), Lease(store, 7, "run-b")
    first.acquire()
    outdated = _lease(store)
    first.release("stopped")
    successor.acquire()
    with store.transaction() as tx:
        fence(tx, outdated)
    successor.beat(WATCHING)
    assert _lease(store).is_live
    successor.release("stopped")


def _lease(store: Store) -> LeaseView:
    with store.transaction() as tx:
        return read_leases(tx)[0]


def _terminate(store: Store, backend_pid: int) -> None:
    with store.transaction() as tx:
        tx.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend_pid})
