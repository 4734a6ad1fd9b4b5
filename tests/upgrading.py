"""What a database held before an upgrade, for tests that look whether it holds the same afterwards."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hypersight_core.store import dwell, metrics, rollups, schema
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import metadata

FROM, TO = datetime(2024, 2, 27, tzinfo=UTC), datetime(2024, 4, 9, tzinfo=UTC)
"""Around all that `write_camera` writes; clocks in Prague change in between."""
INTERVALS = (
    (FROM, TO),
    (datetime(2024, 3, 4, 7, 13, 5, tzinfo=UTC), datetime(2024, 3, 29, 19, 1, tzinfo=UTC)),
    (datetime(2024, 3, 11, 8, 20, tzinfo=UTC), datetime(2024, 3, 11, 9, 50, tzinfo=UTC)),
)
PRAGUE = ZoneInfo("Europe/Prague")

# Only columns that the first release had: the same statements write to every schema there ever was.
CAMERA = """
INSERT INTO camera (name, stream_url, watch_fps, watch_rows, watch_cols, time_zone, enabled)
VALUES ('door', 'http://user:secret@camera.invalid/', 5, 1, 1, 'Europe/Prague', true) RETURNING camera_id
"""
PROCESSOR = """
WITH made AS (INSERT INTO processor (camera_id, kind, version) VALUES (:camera_id, :kind, 2) RETURNING *)
INSERT INTO processor_version (processor_id, version, name, zones, threshold, anchor, enabled, output_hls)
SELECT processor_id, number, kind, '[{"name": "in", "corners": [[0, 0], [1, 0], [0, 1]]}]', 0.5, 'feet',
       true, true
FROM made, generate_series(1, 2) AS number RETURNING processor_id
"""
# Times, zones and values that differ from row to row, and come out the same each time.
PASSING = """
INSERT INTO processor_event (processor_id, processor_version, ts, track_id, value, zone, kind, dwell_s)
SELECT :processor_id, 1 + n % 2, timestamptz '2024-02-28 00:00:00+00' + n * interval '47 minutes 13.5 s', n,
       1 + n % 7 / 6, n % 3, (ARRAY['enter', 'exit', 'cross_in', 'cross_out'])[1 + n % 4],
       CASE WHEN n % 4 = 1 THEN n % 600 END
FROM generate_series(1, 1200) AS n WHERE (n % 10 < 8) = :is_early
"""
COUNTED = """
INSERT INTO processor_event (processor_id, processor_version, ts, track_id, value, zone, kind)
SELECT :processor_id, 1, timestamptz '2024-02-28 00:00:00+00' + n * interval '41 minutes 7 s', 0, n * n % 11,
       -1, 'count'
FROM generate_series(1, 1300) AS n WHERE (n % 10 < 8) = :is_early
"""
SEEN = """
INSERT INTO observation (camera_id, from_at, to_at, frames_wanted, frames_detected, reason)
SELECT :camera_id, hour, hour + interval '1 hour' - n % 4 * interval '7 minutes', 60,
       CASE n % 5 WHEN 0 THEN 30 WHEN 1 THEN 0 ELSE 60 END,
       (ARRAY['detector_error', 'stream_down'])[1 + n % 5]
FROM generate_series(1, 900) AS n,
     LATERAL (SELECT timestamptz '2024-02-28 00:00:00+00' + n * interval '1 hour') AS at (hour)
WHERE (n % 10 < 8) = :is_early
"""
SAMPLES = {
    "watcher_lease": """(camera_id, token, run_id, host, boot_id, pid, pid_start, backend_pid, acquired_at,
        heartbeat_at, state) VALUES (1, 7, 'run', 'host', 'boot', 2, 3, 4, now(), now(), 'watching')""",
    "watcher_checkpoint": """(camera_id, seq, position_at, state)
        VALUES (1, 12, now(), '{"4": {"seen": 1}}')""",
    "kept_from": "VALUES ('processor_event', '2020-01-01')",
    "validation": """(processor_id, processor_version, clip, truth_from, length_s, watch_fps, tolerance_s,
        true_count, counted, matched, mistakes, picture)
        VALUES (1, 1, 'a', 'b', 9, 5, 1, 3, 3, 3, '[]', '\\x00')""",
    "preview_request": "(processor_id) VALUES (1)",
    "watcher_failure": "VALUES (1, 'run', now(), 3, 'ended badly', now())",
    "camera_outage": "(camera_id, condition, reason, began_at) VALUES (1, 'down', 'Not watched', now())",
    "notification": """(outage_id, target, body) VALUES (1, '0123456789abcdef', '{"text": "it is down"}')""",
    "event_subscriber": "(target) VALUES ('0123456789abcdef')",
    "event_outbox": """(target, camera_id, processor_id, processor_version, ts, track_id, value, zone, kind)
        VALUES ('0123456789abcdef', 1, 1, 1, now(), 7, 1, 0, 'enter')""",
    "heat_cell": "VALUES (1, '2024-03-01 10:00:00+00', 17, 2500)",
    "account": "(name, password_hash, role) VALUES ('Ada', '$argon2id$', 'operator')",
    "access_token": """(name, token_hash, scopes, created_by)
        VALUES ('dashboard', '\\x0123', '{metrics:read}', 'Ada')""",
    "audit_entry": """(done_at, actor, address, action, subject, fields)
        VALUES (now(), 'Ada', '', 'signed in', '', '{}')""",
}
"""One row of each table that `write_camera` does not fill: what follows `INSERT INTO table`."""


@dataclass(frozen=True)
class Written:
    """The numbers of what `write_camera` made."""

    camera_id: int
    passing_id: int
    present_id: int


def revisions() -> list[str]:
    """Return all schemas there ever were, the first one first and the newest one last."""
    script = ScriptDirectory.from_config(schema.alembic_config())
    return [one.revision for one in script.walk_revisions()][::-1]


def write_camera(store: Store) -> Written:
    """Write six weeks of a camera; where there are sums, a part of it after they were made."""
    with store.transaction() as tx:
        camera_id = tx.execute(sa.text(CAMERA)).scalar_one()
        passing_id, present_id = (_write_processor(tx, camera_id, kind) for kind in ("traffic", "objects"))
        written = Written(camera_id, passing_id, present_id)
        _write_events(tx, written, is_early=True)
        has_sums = tx.scalar(sa.text("SELECT to_regclass('rollup.stale_traffic') IS NOT NULL"))
    if has_sums:
        rollups.refresh(store)
    with store.transaction() as tx:
        _write_events(tx, written, is_early=False)
    return written


def _write_processor(tx: Connection, camera_id: int, kind: str) -> int:
    versions = tx.execute(sa.text(PROCESSOR), {"camera_id": camera_id, "kind": kind})
    return int(versions.scalars().all()[0])


def _write_events(tx: Connection, to: Written, *, is_early: bool) -> None:
    tx.execute(sa.text(PASSING), {"processor_id": to.passing_id, "is_early": is_early})
    tx.execute(sa.text(COUNTED), {"processor_id": to.present_id, "is_early": is_early})
    tx.execute(sa.text(SEEN), {"camera_id": to.camera_id, "is_early": is_early})


def fill_other_tables(tx: Connection) -> None:
    """Write one row into each empty table that is there already."""
    for table, row in SAMPLES.items():
        if tx.scalar(sa.text(f"SELECT to_regclass('{table}') IS NOT NULL")):
            is_empty = tx.scalar(sa.text(f"SELECT NOT EXISTS (SELECT FROM {table})"))
            if is_empty:
                tx.execute(sa.text(f"INSERT INTO {table} {row}"))


def answers(tx: Connection, about: Written) -> list[Any]:
    """Ask all metrics of a camera that `write_camera` made."""
    found: list[Any] = []
    for start, stop in INTERVALS:
        found += [
            metrics.traffic_total(tx, about.passing_id, start, stop),
            dwell.dwell(tx, about.passing_id, start, stop),
            metrics.last_count(tx, about.present_id, stop),
            metrics.coverage(tx, about.camera_id, start, stop),
        ]
        for bucket in ("1h", "1d", "1w"):
            found.append(metrics.traffic_series(tx, about.passing_id, start, stop, bucket, PRAGUE))
            found.append(metrics.presence_series(tx, about.present_id, start, stop, bucket, PRAGUE))
    return found


Contents = dict[str, tuple[tuple[str, ...], list[str]]]
"""By table: its columns, and its rows as text in the order of the text."""


def contents(tx: Connection, columns: Contents | None = None) -> Contents:
    """Read all tables, or of tables and columns that were read before what is in them now."""
    inspector = sa.inspect(tx)
    names = set(inspector.get_table_names()) & set(metadata.tables)
    wanted = (
        {table: of for table, (of, _) in columns.items()}
        if columns
        else {name: tuple(column["name"] for column in inspector.get_columns(name)) for name in names}
    )
    return {table: (of, _rows(tx, table, of)) for table, of in wanted.items()}


def _rows(tx: Connection, table: str, columns: tuple[str, ...]) -> list[str]:
    return sorted(str(tuple(row)) for row in tx.execute(sa.text(f"SELECT {', '.join(columns)} FROM {table}")))
