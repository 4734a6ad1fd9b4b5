"""What a watcher counts about itself, as the API says it at `/metrics` and in the status."""

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec
import pytest

from hypersight_core.domain.figures import LATENCY_BOUNDS_S
from hypersight_core.video.picture import Picture
from hypersight_core.video.source import Segment
from hypersight_core.watcher.analysis import CALLS_IN_FLIGHT
from hypersight_core.watcher.outputs import WAITING_FRAMES
from tests.fakes.detector_server import FakeDetector, Fault
from tests.integration.test_watcher import Watched, Watcher, camera, detector, eventually, film, one
from tests.serving import api

__all__ = ["camera", "detector", "film", "one"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


@pytest.fixture
def asked(one) -> Iterator[Callable[[str], dict[str, float]]]:
    """Yield a function that asks `/metrics` for the samples of a name, by their labels."""
    with api(one.settings.database_url, one.settings.var_dir) as client:

        def samples(name: str) -> dict[str, float]:
            text = client.get("/metrics").text
            return {labels: float(value) for found, labels, value in SAMPLE.findall(text) if found == name}

        samples.status = lambda: client.get(f"/api/v1/cameras/{one.camera_id}/status").json()  # type: ignore[attr-defined]
        yield samples


def test_requests_frames_and_failures_of_a_watcher_are_at_metrics(
    one: Watched, detector: FakeDetector, asked
):
    frames = "hypersight_camera_frames_total"
    requests = "hypersight_detector_requests_total"
    with Watcher(one):
        eventually(lambda: asked(frames).get('camera_id="1",result="detected"', 0) >= 10)
        found = asked("hypersight_detector_answer_seconds_bucket")
        counts = list(found.values())
        assert len(counts) == len(LATENCY_BOUNDS_S) + 1
        assert all(before <= after for before, after in pairwise(counts))
        assert counts[-1] >= 10
        assert asked("hypersight_detector_answer_seconds_count") == {
            'camera_id="1",detector="objects"': counts[-1]
        }
        assert 0 < asked("hypersight_detector_answer_seconds_sum")['camera_id="1",detector="objects"'] < 60
        status = asked.status()
        assert status["detectors"]["objects"]["answered"] >= 10
        assert 0 < status["detectors"]["objects"]["median_s"] <= status["detectors"]["objects"]["slowest_s"]
        assert status["frames"]["detected"] >= 10

        detector.fault = Fault.ERROR
        errors = 'camera_id="1",detector="objects",outcome="error"'
        eventually(lambda: asked(requests).get(errors, 0) >= 5)
        server = f'camera_id="1",detector="objects",server="{detector.url}"'
        eventually(lambda: asked("hypersight_detector_left_alone") == {server: 1.0})
        assert asked("hypersight_detector_retries_total")['camera_id="1",detector="objects"'] > 0
        assert asked.status()["detectors"]["objects"]["left_alone"] == [detector.url]
        detector.fault = None
        eventually(lambda: asked("hypersight_detector_left_alone") == {server: 0.0})

    before = asked(frames)
    assert before  # what a watcher counted stays until the next one counts afresh
    assert asked("hypersight_detector_left_alone") == {}
    with Watcher(one, "run-2"):
        eventually(lambda: asked(frames).get('camera_id="1",result="detected"', 0) > 0)


def test_garbage_is_a_gap_with_its_reason_and_no_count(one: Watched, detector: FakeDetector, asked):
    one.settings = msgspec.structs.replace(one.settings, max_lag_s=1.0)
    detector.fault = Fault.GARBAGE
    unknown = 'camera_id="1",result="detector_error"'
    with Watcher(one):
        eventually(lambda: asked("hypersight_camera_frames_total").get(unknown, 0) >= 5, within_s=40)
        garbage = asked("hypersight_detector_requests_total")
    assert set(garbage) == {'camera_id="1",detector="objects",outcome="garbage"'}
    reasons = {row["reason"] for row in one.rows("observation")}
    assert "detector_error" in reasons
    assert None not in reasons
    assert one.events() == []


@pytest.mark.parametrize("max_lag_s", [3.0, 60.0], ids=["too far behind", "out of the stream's window"])
def test_a_slow_detector_is_late_frames_and_never_a_zero_nor_a_growing_heap(
    one: Watched, detector: FakeDetector, asked, max_lag_s
):
    """It takes four times the time there is: most frames cannot be analysed, and each is said to be."""
    detector.delay_s = 1.6  # two calls at a time, five frames a second
    one.settings = msgspec.structs.replace(one.settings, max_lag_s=max_lag_s)
    late = 'camera_id="1",result="late_dropped"'
    most = Counter[type]()

    def is_late() -> bool:
        for kind in (Picture, Segment):
            most[kind] = max(most[kind], sum(isinstance(one, kind) for one in gc.get_objects()))
        return bool(asked("hypersight_camera_frames_total").get(late, 0) > 20)

    with Watcher(one):
        eventually(is_late, within_s=60)
    assert 0 < most[Picture] <= CALLS_IN_FLIGHT + 2 + WAITING_FRAMES
    assert 0 < most[Segment] <= 4
    rows = one.rows("observation")
    assert {row["reason"] for row in rows} == {None, "late_dropped"}
    assert all(row["frames_detected"] == 0 for row in rows if row["reason"])
    seen = [(row["from_at"], row["to_at"]) for row in rows if row["reason"] is None]
    assert all(any(start <= row["ts"] <= end for start, end in seen) for row in one.events("count"))
