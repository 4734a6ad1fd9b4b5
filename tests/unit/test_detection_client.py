"""The detectors' clients against a real HTTP server that lets them down."""

import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hypersight_core.detection.breaker import CircuitBreaker, spread
from hypersight_core.detection.client import TRIES, FaceDetector, ObjectDetector
from hypersight_core.detection.places import CallLimit
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.figures import LATENCY_BOUNDS_S, Outcome
from hypersight_core.errors import DetectorUnavailable, InvalidInput
from hypersight_core.settings import Settings
from tests.fakes.detector_server import FakeDetector, Fault

JPEG = b"\xff\xd8 pretend"
TIMEOUT_S = 0.3
"""Of those who wait for no answer in vain."""
PATIENCE_S = 10.0
"""Of those who get one: a busy machine takes its time."""
ALL_TRIES_S = TRIES * TIMEOUT_S + 2.0
"""Three time-outs and the pauses between them, with room for a busy machine."""


@pytest.fixture
def server() -> Iterator[FakeDetector]:
    with FakeDetector() as running:
        yield running


@pytest.fixture
def client(server) -> Iterator[ObjectDetector]:
    detector = ObjectDetector(server.url, timeout_s=PATIENCE_S)
    yield detector
    detector.close()


def http_date(in_s: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=in_s), usegmt=True)


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
def test_lasting_trouble_ends_after_bounded_tries(server, fault):
    server.fault = fault
    detector = ObjectDetector(server.url, timeout_s=TIMEOUT_S)
    started_s = time.monotonic()

    with pytest.raises(DetectorUnavailable):
        detector.detect(JPEG)
    detector.close()

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

    assert time.monotonic() - started_s >= 1  # "Retry-After: 1"


@pytest.mark.parametrize("asked_for", ["30", "date"])
def test_a_detector_that_asks_for_long_is_not_asked_meanwhile_and_not_taken_for_broken(server, asked_for):
    server.retry_after = asked_for if asked_for != "date" else http_date(30)
    server.fault = Fault.BUSY
    detector = ObjectDetector(server.url)
    for _ in range(8):
        with pytest.raises(DetectorUnavailable, match=r"asks to be left alone for [34]"):
            detector.detect(JPEG)
    detector.close()

    assert len(server.requests) == 1
    assert not detector.figures().servers[0].is_left_alone
    assert detector.figures().outcomes == {Outcome.BUSY: 1}


def test_garbage_is_not_an_empty_room(server, client):
    server.fault = Fault.GARBAGE

    with pytest.raises(DetectorUnavailable, match="what its contract does not allow"):
        client.detect(JPEG)


def test_an_answer_that_comes_in_many_chunks_is_read_whole(server):
    server.fault = Fault.CHUNKED
    detector = ObjectDetector(server.url)

    assert [len(detector.detect(JPEG)) for _ in range(2)] == [1, 1]
    detector.close()
    assert len({one.port for one in server.requests}) == 1


def test_which_class_persons_are_is_a_setting(server, tmp_path):
    server.answers = [[0.4, 0.3, 0.6, 0.9, 0.95, 0], [0.1, 0.3, 0.2, 0.9, 0.85, 15]]
    found = {}
    for person_class in (0, 15):
        settings = Settings(object_detector_url=server.url, person_class=person_class, var_dir=tmp_path)
        detector = ObjectDetector.of(settings)
        found[person_class] = detector.detect(JPEG).scores.tolist()
        detector.close()

    assert found == {0: [0.95], 15: [0.85]}


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
    with FakeDetector() as second, several(server, second) as detector:
        for _ in range(6):
            detector.detect(JPEG)
        assert (len(server.requests), len(second.requests)) == (3, 3)
        server.fault = Fault.ERROR
        until_answered(detector, lambda: detector.figures().servers[0].is_left_alone)
        assert len(server.requests) == 3 + 5
        server.fault = None
        until_answered(detector, lambda: len(server.requests) >= 3 + 5 + 3)

    assert detector.figures().given_up == 0


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.GARBAGE, Fault.DROP, Fault.BUSY])
def test_what_one_detector_does_not_answer_the_other_does(server, fault):
    with FakeDetector() as second, several(server, second) as detector:
        server.fault = fault
        assert [len(detector.detect(JPEG)) for _ in range(10)] == [1] * 10
    assert detector.figures().retries == len(server.requests) > 0


def test_a_detector_that_hangs_costs_a_moment_once_and_no_picture(server):
    """Ten seconds' time-out: five calls in a row would wait for it before it is left alone."""
    server.fault = Fault.HANG
    with FakeDetector() as second, several(server, second) as detector:
        second.delay_s = 0.01
        for _ in range(4):
            detector.detect(JPEG)
        assert len(server.requests) == 1
        figures = detector.figures()
        assert figures.servers[0].is_left_alone
        assert figures.outcomes == {Outcome.TIMED_OUT: 1, Outcome.ANSWERED: 4}
        until_answered(detector, lambda: len(server.requests) == 2)
        assert figures.given_up == 0


def test_the_last_detector_that_is_left_is_given_the_whole_time(server):
    with FakeDetector() as second, several(server, second) as detector:
        for _ in range(6):
            detector.detect(JPEG)
        server.delay_s = second.delay_s = 2.5  # more than the newest answers made one expect
        assert len(detector.detect(JPEG)) == 1
    assert detector.figures().outcomes[Outcome.TIMED_OUT] == 1


@contextmanager
def several(*servers: FakeDetector, timeout_s: float = PATIENCE_S) -> Iterator[ObjectDetector]:
    detector = ObjectDetector(", ".join(one.url for one in servers), timeout_s=timeout_s)
    yield detector
    detector.close()


def until_answered(detector: ObjectDetector, is_done: Callable[[], bool]) -> None:
    """Ask, with an answer each time, until `is_done`."""
    until_s = time.monotonic() + 20
    while not is_done():
        assert len(detector.detect(JPEG)) == 1
        assert time.monotonic() < until_s
        time.sleep(0.05)


@pytest.mark.parametrize(
    "urls",
    [
        "",
        " , ",
        "127.0.0.1:8001",
        "ftp://host/objects",
        "http:///objects",
        "http://host:port/objects",
        "http://[::",
    ],
)
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

    assert time.monotonic() - started_s < 1  # the shortest pause after BUSY
    assert len(server.requests) == 1


def test_several_threads_get_each_their_own_answer(server):
    server.answers = lambda jpeg: [[0, 0, 1, 1, int(jpeg) / 100, 0]]
    server.delay_s = 0.05
    detector = ObjectDetector(server.url)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: detector.detect(b"%d" % number), range(40)))
    detector.close()

    assert [one.scores.tolist() for one in found] == [[number / 100] for number in range(40)]


def test_no_more_calls_than_places_reach_a_server_from_all_processes_together(server, tmp_path):
    server.delay_s = 0.05
    processes = [
        subprocess.Popen([sys.executable, "-c", _MANY_CALLS, server.url, str(tmp_path)]) for _ in range(3)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]

    assert len(server.requests) == 3 * 20
    assert server.most_at_once == 2


_MANY_CALLS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from hypersight_core.detection.client import ObjectDetector
from hypersight_core.detection.places import CallLimit

detector = ObjectDetector(sys.argv[1], timeout_s=30.0, limit=CallLimit(Path(sys.argv[2]), 2))
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: detector.detect(b"picture"), range(20)))
detector.close()
"""


def test_the_places_of_a_killed_process_are_free_again(server, tmp_path):
    server.next_faults.append(Fault.HANG)
    killed = subprocess.Popen(
        [sys.executable, "-c", _MANY_CALLS.replace(", 2))", ", 1))"), server.url, tmp_path]
    )
    until_s = time.monotonic() + 20
    while not server.requests and time.monotonic() < until_s:
        time.sleep(0.02)
    detector = ObjectDetector(server.url, timeout_s=0.2, limit=CallLimit(tmp_path, 1))
    with pytest.raises(DetectorUnavailable, match="no place free"):
        detector.detect(JPEG)
    killed.kill()
    killed.wait()

    assert len(detector.detect(JPEG)) == 1
    detector.close()


def test_a_disk_that_takes_no_files_takes_no_detector_away(server, tmp_path):
    (tmp_path / "places").write_text("in the way")
    detector = ObjectDetector(server.url, limit=CallLimit(tmp_path / "places", 1))

    assert len(detector.detect(JPEG)) == 1
    detector.close()


def test_a_connection_is_kept_between_segments(server):
    detector = ObjectDetector(server.url)
    detector.detect(JPEG)
    time.sleep(5.5)  # the pause after which most clients hang up
    detector.detect(JPEG)
    detector.close()

    assert len({one.port for one in server.requests}) == 1


def test_requests_are_counted_with_the_time_they_took(server):
    server.next_faults += [Fault.ERROR, Fault.DROP]
    detector = ObjectDetector(server.url)
    detector.detect(JPEG)
    server.delay_s = 0.3
    detector.detect(JPEG)
    found = detector.figures()
    detector.close()

    assert found.outcomes == {Outcome.ERROR: 1, Outcome.BROKEN_OFF: 1, Outcome.ANSWERED: 2}
    assert (found.requests, found.retries, found.given_up, found.in_flight) == (4, 2, 0, 0)
    assert sum(found.classes) == 2
    assert sum(found.classes[bisect_left(LATENCY_BOUNDS_S, 0.3) :]) >= 1
    assert found.answering_s >= 0.3
    assert found.slowest_s is not None
    assert found.slowest_s >= 0.3


def test_no_password_of_an_address_is_in_the_figures(server):
    detector = ObjectDetector(server.url.replace("//", "//eve:hunter2@"))
    (found,) = detector.figures().servers
    detector.close()

    assert "127.0.0.1" in found.url
    assert "hunter2" not in found.url


def test_faces_come_from_the_other_contract(server):
    server.face_answers = {"boxes": [[1, 2, 3, 4]], "conf": [0.97]}
    detector = FaceDetector(server.faces_url)

    found = detector.find(JPEG)
    detector.close()

    assert (found.boxes_px, found.scores) == (((1, 2, 3, 4),), (0.97,))
    assert server.requests[0].path == "/faces"


def test_an_open_breaker_lets_one_caller_through_a_pause():
    now_s = [100.0]
    breaker = CircuitBreaker(failures=2, pause_s=3, clock=lambda: now_s[0], jitter=float)
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()

    now_s[0] += 3
    assert [breaker.allows() for _ in range(3)] == [True, False, False]

    breaker.succeeded()
    assert all(breaker.allows() for _ in range(3))


def test_a_service_that_stays_away_is_looked_for_less_and_less():
    now_s = [0.0]
    breaker = CircuitBreaker(failures=1, pause_s=3, longest_s=10, clock=lambda: now_s[0], jitter=float)
    asked_at_s = []
    for second in range(40):
        now_s[0] = float(second)
        if breaker.allows():
            asked_at_s.append(second)
            breaker.failed()

    assert asked_at_s == [0, 3, 9, 19, 29, 39]
    assert breaker.is_open


def test_callers_that_failed_together_come_back_one_by_one():
    pauses_s = {spread(3.0) for _ in range(100)}

    assert len(pauses_s) > 90
    assert min(pauses_s) >= 3.0
    assert max(pauses_s) <= 4.5
