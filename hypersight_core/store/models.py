"""The dbt models: who builds them now, and what they say, for pictures of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.store.alone import alone
from hypersight_core.store.engine import Store

BUILD_LOCK = (7000, 3)
"""Advisory lock held while models are built."""
DAYS_SHOWN = 60
# What is shown of a model, and how it is summed up over cameras and zones.
FIGURES = {
    "fct_coverage_hourly": ("share watched", "sum(watched_s) / nullif(sum(bucket_s), 0)"),
    "fct_camera_uptime_daily": ("share of the time streams came", "avg(uptime)"),
    "fct_traffic_hourly": ("persons that came in", "sum(traffic)"),
    "fct_traffic_daily": ("persons that came in", "sum(traffic)"),
    "fct_occupancy_hourly": ("persons present, mean", "sum(person_us)::float8 / nullif(sum(known_us), 0)"),
    "fct_occupancy_daily": ("persons present, mean", "sum(person_us)::float8 / nullif(sum(known_us), 0)"),
    "fct_dwell_daily": ("mean dwell in seconds", "sum(dwell_s) / nullif(sum(stays), 0)"),
    "fct_flows_daily": ("persons from zone to zone", "sum(people)"),
    "fct_traffic_anomalies": ("unusual days", "count(*) FILTER (WHERE is_unusual)"),
}


@dataclass(frozen=True, slots=True)
class DayFigure:
    """One day of a model, all cameras together."""

    day: date
    label: str
    value: float | None
    """None: nothing is known."""


@contextmanager
def building(store: Store, say: Callable[[str], object]) -> Iterator[None]:
    """Build models in the block; when others build them, wait for it first.

    Two builds at once replace the same views and days: one of them fails.

    Args:
        store: the database they are built in.
        say: is told that it waits, when it does.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with alone(store, "dbt", BUILD_LOCK, say=say):
        yield


def daily_figures(tx: Connection, model: str) -> list[DayFigure]:
    """Return the last days of a model, oldest first; nothing for models without days."""
    if model not in FIGURES:
        return []
    label, figure = FIGURES[model]
    query = (
        f"SELECT day, ({figure})::float8 FROM analytics.{model} GROUP BY day ORDER BY day DESC LIMIT :days"  # noqa: S608 - composed of constants
    )
    found = [DayFigure(day, label, value) for day, value in tx.execute(sa.text(query), {"days": DAYS_SHOWN})]
    return found[::-1]
