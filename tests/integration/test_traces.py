"""Traces sent to a real collector over HTTP: what is in them, and that nobody waits for it."""

import logging
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hypersight.simulator.camera import CameraSimulator
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.store.engine import Store
from hypersight_core.traces import spans
from hypersight_core.traces.begin import traced
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.source import Recording, Segment, open_source
from hypersight_core.watcher.loop import SegmentLoop
from hypersight_pipelines.defs.watchers.resources import logged_watch
from tests.builders import NOON
from tests.clips import Film, write_film
from tests.fakes.detector_server import FakeDetector
from tests.fakes.square_finder import SquareFinder, squares
from tests.fakes.trace_collector import TraceCollector, spans_of
from tests.integration.test_watcher import Watched, eventually, watched
from tests.serving import api
from tests.unit.test_watcher_loop import a_plan

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS_SPAN = "00f067aa0ba902b7"
FORK = textwrap.dedent("""
    import os, sys
    import hypersight_core.traces.exporting
    from hypersight_core.traces import spans
    from hypersight_core.traces.begin import traced

    threads = len(os.listdir("/proc/self/task"))
    child = os.fork()
    if child == 0:
        with traced(sys.argv[1], "hypersight-watcher", camera_id=3), spans.root("segment"):
            pass
        os._exit(0)
    os.waitpid(child, 0)
    print(threads)
""")
UNLOADED = textwrap.dedent("""
    import sys
    import hypersight_core.watcher.watch, hypersight_api.app
    from hypersight_core.traces.begin import traced
    with traced("", "hypersight-watcher"):
        print([name for name in sys.modules if name.startswith("opentelemetry")])
""")


@pytest.fixture
def collector() -> Iterator[TraceCollector]:
    with TraceCollector() as collector:
        yield collector


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "square.mp4", Film(seconds=12.0, gop_s=1.0))


@pytest.fixture
def detector() -> Iterator[FakeDetector]:
    with FakeDetector(answers=squares) as server:
        yield server


@pytest.fixture
def one(store: Store, database_url, tmp_path, film, detector, collector) -> Iterator[Watched]:
    with CameraSimulator(film, segment_s=1.0, window=8) as camera:
        made = watched(database_url, tmp_path / "var", camera, detector)
        made.settings = msgspec.structs.replace(made.settings, otel_exporter_otlp_endpoint=collector.url)
        yield made
        made.store.close()


def test_each_segment_is_a_trace_of_its_steps_and_the_detector_can_go_on_with_it(one, collector, detector):
    watch_until_events(one)
    roots = [span for span in collector.named("segment") if spans_of(collector, span).get("write")]
    assert roots
    for root in roots:
        steps = spans_of(collector, root)
        assert {"fetch", "decode", "detector call", "count", "spool", "write"} <= set(steps)
        for name in ("fetch", "decode", "detector call", "count", "spool"):
            assert all(step.is_within(root) for step in steps[name]), name
        [write] = steps["write"]
        assert write.parent_id == root.span_id
        assert write.start_ns >= steps["spool"][0].start_ns
        assert root.process["service.name"] == "hypersight-watcher"
        assert root.process["hypersight.camera_id"] == one.camera_id
        assert root.process["hypersight.run_id"] == "run-1"
    told = {f"00-{call.trace_id}-{call.span_id}" for call in collector.named("detector call")}
    asked = [request.traceparent.rpartition("-")[0] for request in detector.requests]
    assert told <= set(asked)
    assert len(set(asked)) == len(asked)


def test_no_span_tells_a_password_or_the_address_of_a_camera(one, collector, detector):
    secret = detector.url.replace("http://", "http://me:hush@")
    one.settings = msgspec.structs.replace(one.settings, object_detector_url=secret)
    watch_until_events(one)
    said = " ".join(span.raw + str(span.process) for span in collector.spans)
    assert "hush" not in said
    assert "live.m3u8" not in said
    assert str(detector.url) in said


def test_a_failed_step_tells_what_kind_of_error_it_was_and_not_its_words(collector):
    with traced(collector.url, "test"), pytest.raises(DetectorUnavailable), spans.root("segment"):
        raise DetectorUnavailable("http://me:hush@camera/ is away")
    [span] = collector.spans
    assert 'message: "DetectorUnavailable"' in span.raw
    assert "hush" not in span.raw


def test_a_request_to_the_api_joins_the_trace_of_whoever_asks(database_url, store, tmp_path, collector):
    with api(database_url, tmp_path, otel_exporter_otlp_endpoint=collector.url) as client:
        header = {"traceparent": f"00-{CALLER}-{CALLERS_SPAN}-01"}
        assert client.get("/api/v1/cameras/7?token=hush", headers=header).status_code == 404
        assert client.get("/healthz").status_code == 200
    first, second = sorted(collector.spans, key=lambda span: span.start_ns)
    assert (first.trace_id, first.parent_id) == (CALLER, CALLERS_SPAN)
    assert first.facts["http.response.status_code"] == 404
    assert first.name == f"GET {first.facts['http.route']}"
    assert "{" in first.name
    assert "hush" not in first.raw
    assert first.process["service.name"] == "hypersight-api"
    assert (second.name, second.parent_id) == ("GET /healthz", "")
    assert second.trace_id != CALLER


def test_a_collector_that_hangs_holds_up_nobody(one, collector):
    collector.is_hanging = True
    took_s = watch_until_events(one)
    assert collector.requests >= 1
    assert took_s < 8


def test_events_are_the_same_with_a_collector_without_and_with_one_that_hangs(film, collector):
    source = open_source(str(film), stop=lambda: False, recording=Recording(starts_at=NOON))
    pieces = [piece for piece in source.pieces() if isinstance(piece, Segment)]
    plain = records(pieces)
    assert any(record.events for record in plain)
    with traced(collector.url, "test"):
        assert records(pieces) == plain
    assert len(collector.named("decode")) == len(pieces)
    collector.is_hanging = True
    with traced(collector.url, "test"):
        assert records(pieces) == plain


def test_a_collector_that_is_away_loses_spans_and_says_so_without_end(one, caplog):
    one.settings = msgspec.structs.replace(
        one.settings, otel_exporter_otlp_endpoint="http://me:hush@127.0.0.1:9"
    )
    with caplog.at_level(logging.WARNING):
        watch_until_events(one)
    assert len([record for record in caplog.records if record.name.startswith("opentelemetry")]) < 20


def test_a_forked_watcher_sends_from_a_thread_of_its_own(collector):
    done = subprocess.run(
        [sys.executable, "-c", FORK, collector.url], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "1"  # the nursery must have one thread
    [span] = collector.spans
    assert span.process["hypersight.camera_id"] == 3


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded():
    done = subprocess.run([sys.executable, "-c", UNLOADED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def watch_until_events(one: Watched) -> float:
    """Watch until somebody was counted; return how many seconds the end took."""
    stop = threading.Event()
    ended: list[str] = []
    watch = logged_watch(one.settings)
    thread = threading.Thread(target=lambda: ended.append(watch(one.camera_id, "run-1", stop)))
    thread.start()
    try:
        eventually(lambda: one.events("enter"))
    finally:
        stopped_s = time.monotonic()
        stop.set()
        thread.join(timeout=30)
    assert ended == ["stopped"]
    return time.monotonic() - stopped_s


def records(pieces: list[Segment]):
    services = Services(lambda _: FoundFaces((), ()), encode_jpeg, lambda _: None)
    loop = SegmentLoop(
        a_plan(), SquareFinder(), services, outputs=None, max_lag_s=0.0, stop=threading.Event()
    )
    loop.configure(a_plan())
    found = []
    for piece in pieces:
        with spans.root("segment"):
            found.append(loop.segment(piece))
    loop.close()
    return found
