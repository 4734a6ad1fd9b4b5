"""How long persons stayed in a zone."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.metrics import DWELL_EDGES_S, Dwell
from hypersight_core.store.buckets import check_interval
from hypersight_core.store.metrics import coverage_of


def dwell(tx: Connection, processor_id: int, start: datetime, stop: datetime) -> Dwell:
    """Return how long those stayed that left a zone in start < ts <= stop; read event by event.

    Raises:
        InvalidInput: the interval ends before it starts, or lacks a time zone.
    """
    check_interval(start, stop)
    asked = {"processor_id": processor_id, "start_at": start, "stop_at": stop}
    bins = {row.bin: row.people for row in tx.execute(_BINS, asked | {"edges": list(DWELL_EDGES_S)})}
    whole = tx.execute(_WHOLE, asked).one()
    return Dwell(
        people_by_bin=tuple(bins.get(number, 0) for number in range(1, len(DWELL_EDGES_S) + 1)),
        mean_s=whole.mean_s,
        median_s=whole.median_s,
        longest_s=whole.longest_s,
        coverage=coverage_of(whole.watched_s, start, stop),
    )


_LEFT = """
FROM processor_event
WHERE processor_id = :processor_id AND ts > :start_at AND ts <= :stop_at AND kind = 'exit' AND dwell_s >= 0
"""
_BINS = sa.text(
    "SELECT width_bucket(dwell_s, CAST(:edges AS float8[])) AS bin, sum(value) AS people "
    f"{_LEFT} GROUP BY bin"
)
_WHOLE = sa.text(
    "SELECT avg(dwell_s) AS mean_s, percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell_s) AS median_s, "
    "max(dwell_s) AS longest_s, "
    f"watched_seconds(rollup.camera_of(:processor_id), :start_at, :stop_at) AS watched_s {_LEFT}"
)
