"""Two weeks of a shop's entrance, the same each time: what the answers in docs/SQL.md are about."""

import sqlalchemy as sa

from hypersight_core.domain.cameras import ProcessorSettings
from hypersight_core.domain.zones import Zone
from hypersight_core.store import cameras, processors, rollups
from hypersight_core.store.engine import Store
from tests.builders import camera_settings

DOOR = Zone(((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0)), "door")
SHOP = Zone(((0.6, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0)), "shop")

# From 9 to 19 o'clock in Paris, more towards the evening, half as many on Sundays. Each comes in by the door;
# two of three go on into the shop after 20 seconds and stay there. Clocks change on Sunday, 29 March.
_FILL = """
WITH person AS (
  SELECT (day + make_interval(hours => hour, secs => n * 3600.0 / persons)) AT TIME ZONE 'Europe/Paris' AS ts,
         (extract(doy FROM day) * 10000 + hour * 100 + n)::bigint AS track_id, n
  FROM generate_series(timestamp '2026-03-23', '2026-04-05', '1 day') AS day
  CROSS JOIN generate_series(9, 18) AS hour
  CROSS JOIN LATERAL (
    SELECT (hour - 5) * CASE extract(isodow FROM day) WHEN 7 THEN 1 ELSE 2 END AS persons
  ) AS many
  CROSS JOIN LATERAL generate_series(1, persons - 1) AS n
  WHERE NOT (day = '2026-03-25' AND hour = 14)  -- the stream was down
)
INSERT INTO processor_event (processor_id, processor_version, ts, track_id, value, zone, kind, dwell_s)
SELECT 1, 1, ts, track_id, 1, 0, 'enter', NULL FROM person
UNION ALL SELECT 1, 1, ts + interval '15 seconds', track_id, 1, 0, 'exit', 15 FROM person
UNION ALL SELECT 1, 1, ts + interval '20 seconds', track_id, 1, 1, 'enter', NULL FROM person WHERE n % 3 > 0
UNION ALL SELECT 1, 1, ts + make_interval(secs => 20 + 30 * n), track_id, 1, 1, 'exit', 30 * n
  FROM person WHERE n % 3 > 0
UNION ALL SELECT 2, 1, ts, 0, n % 4, -1, 'count', NULL FROM person
"""
_WATCHED = """
INSERT INTO observation
SELECT 1, at, at + interval '1 hour', 7200, CASE WHEN is_down THEN 0 ELSE 7200 END,
       CASE WHEN is_down THEN 'stream_down' END
FROM generate_series(timestamptz '2026-03-22 23:00+00', '2026-04-05 21:00+00', '1 hour') AS at
CROSS JOIN LATERAL (SELECT at = timestamptz '2026-03-25 14:00 Europe/Paris' AS is_down) AS state
"""


def fill(store: Store) -> None:
    """Write the two weeks into an empty database: camera 1, processors 1 (traffic) and 2 (objects)."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(name="Entrance", time_zone="Europe/Paris"))
        passing = ProcessorSettings(kind="traffic", name="Visitors", zones=(DOOR, SHOP))
        processors.create_processor(tx, 1, passing)
        processors.create_processor(tx, 1, ProcessorSettings(kind="objects", name="Persons"))
        tx.exec_driver_sql(_FILL.replace("%", "%%"))
        tx.exec_driver_sql(_WATCHED)
        tx.execute(sa.text("DROP SCHEMA IF EXISTS analytics CASCADE"))
    rollups.refresh(store)
