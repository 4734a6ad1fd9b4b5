"""A year of made-up events and observations, made by the database itself."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from hypersight_core.domain.cameras import CameraSettings, ProcessorSettings
from hypersight_core.domain.zones import Zone
from hypersight_core.store import cameras, partitions, processors, upkeep
from hypersight_core.store.engine import Store
from hypersight_core.store.timescale import timescale_version

CAMERAS = 10
DAYS = 364
END = datetime(2026, 6, 1, tzinfo=UTC)
START = END - timedelta(days=DAYS)
OBSERVATION_S = 600
WHOLE = Zone(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
COUNT_SHARE = 5
"""One event in so many is a count of persons present; the others are persons passing."""

# In order of time, as watchers write. Quiet nights; two of seven events leave.
_EVENTS = sa.text("""
INSERT INTO processor_event (processor_id, processor_version, ts, track_id, value, zone, kind)
SELECT CASE WHEN is_count THEN 2 ELSE 1 END + 2 * (n % CAST(:cameras AS bigint)), 1, ts,
       CASE WHEN is_count THEN 0 ELSE n END,
       CASE WHEN is_count THEN (n * 7919 % 10) ELSE 1 END, CASE WHEN is_count THEN -1 ELSE 0 END,
       CASE WHEN is_count THEN 'count' WHEN n * 31 % 7 < 2 THEN 'exit' ELSE 'enter' END
FROM (
  SELECT n, n / CAST(:cameras AS bigint) % :count_share = 0 AS is_count,
         CAST(:start AS timestamptz)
         + (n - CAST(:first AS bigint)) * (CAST(:stop AS timestamptz) - :start) / :rows AS ts
  FROM generate_series(CAST(:first AS bigint), CAST(:first AS bigint) + :rows - 1) AS n
) AS event
WHERE extract(hour FROM ts) BETWEEN 5 AND 23 OR n % 20 = 0
""")
_OBSERVATIONS = sa.text("""
INSERT INTO observation (camera_id, from_at, to_at, frames_wanted, frames_detected, reason)
SELECT camera, at, at + make_interval(secs => :length_s), 600, CASE WHEN n % 50 = 0 THEN 0 ELSE 600 END,
       CASE WHEN n % 50 = 0 THEN 'stream_down' END
FROM generate_series(1, :cameras) AS camera,
     generate_series(CAST(:start AS timestamptz),
                     CAST(:stop AS timestamptz) - make_interval(secs => :length_s),
                     make_interval(secs => :length_s)) WITH ORDINALITY AS piece (at, n)
""")


def load(store: Store, rows: int) -> None:
    """Write about `rows` events (nights have fewer), week by week; of odd processors persons passing."""
    with store.transaction() as tx:
        for _ in range(CAMERAS):
            camera_id = cameras.create_camera(
                tx, CameraSettings(name="bench", stream_url="http://camera.invalid/")
            ).camera_id
            for kind in ("traffic", "objects"):
                processors.create_processor(tx, camera_id, ProcessorSettings(kind=kind, zones=(WHOLE,)))
        for month in range(0, DAYS, 28):
            # As they are on a server that ran all the time; TimescaleDB makes its own.
            if timescale_version(tx) is None:
                for table, column in upkeep.GROWING.items():
                    partitions.add_ahead(tx, table, column, START + timedelta(days=month))
    weeks = DAYS // 7
    # A fifth of a day's hours yields a twentieth of its events.
    planned = round(rows / (19 / 24 + 5 / 24 / 20))
    for week in range(weeks):
        start = START + week * timedelta(days=7)
        span = {"start": start, "stop": start + timedelta(days=7), "cameras": CAMERAS}
        with store.transaction() as tx:
            tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
            asked = {"first": week * planned // weeks, "rows": planned // weeks, "count_share": COUNT_SHARE}
            tx.execute(_EVENTS, span | asked)
            tx.execute(_OBSERVATIONS, span | {"length_s": OBSERVATION_S})
