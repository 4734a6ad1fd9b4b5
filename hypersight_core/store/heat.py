"""Where people were, added up by hour and cell; see `hypersight_core.domain.heat`."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.cells import CELLS, CellTime
from hypersight_core.store.buckets import check_interval


def add_cells(tx: Connection, camera_id: int, cells: Sequence[CellTime]) -> None:
    """Add to what is known, except of unknown cameras; call it once for each record, whoever repeats it."""
    if cells:
        values = {
            "camera_id": camera_id,
            "hour_at": [one.hour_at for one in cells],
            "cell": [one.cell for one in cells],
            "person_ms": [one.person_ms for one in cells],
        }
        tx.execute(_ADD, values)


def person_ms_by_cell(tx: Connection, camera_id: int, start: datetime, stop: datetime) -> list[int]:
    """Return for how long persons stood in each of the `CELLS`, in all hours that the interval touches.

    Raises:
        InvalidInput: the interval ends before it starts, or lacks a time zone.
    """
    check_interval(start, stop)
    asked = {"camera_id": camera_id, "start": start, "stop": stop}
    found = {row.cell: row.person_ms for row in tx.execute(_SUM, asked)}
    return [int(found.get(cell, 0)) for cell in range(CELLS)]


def forget_before(tx: Connection, cutoff: datetime) -> int:
    """Delete the hours before a time; return how many rows that were."""
    return tx.execute(_FORGET, {"cutoff": cutoff}).rowcount


# Sorted, so that two writers, if ever there are two, wait for each other and do not lock each other out.
_ADD = sa.text("""
INSERT INTO heat_cell AS known (camera_id, hour_at, cell, person_ms)
SELECT camera_id, c.hour_at, c.cell, c.person_ms
FROM unnest(CAST(:hour_at AS timestamptz[]), CAST(:cell AS smallint[]), CAST(:person_ms AS bigint[]))
     AS c (hour_at, cell, person_ms)
JOIN camera ON camera_id = :camera_id
ORDER BY c.hour_at, c.cell
FOR KEY SHARE OF camera
ON CONFLICT (camera_id, hour_at, cell) DO UPDATE SET person_ms = known.person_ms + excluded.person_ms
""")
_SUM = sa.text("""
SELECT cell, sum(person_ms) AS person_ms FROM heat_cell
WHERE camera_id = :camera_id AND hour_at > CAST(:start AS timestamptz) - interval '1 hour' AND hour_at < :stop
GROUP BY cell
""")
_FORGET = sa.text("DELETE FROM heat_cell WHERE hour_at < :cutoff")
