"""Figures of the watchers, which are processes of their own: as their leases say them, read when asked.

Counters begin at 0 with each watcher; Prometheus takes that for a reset.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from hypersight_api.health.knowledge import CameraFacts, Knowledge, read_knowledge
from hypersight_api.health.persons import person_figures
from hypersight_api.health.spools import spool_figures
from hypersight_api.services import now
from hypersight_core.domain.events import Reason
from hypersight_core.domain.figures import LATENCY_BOUNDS_S, DetectorFigures
from hypersight_core.errors import HypersightError
from hypersight_core.store.engine import Store
from hypersight_core.store.spool_depths import SpoolDepths

CAMERA = ("camera_id",)
DETECTOR = ("camera_id", "detector")
Cameras = Sequence[CameraFacts]
RESULTS = ("detected", *(reason.value for reason in Reason))
"""All are told from the start: what appears with its first frame has not risen."""
BOUNDS = (*map(str, LATENCY_BOUNDS_S), "+Inf")


class WatcherCollector(Collector):
    """A database that is away is a figure too."""

    def __init__(self, store: Store, spools: SpoolDepths, spool_limit_bytes: int) -> None:
        self._store, self._spools, self._spool_limit_bytes = store, spools, spool_limit_bytes

    def collect(self) -> Iterator[Metric]:
        """Read what is known and yield what it says."""
        known = self._known()
        answers = float(known is not None)
        yield GaugeMetricFamily("hypersight_database_up", "Whether the database answers", value=answers)
        depths = self._spools.read({} if known is None else known.written_seqs)
        yield from spool_figures(depths, self._spool_limit_bytes, now())
        if known is not None:
            yield from _states(known.cameras)
            yield from person_figures(known)
            yield from _frames(known.cameras)
            yield from _requests(known.cameras)
            yield from _servers(known.cameras)

    def _known(self) -> Knowledge | None:
        try:
            return read_knowledge(self._store)
        except HypersightError:
            return None


def _states(known: Cameras) -> Iterable[Metric]:
    wanted = GaugeMetricFamily(
        "hypersight_camera_wanted", "Whether the camera should be watched", labels=CAMERA
    )
    watching = GaugeMetricFamily(
        "hypersight_camera_watching", "Whether a live process watches the camera", labels=CAMERA
    )
    state = GaugeMetricFamily(
        "hypersight_camera_state", "What goes on, as the camera's status says it", labels=(*CAMERA, "state")
    )
    lag = GaugeMetricFamily(
        "hypersight_camera_lag_seconds", "How far its watcher is behind the stream", labels=CAMERA
    )
    age = GaugeMetricFamily(
        "hypersight_camera_heartbeat_age_seconds", "Since its watcher was heard of", labels=CAMERA
    )
    for facts in known:
        wanted.add_metric(facts.labels, float(facts.is_wanted))
        watching.add_metric(facts.labels, float(facts.live is not None))
        state.add_metric((*facts.labels, facts.state), 1.0)
        if facts.lease is not None:
            age.add_metric(facts.labels, facts.lease.heartbeat_age_s)
        if facts.live is not None and facts.live.lag_s is not None:
            lag.add_metric(facts.labels, facts.live.lag_s)
    return wanted, watching, state, lag, age


def _frames(known: Cameras) -> Iterable[Metric]:
    frames = CounterMetricFamily(
        "hypersight_camera_frames",
        "Frames to analyse by what became of them: detected, or the reason why not",
        labels=("camera_id", "result"),
    )
    left_out = CounterMetricFamily(
        "hypersight_camera_pictures_left_out", "Frames left out of previews and snapshots", labels=CAMERA
    )
    previews = GaugeMetricFamily("hypersight_camera_previews", "Previews that are written now", labels=CAMERA)
    for facts in known:
        if facts.lease is None or facts.lease.figures is None:
            continue
        for result in RESULTS:
            frames.add_metric((*facts.labels, result), facts.lease.figures.frames.get(result, 0))
        left_out.add_metric(facts.labels, facts.lease.figures.left_out)
        if facts.live is not None:
            previews.add_metric(facts.labels, facts.lease.figures.previews)
    return frames, left_out, previews


def _requests(known: Cameras) -> Iterable[Metric]:
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
    for labels, found, _ in _detectors(known):
        for outcome, count in found.outcomes.items():
            requests.add_metric((*labels, outcome), count)
        buckets = list(zip(BOUNDS, map(float, accumulate(found.classes)), strict=True))
        seconds.add_metric(labels, buckets, found.answering_s)
        retries.add_metric(labels, found.retries)
        given_up.add_metric(labels, found.given_up)
    return requests, seconds, retries, given_up


def _servers(known: Cameras) -> Iterable[Metric]:
    in_flight = GaugeMetricFamily(
        "hypersight_detector_requests_in_flight", "Requests that wait for their answer", labels=DETECTOR
    )
    left_alone = GaugeMetricFamily(
        "hypersight_detector_left_alone",
        "Whether a server failed so often that it is not asked for now",
        labels=(*DETECTOR, "server"),
    )
    for labels, found, is_live in _detectors(known):
        if is_live:
            in_flight.add_metric(labels, found.in_flight)
            for server in found.servers:
                left_alone.add_metric((*labels, server.url), float(server.is_left_alone))
    return in_flight, left_alone


def _detectors(known: Cameras) -> Iterator[tuple[tuple[str, str], DetectorFigures, bool]]:
    """Yield labels, figures and whether their watcher lives, for each detector of each camera."""
    for facts in known:
        if facts.lease is not None and facts.lease.figures is not None:
            for name, found in facts.lease.figures.detectors.items():
                yield (*facts.labels, name), found, facts.lease.is_live
