"""What a watcher counts about itself, as the API says it at `/metrics` and in the status."""

import gc
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from hypersight_core.domain.figures import LATENCY_BOUNDS_S
from hypersight_core.store import cameras, processors
from hypersight_core.video.picture import Picture
from hypersight_core.video.source import Segment
from hypersight_core.watcher.analysis import CALLS_IN_FLIGHT
from hypersight_core.watcher.outputs import WAITING_FRAMES
from tests.builders import processor_settings
from tests.fakes.detector_server import FakeDetector, Fault
from tests.integration.test_watcher import Watched, Watcher, camera, detector, eventually, film, one
from tests.serving import api
from tests.unit.test_watcher_loop import MIDDLE

__all__ = ["camera", "detector", "film", "one"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


class Asked:
    """What the API says about a camera."""

    def __init__(self, client: TestClient[Litestar], camera_id: int) -> None:
        self._client, self._camera_id = client, camera_id

    def __call__(self, name: str) -> dict[str, float]:
        """Return the samples of a metric by their labels."""
        text = self._client.get("/metrics").text
        return {labels: float(value) for found, labels, value in SAMPLE.findall(text) if found == name}

    def frames(self, result: str) -> float:
        labels = f'camera_id="{self._camera_id}",result="{result}"'
        return self("hypersight_camera_frames_total").get(labels, 0.0)

    def status(self) -> Any:
        return self._client.get(f"/api/v1/cameras/{self._camera_id}/status").json()


def alive() -> dict[int, Picture | Segment]:
    """Return the pictures and segments of this process by their addresses; they live while it is held."""
    return {id(one): one for one in gc.get_objects() if isinstance(one, Picture | Segment)}


@pytest.fixture
def asked(one) -> Iterator[Asked]:
    with api(one.settings.database_url, one.settings.var_dir) as client:
        yield Asked(client, one.camera_id)


def test_requests_frames_and_failures_of_a_watcher_are_at_metrics(
    one: Watched, detector: FakeDetector, asked: Asked
):
    requests = "hypersight_detector_requests_total"
    with Watcher(one):
        eventually(lambda: asked.frames("detected") >= 10)
        found = asked("hypersight_detector_answer_seconds_bucket")
        counts = list(found.values())
        assert len(counts) == len(LATENCY_BOUNDS_S) + 1
        assert all(before <= after for before, after in pairwise(counts))
        assert counts[-1] >= 10
        objects = 'camera_id="1",detector="objects"'
        assert asked("hypersight_detector_answer_seconds_count")[objects] >= counts[-1]
        assert 0 < asked("hypersight_detector_answer_seconds_sum")[objects] < 60
        status = asked.status()
        assert status["detectors"]["objects"]["answered"] >= 10
        assert 0 < status["detectors"]["objects"]["median_s"] <= status["detectors"]["objects"]["slowest_s"]
        assert status["frames"]["detected"] >= 10

        detector.fault = Fault.ERROR
        errors = f'{objects},outcome="error"'
        eventually(lambda: asked(requests).get(errors, 0) >= 5)
        server = f'{objects},server="{detector.url}"'
        eventually(lambda: asked("hypersight_detector_left_alone") == {server: 1.0})
        assert asked("hypersight_detector_retries_total")[objects] > 0
        assert asked.status()["detectors"]["objects"]["left_alone"] == [detector.url]
        detector.fault = None
        eventually(lambda: asked("hypersight_detector_left_alone") == {server: 0.0})

    before = asked.frames("detected")
    assert before > 0  # what a watcher counted stays until the next one counts afresh
    assert asked("hypersight_detector_left_alone") == {}
    with Watcher(one, "run-2"):
        eventually(lambda: 0 < asked.frames("detected") < before)


def test_who_passed_and_who_is_present_is_at_metrics_as_the_events_say(
    one: Watched, detector: FakeDetector, asked: Asked
):
    came, went = (
        f'camera_id="1",direction="{direction}",processor_id="{one.traffic_id}",zone="0"'
        for direction in ("in", "out")
    )
    objects = f'camera_id="1",processor_id="{one.objects_id}"'
    passed, present = "hypersight_persons_passed_total", "hypersight_persons_present"
    assert asked(passed) == asked(present) == {}
    with Watcher(one):
        eventually(lambda: asked(passed) == {came: 0.0, went: 0.0})
        eventually(lambda: asked(passed)[went] >= 2, within_s=60)
        eventually(lambda: asked(present).get(objects) == 1.0)
        detector.fault = Fault.ERROR
        eventually(lambda: asked("hypersight_camera_state") == {'camera_id="1",state="detector_away"': 1.0})
        assert asked(present) == {}  # nobody looks: neither the last count, nor 0
        detector.fault = None
        eventually(lambda: objects in asked(present))

    assert asked(present) == {}
    counted = asked(passed)  # the last segment's too
    for place, kind in ((came, "enter"), (went, "exit")):
        assert counted[place] == sum(row["value"] for row in one.events(kind))
    with Watcher(one, "run-2"):
        eventually(lambda: asked(passed).get(came, counted[came]) < counted[came])


def test_an_edit_shows_as_wanted_at_once_and_as_running_from_the_next_segment(one: Watched, asked: Asked):
    with Watcher(one):
        eventually(lambda: asked.frames("detected") > 0)
        eventually(lambda: asked.status()["config"] is not None)
        before = asked.status()
        assert before["config"] == before["wanted_config"]
        assert not before["is_edit_waiting"]
        with one.store.transaction() as tx:
            fresh = processor_settings(zones=(MIDDLE,), threshold=0.5)
            processors.change_processor(tx, one.traffic_id, fresh)
            cameras.change_camera(tx, 1, cameras.get_camera(tx, 1).settings(name="renamed"))
        wanted = {"camera": 2, "processors": {str(one.traffic_id): 2, str(one.objects_id): 1}}
        edited = asked.status()
        assert edited["wanted_config"] == wanted
        assert edited["is_edit_waiting"] == (edited["config"] != wanted)
        eventually(lambda: asked.status()["config"] == wanted)
        assert not asked.status()["is_edit_waiting"]
    assert asked.status()["config"] is None


def test_a_wrong_address_is_put_right_without_a_restart(one: Watched, asked: Asked):
    with one.store.transaction() as tx:
        right = cameras.get_camera(tx, 1).settings()
        cameras.change_camera(tx, 1, replace(right, stream_url="http://127.0.0.1:9/gone.m3u8"))
    with Watcher(one):
        eventually(lambda: asked.status()["state"] == "reconnecting")
        with one.store.transaction() as tx:
            cameras.change_camera(tx, 1, right)
        eventually(lambda: asked.frames("detected") > 0)
        assert asked.status()["config"]["camera"] == 3


def test_garbage_is_a_gap_with_its_reason_and_no_count(one: Watched, detector: FakeDetector, asked: Asked):
    one.settings = msgspec.structs.replace(one.settings, max_lag_s=1.0)
    detector.fault = Fault.GARBAGE
    with Watcher(one):
        eventually(lambda: asked.frames("detector_error") >= 5, within_s=40)
        garbage = asked("hypersight_detector_requests_total")
    assert set(garbage) == {'camera_id="1",detector="objects",outcome="garbage"'}
    reasons = {row["reason"] for row in one.rows("observation")}
    assert "detector_error" in reasons
    assert None not in reasons
    assert one.events() == []


@pytest.mark.parametrize("max_lag_s", [3.0, 60.0], ids=["too far behind", "out of the stream's window"])
def test_a_slow_detector_is_late_frames_and_never_a_zero_nor_a_growing_heap(
    one: Watched, detector: FakeDetector, asked: Asked, max_lag_s: float
):
    """It takes four times the time there is: most frames cannot be analysed, and each is said to be."""
    detector.delay_s = 1.6  # two calls at a time, five frames a second
    one.settings = msgspec.structs.replace(one.settings, max_lag_s=max_lag_s)
    gc.collect()
    most, older = Counter[type](), alive()  # what tests before this one still hold

    def is_late() -> bool:
        made = Counter(type(made) for key, made in alive().items() if key not in older)
        for kind, count in made.items():
            most[kind] = max(most[kind], count)
        return asked.frames("late_dropped") > 20

    with Watcher(one):
        eventually(is_late, within_s=60)
    assert 0 < most[Picture] <= CALLS_IN_FLIGHT + 2 + WAITING_FRAMES
    assert 0 < most[Segment] <= 4
    rows = one.rows("observation")
    assert {row["reason"] for row in rows} == {None, "late_dropped"}
    assert all(row["frames_detected"] == 0 for row in rows if row["reason"])
    seen = [(row["from_at"], row["to_at"]) for row in rows if row["reason"] is None]
    assert all(any(start <= row["ts"] <= end for start, end in seen) for row in one.events("count"))
