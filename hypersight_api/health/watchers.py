"""Figures of the watchers, which are processes of their own: as their leases say them, read when asked.

Counters begin at 0 with each watcher; Prometheus takes that for a reset.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from hypersight_core.domain.figures import LATENCY_BOUNDS_S, DetectorFigures
from hypersight_core.errors import HypersightError
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import LeaseView, read_leases

CAMERA = ("camera_id",)
DETECTOR = ("camera_id", "detector")
Leases = Mapping[int, LeaseView | None]
BOUNDS = (*map(str, LATENCY_BOUNDS_S), "+Inf")


class WatcherCollector(Collector):
    """A database that is away is a figure too."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Read the leases and yield what they say."""
        try:
            with self._store.transaction() as tx:
                leases = {lease.camera_id: lease for lease in read_leases(tx)}
                ids = [camera.camera_id for camera in cameras.list_cameras(tx)]
        except HypersightError:
            yield GaugeMetricFamily("hypersight_database_up", "Whether the database answers", value=0)
            return
        yield GaugeMetricFamily("hypersight_database_up", "Whether the database answers", value=1)
        known = {camera_id: leases.get(camera_id) for camera_id in ids}
        yield from _states(known)
        yield from _frames(known)
        yield from _requests(known)
        yield from _servers(known)


def _states(leases: Leases) -> Iterable[Metric]:
    watching = GaugeMetricFamily(
        "hypersight_camera_watching", "Whether a live process watches the camera", labels=CAMERA
    )
    lag = GaugeMetricFamily(
        "hypersight_camera_lag_seconds", "How far its watcher is behind the stream", labels=CAMERA
    )
    age = GaugeMetricFamily(
        "hypersight_camera_heartbeat_age_seconds", "Since its watcher was heard of", labels=CAMERA
    )
    for camera_id, lease in leases.items():
        labels = (str(camera_id),)
        watching.add_metric(labels, float(lease is not None and lease.is_live))
        if lease is not None:
            age.add_metric(labels, lease.heartbeat_age_s)
        if lease is not None and lease.is_live and lease.lag_s is not None:
            lag.add_metric(labels, lease.lag_s)
    return watching, lag, age


def _frames(leases: Leases) -> Iterable[Metric]:
    frames = CounterMetricFamily(
        "hypersight_camera_frames",
        "Frames to analyse by what became of them: detected, or the reason why not",
        labels=("camera_id", "result"),
    )
    left_out = CounterMetricFamily(
        "hypersight_camera_pictures_left_out", "Frames left out of previews and snapshots", labels=CAMERA
    )
    previews = GaugeMetricFamily("hypersight_camera_previews", "Previews that are written now", labels=CAMERA)
    for camera_id, lease in leases.items():
        if lease is None or lease.figures is None:
            continue
        for result, count in lease.figures.frames.items():
            frames.add_metric((str(camera_id), result), count)
        left_out.add_metric((str(camera_id),), lease.figures.left_out)
        if lease.is_live:
            previews.add_metric((str(camera_id),), lease.figures.previews)
    return frames, left_out, previews


def _requests(leases: Leases) -> Iterable[Metric]:
    requests = CounterMetricFamily(
        "hypersight_detector_requests",
        "Requests to detectors by how they ended",
        labels=(*DETECTOR, "outcome"),
    )
    seconds = HistogramMetricFamily(
        "hypersight_detector_answer_seconds", "Time until a detector had answered", labels=DETECTOR
    )
    retries = CounterMetricFamily(
        "hypersight_detector_retries", "Requests that repeat a failed one", labels=DETECTOR
    )
    given_up = CounterMetricFamily(
        "hypersight_detector_given_up", "Calls without an answer after all tries", labels=DETECTOR
    )
    for labels, found, _ in _detectors(leases):
        for outcome, count in found.outcomes.items():
            requests.add_metric((*labels, outcome), count)
        buckets = list(zip(BOUNDS, map(float, accumulate(found.classes)), strict=True))
        seconds.add_metric(labels, buckets, found.answering_s)
        retries.add_metric(labels, found.retries)
        given_up.add_metric(labels, found.given_up)
    return requests, seconds, retries, given_up


def _servers(leases: Leases) -> Iterable[Metric]:
    in_flight = GaugeMetricFamily(
        "hypersight_detector_requests_in_flight", "Requests that wait for their answer", labels=DETECTOR
    )
    left_alone = GaugeMetricFamily(
        "hypersight_detector_left_alone",
        "Whether a server failed so often that it is not asked for now",
        labels=(*DETECTOR, "server"),
    )
    for labels, found, is_live in _detectors(leases):
        if is_live:
            in_flight.add_metric(labels, found.in_flight)
            for server in found.servers:
                left_alone.add_metric((*labels, server.url), float(server.is_left_alone))
    return in_flight, left_alone


def _detectors(leases: Leases) -> Iterator[tuple[tuple[str, str], DetectorFigures, bool]]:
    """Yield labels, figures and whether their watcher lives, for each detector of each camera."""
    for camera_id, lease in leases.items():
        if lease is not None and lease.figures is not None:
            for name, found in lease.figures.detectors.items():
                yield (str(camera_id), name), found, lease.is_live
