"""The detectors' clients against a real HTTP server that lets them down."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hypersight_core.detection.breaker import CircuitBreaker
from hypersight_core.detection.client import TRIES, FaceDetector, ObjectDetector
from hypersight_core.domain.detections import Detections
from hypersight_core.errors import DetectorUnavailable, InvalidInput
from tests.fakes.detector_server import FakeDetector, Fault

JPEG = b"\xff\xd8 pretend"
TIMEOUT_S = 0.3
ALL_TRIES_S = TRIES * TIMEOUT_S + 2.0
"""Three time-outs and the pauses between them, with room for a busy machine."""


@pytest.fixture
def server() -> Iterator[FakeDetector]:
    with FakeDetector() as running:
        yield running


@pytest.fixture
def client(server) -> Iterator[ObjectDetector]:
    detector = ObjectDetector(server.url, timeout_s=TIMEOUT_S)
    yield detector
    detector.close()


def first_answer(detector: ObjectDetector, *, within_s: float) -> Detections:
    until_s = time.monotonic() + within_s
    while True:
        try:
            return detector.detect(JPEG)
        except DetectorUnavailable:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.2)


def test_the_picture_is_posted_as_it_is_over_one_connection(server, client):
    for _ in range(3):
        assert len(client.detect(JPEG)) == 1

    assert [(one.path, one.content_type, one.jpeg) for one in server.requests] == [
        ("/objects", "image/jpeg", JPEG)
    ] * 3
    assert len({one.port for one in server.requests}) == 1


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.BUSY, Fault.DROP])
def test_a_short_trouble_is_retried(server, client, fault):
    server.next_faults.append(fault)

    assert len(client.detect(JPEG)) == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.DROP, Fault.HANG, Fault.DRIP])
def test_lasting_trouble_ends_after_bounded_tries(server, client, fault):
    server.fault = fault
    started_s = time.monotonic()

    with pytest.raises(DetectorUnavailable):
        client.detect(JPEG)

    assert len(server.requests) == TRIES
    assert time.monotonic() - started_s < ALL_TRIES_S


def test_a_refusal_is_not_repeated(server, client):
    server.fault = Fault.REFUSED

    with pytest.raises(DetectorUnavailable, match="HTTP 400"):
        client.detect(JPEG)

    assert len(server.requests) == 1


def test_a_busy_detector_is_given_the_time_it_asks_for(server):
    server.next_faults.append(Fault.BUSY)
    detector = ObjectDetector(server.url)
    started_s = time.monotonic()

    detector.detect(JPEG)
    detector.close()

    assert time.monotonic() - started_s > 0.45  # "Retry-After: 1", spread by half


def test_garbage_is_not_an_empty_room(server, client):
    server.fault = Fault.GARBAGE

    with pytest.raises(DetectorUnavailable, match="what its contract does not allow"):
        client.detect(JPEG)


def test_an_answer_without_end_is_given_up(server, client):
    server.fault = Fault.FLOOD

    with pytest.raises(DetectorUnavailable, match="bytes in one answer"):
        client.detect(JPEG)


def test_nobody_listening_is_said_without_the_password():
    with FakeDetector() as gone:
        url = gone.url.replace("http://", "http://eve:hunter2@")
    detector = ObjectDetector(url, timeout_s=TIMEOUT_S)

    with pytest.raises(DetectorUnavailable) as caught:
        detector.detect(JPEG)
    detector.close()

    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_detector_that_keeps_failing_is_left_alone_and_tried_again(server):
    server.fault = Fault.REFUSED
    detector = ObjectDetector(server.url)
    for _ in range(5):
        with pytest.raises(DetectorUnavailable, match="HTTP 400"):
            detector.detect(JPEG)

    with pytest.raises(DetectorUnavailable, match="left alone"):
        detector.detect(JPEG)
    assert len(server.requests) == 5

    server.fault = None
    assert len(first_answer(detector, within_s=10)) == 1
    detector.close()


def test_several_detectors_take_turns_and_cover_for_each_other(server):
    with FakeDetector() as second:
        detector = ObjectDetector(f"{server.url}, {second.url}", timeout_s=TIMEOUT_S)
        for _ in range(6):
            detector.detect(JPEG)
        shared = (len(server.requests), len(second.requests))
        server.fault = Fault.ERROR
        for _ in range(12):
            detector.detect(JPEG)
        asked_in_vain = len(server.requests) - 3
        server.fault = None
        until_s = time.monotonic() + 10
        while len(server.requests) < 3 + asked_in_vain + 3 and time.monotonic() < until_s:
            detector.detect(JPEG)
            time.sleep(0.1)
        detector.close()

    assert shared == (3, 3)
    assert asked_in_vain == 5
    assert len(server.requests) >= 3 + asked_in_vain + 3


@pytest.mark.parametrize("urls", ["", " , ", "127.0.0.1:8001", "ftp://host/objects", "http:///objects"])
def test_an_address_that_cannot_be_one_is_refused(urls):
    with pytest.raises(InvalidInput, match="detector's address"):
        ObjectDetector(urls)


def test_waiting_for_a_retry_ends_when_told_to(server):
    server.fault = Fault.BUSY
    is_ending = threading.Event()
    detector = ObjectDetector(server.url, stop=is_ending.is_set)
    threading.Timer(0.1, is_ending.set).start()
    started_s = time.monotonic()

    with pytest.raises(DetectorUnavailable):
        detector.detect(JPEG)
    detector.close()

    assert time.monotonic() - started_s < 0.45  # the shortest pause after BUSY is 0.5 s
    assert len(server.requests) == 1


def test_several_threads_get_each_their_own_answer(server):
    server.answers = lambda jpeg: [[0, 0, 1, 1, int(jpeg) / 100, 0]]
    server.delay_s = 0.05
    detector = ObjectDetector(server.url)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: detector.detect(b"%d" % number), range(40)))
    detector.close()

    assert [one.scores.tolist() for one in found] == [[number / 100] for number in range(40)]


def test_faces_come_from_the_other_contract(server):
    server.face_answers = {"boxes": [[1, 2, 3, 4]], "conf": [0.97]}
    detector = FaceDetector(server.faces_url)

    found = detector.find(JPEG)
    detector.close()

    assert (found.boxes_px, found.scores) == (((1, 2, 3, 4),), (0.97,))
    assert server.requests[0].path == "/faces"


def test_an_open_breaker_lets_one_caller_through_a_pause():
    now_s = [100.0]
    breaker = CircuitBreaker(failures=2, pause_s=3, clock=lambda: now_s[0])
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()

    now_s[0] += 3
    assert [breaker.allows() for _ in range(3)] == [True, False, False]

    breaker.succeeded()
    assert all(breaker.allows() for _ in range(3))
