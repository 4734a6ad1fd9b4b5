"""Figures of what waits on disk for the database, which are there while it is away, too."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from hypersight_core.store.spool_depths import SpoolDepth

CAMERA = ("camera_id",)


def spool_figures(depths: Mapping[int, SpoolDepth], limit_bytes: int, now: datetime) -> Iterable[Metric]:
    """Return how much waits, and since when."""
    size = GaugeMetricFamily(
        "hypersight_spool_bytes", "Size of the records that wait for the database", labels=CAMERA
    )
    records = GaugeMetricFamily(
        "hypersight_spool_records", "Records that wait for the database", labels=CAMERA
    )
    age = GaugeMetricFamily(
        "hypersight_spool_oldest_age_seconds",
        "How long ago the oldest waiting record ended, by the stream's clock; absent when none waits",
        labels=CAMERA,
    )
    limit = GaugeMetricFamily(
        "hypersight_spool_limit_bytes", "What may wait of one camera; more is lost", value=limit_bytes
    )
    for camera_id, depth in sorted(depths.items()):
        labels = (str(camera_id),)
        size.add_metric(labels, depth.size_bytes)
        records.add_metric(labels, depth.record_count)
        if depth.oldest_at is not None:
            age.add_metric(labels, max(0.0, (now - depth.oldest_at).total_seconds()))
    return size, records, age, limit
