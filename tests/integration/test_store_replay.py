"""The database killed while a spool is replayed: nothing is lost, nothing is written twice."""

import os
import signal
import time
from pathlib import Path

import pytest

from hypersight.postgres import EmbeddedPostgres
from hypersight_core.domain.events import SegmentRecord
from hypersight_core.errors import DatabaseUnavailable
from hypersight_core.store import cameras, metrics, processors, schema, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease, WatcherState
from hypersight_core.store.spool import Spool
from tests.builders import an_event, camera_settings, noon, processor_settings

RECORDS = 400
WATCHING = WatcherState(phase="watching", position_at=None, lag_s=None)


@pytest.fixture
def server(server_dir: Path):
    with EmbeddedPostgres(server_dir / "postgres") as started:
        yield started


@pytest.mark.needs_real_backends("kills the server under an advisory lock; starts a PostgreSQL of its own")
def test_a_replay_survives_a_killed_database(server: EmbeddedPostgres, tmp_path: Path):
    schema.upgrade(server.url)
    store = Store(server.url)
    spool = Spool(tmp_path, 1, max_bytes=10**9)
    lease = Lease(store, 1, "run-a")
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    token = lease.acquire()
    for seq in range(1, RECORDS + 1):
        events = tuple(an_event(processor_id=1, ts=noon(seq), track_id=track) for track in (1, 2, 3))
        spool.append(SegmentRecord(camera_id=1, seq=seq, position_at=noon(seq), events=events))

    with pytest.raises(DatabaseUnavailable):
        _replay(spool, store, token, kill_after=RECORDS // 2, server=server)
    assert spool.depth_bytes > 0
    server.start()
    _beat_until_back(lease)
    _replay(spool, store, token)

    with store.transaction() as tx:
        assert metrics.traffic_total(tx, 1, noon(0), noon(RECORDS)).value == 3 * RECORDS
    assert spool.depth_bytes == 0
    lease.release("stopped")
    spool.close()
    store.close()


def _replay(
    spool: Spool, store: Store, token: int, *, kill_after: int = 0, server: EmbeddedPostgres | None = None
) -> None:
    for record in spool.pending():
        with store.transaction() as tx:
            watching.record_segment(tx, record, token=token)
            if server is not None and record.seq == kill_after:
                postmaster = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
                os.kill(postmaster, signal.SIGKILL)
        # The record in hand at the kill was committed or not: nobody can know, so it comes again.
        spool.acknowledge(record.seq)


def _beat_until_back(lease: Lease) -> None:
    for _ in range(50):
        try:
            lease.beat(WATCHING)
        except DatabaseUnavailable:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the lease did not come back")
