"""Figures of the replica that questions about metrics are put to."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hypersight_core.store.replica import Replica


class ReplicaCollector(Collector):
    """Says nothing where there is no replica."""

    def __init__(self, replica: Replica | None) -> None:
        self._replica = replica

    def collect(self) -> Iterator[Metric]:
        """Yield whether it is asked, and how far it is behind."""
        if self._replica is None:
            return
        yield GaugeMetricFamily(
            "hypersight_database_replica_up",
            "Whether the replica is close enough behind to be asked; else the primary is",
            value=float(self._replica.problem is None),
        )
        yield GaugeMetricFamily(
            "hypersight_database_replica_lag_seconds",
            "For how long the replica may lack what was written",
            value=self._replica.behind_s,
        )
