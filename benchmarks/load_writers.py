"""Many cameras' records into one database, as their watchers write them: what a camera costs there.

Each writer holds a lease on a connection of its own and, for each segment, does what a watcher's thread for
the database does: a heartbeat, reading the plan, one record in one transaction. Nothing is decoded.
"""

import multiprocessing
import random
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psutil
import sqlalchemy as sa

from benchmarks import storage_data as data
from hypersight_core.domain.cameras import CameraSettings, ProcessorSettings
from hypersight_core.domain.events import Event, EventKind, Observation, SegmentRecord
from hypersight_core.errors import HypersightError
from hypersight_core.store import cameras, previews, processors, rollups, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease, WatcherState

PROCESSES = 4
SETTLE_S = 15.0
"""Not measured: leases are taken, statements planned for the first time."""
FPS = 2
DAY_S = 86_400
TABLES = ("processor_event", "observation")
STATE = {"traffic": [{"id": n, "box": [0.1, 0.2, 0.3, 0.4], "speed": [0.0, 0.1]} for n in range(10)]}
"""About as large as what processors remember of five persons."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is written."""

    url: str
    camera_ids: tuple[int, ...]
    begin_at: datetime
    begin_s: float
    """The same instant on the machine's monotonic clock; the writers start spread over one segment."""
    seconds: float
    segment_s: float
    passing_every_s: float
    """Of one camera, from one person passing to the next."""


@dataclass(frozen=True, slots=True)
class Record:
    """How one record went."""

    took_s: float
    """Heartbeat and plan included."""
    late_s: float
    """After its segment's end."""


def measure(
    url: str, camera_count: int, seconds: float, segment_s: float, passing_every_s: float
) -> dict[str, Any]:
    """Let cameras write for `seconds`; return what a record, a connection and a camera's day cost."""
    store = Store(url, application_name="hypersight benchmark")
    camera_ids = _enrolled(store, camera_count)
    begin_at, begin_s = datetime.now(UTC) + timedelta(seconds=SETTLE_S), time.monotonic() + SETTLE_S
    load = Load(url, camera_ids, begin_at, begin_s, seconds, segment_s, passing_every_s)
    with store.transaction() as tx:
        empty = {table: _bytes(tx, table) for table in TABLES}
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = [replace(load, camera_ids=camera_ids[part::PROCESSES]) for part in range(PROCESSES)]
        waiting = [pool.submit(write, part) for part in parts]
        time.sleep(max(0.0, load.begin_s - time.monotonic()))
        cpu_s, lsn = _server_cpu_s(store), _wal_bytes(store)
        time.sleep(seconds * 0.9)
        cpu_s, wal = _server_cpu_s(store) - cpu_s, _wal_bytes(store) - lsn
        connection_mb = (
            statistics.median(one.memory_full_info().uss for one in _server(store).children()) / 1e6
        )
        records = [record for part in waiting for record in part.result()]
    rollups.refresh(store)
    camera_days = len(records) * segment_s / DAY_S
    measured = 0.9 * len(records)
    with store.transaction() as tx:
        rows = {table: _rows(tx, table) for table in TABLES}
        sizes = {table: _bytes(tx, table) - empty[table] for table in TABLES}
    store.close()
    return {
        "cameras": camera_count,
        "segment_s": segment_s,
        "records_per_s": round(len(records) / seconds, 1),
        "records_wanted_per_s": round(camera_count / segment_s, 1),
        "record_ms": _spread([record.took_s for record in records]),
        "late_ms": _spread([record.late_s for record in records]),
        "database_cpu_ms_per_record": round(1000 * cpu_s / measured, 2),
        "database_mb_per_connection": round(connection_mb, 1),
        "wal_kb_per_record": round(wal / measured / 1000, 1),
        **{f"{table}_rows_per_camera_day": round(rows[table] / camera_days) for table in TABLES},
        **{f"{table}_bytes_per_row": round(sizes[table] / max(1, rows[table])) for table in TABLES},
    }


def write(load: Load) -> list[Record]:
    """Write for some cameras, a thread each; what a process of the load does."""
    with ThreadPoolExecutor(len(load.camera_ids)) as pool:
        return [record for one in pool.map(partial(_camera, load), load.camera_ids) for record in one]


def _camera(load: Load, camera_id: int) -> list[Record]:
    """Write one camera's records, each when its segment has ended."""
    store = Store(load.url, application_name="hypersight benchmark")
    lease = Lease(store, camera_id, f"load-{camera_id}")
    token = lease.acquire()
    chance = random.Random(camera_id)
    written = []
    start_s = load.begin_s + chance.uniform(0.0, load.segment_s)
    for seq in range(1, int(load.seconds / load.segment_s) + 1):
        ends_s = start_s + seq * load.segment_s
        time.sleep(max(0.0, ends_s - time.monotonic()))
        began_s = time.monotonic()
        record = _record(load, camera_id, seq, ends_s, chance)
        lease.beat(WatcherState(phase="watching", position_at=record.position_at, lag_s=0.0))
        with lease.transaction() as tx:
            watching.watch_plan(tx, camera_id)
            previews.wanted_previews(tx, camera_id)
        with lease.transaction() as tx:
            watching.record_segment(tx, record, token=token)
        written.append(Record(time.monotonic() - began_s, time.monotonic() - ends_s))
    lease.release("stopped")
    store.close()
    return written


def _record(load: Load, camera_id: int, seq: int, ends_s: float, chance: random.Random) -> SegmentRecord:
    """Return a segment in which somebody may have passed; who passes changes the number of those present."""
    stop_at = load.begin_at + timedelta(seconds=ends_s - load.begin_s)
    start_at = stop_at - timedelta(seconds=load.segment_s)
    events: list[Event] = []
    if chance.random() < load.segment_s / load.passing_every_s:
        at = start_at + timedelta(seconds=chance.uniform(0.0, load.segment_s))
        traffic, objects = 2 * camera_id - 1, 2 * camera_id
        events = [
            Event(processor_id=traffic, ts=at, kind=EventKind.ENTER, zone=0, track_id=seq),
            Event(processor_id=objects, ts=at, kind=EventKind.COUNT, value=seq % 7),
        ]
    frames = round(load.segment_s * FPS)
    seen = Observation(
        camera_id=camera_id, from_at=start_at, to_at=stop_at, frames_wanted=frames, frames_detected=frames
    )
    return SegmentRecord(
        camera_id=camera_id,
        seq=seq,
        position_at=stop_at,
        events=tuple(events),
        observations=(seen,),
        state=STATE,
    )


def _enrolled(store: Store, count: int) -> tuple[int, ...]:
    """Add cameras that count and are watched; the ids of their processors follow from their own."""
    ids = []
    with store.transaction() as tx:
        for number in range(count):
            wanted = CameraSettings(name=f"camera {number}", stream_url="http://camera.invalid/")
            ids.append(cameras.create_camera(tx, wanted).camera_id)
            for kind in ("traffic", "objects"):
                processors.create_processor(tx, ids[-1], ProcessorSettings(kind=kind, zones=(data.WHOLE,)))
    return tuple(ids)


def _server(store: Store) -> psutil.Process:
    with store.transaction() as tx:
        server = psutil.Process(tx.scalar(sa.text("SELECT pg_backend_pid()"))).parent()
    if server is None:
        raise HypersightError("the server's processes are not on this machine")
    return server


def _server_cpu_s(store: Store) -> float:
    """Return the CPU seconds of the server's processes, those of connections and its own."""
    times = [one.cpu_times() for one in _server(store).children()]
    return sum(one.user + one.system for one in times)


def _wal_bytes(store: Store) -> int:
    with store.transaction() as tx:
        return int(tx.execute(sa.text("SELECT pg_current_wal_lsn() - '0/0'")).scalar_one())


def _rows(tx: sa.Connection, table: str) -> int:
    return int(tx.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def _bytes(tx: sa.Connection, table: str) -> int:
    """Return the size of a table's parts with their indexes; empty ones count little."""
    parts = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(:table) WHERE isleaf"
    return int(tx.execute(sa.text(parts), {"table": table}).scalar_one())


def _spread(seconds: list[float]) -> dict[str, float]:
    """Return median and the 99th of a hundred, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {"median": round(1000 * cuts[49], 1), "p99": round(1000 * cuts[98], 1)}
