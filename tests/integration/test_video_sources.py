"""One suite over every kind of source, and the faults of live HLS, over real HTTP."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from hypersight.simulator import CameraSimulator, Fault
from hypersight.simulator.camera import CLOCK_JUMP
from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Access, ClockSource, Recording, SourceState, probe
from tests.builders import NOON
from tests.clips import SQUARE_PX, STEP_PX, Film, write_film
from tests.fakes.file_server import file_server
from tests.following import Followed, followed, has_segments, square_left_px

FILM = Film(seconds=4, fps=10, gop_s=0.5)
SEGMENT_S = 0.5


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "film.ts", FILM)


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("encoded")


@pytest.fixture
def camera(film, cache_dir):
    with CameraSimulator(film, segment_s=SEGMENT_S, window=3, cache_dir=cache_dir, epoch=NOON) as camera:
        yield camera


class _LongAnswer(http.server.BaseHTTPRequestHandler):
    """Sends a transport stream in one answer, at about its own speed."""

    film_bytes = b""
    pause_s = 0.02

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "video/mp2t")
        self.end_headers()
        step = len(self.film_bytes) // 20 + 1
        with suppress(ConnectionError):  # a reader that has enough
            for at in range(0, len(self.film_bytes), step):
                self.wfile.write(self.film_bytes[at : at + step])
                time.sleep(self.pause_s)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def long_answer(data: bytes, kind: type[_LongAnswer] = _LongAnswer) -> Iterator[str]:
    handler = type("Handler", (kind,), {"film_bytes": data})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/camera.ts"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["hls", "file", "http", "flv"])
def stream_url(request, film):
    if request.param == "hls":
        yield request.getfixturevalue("camera").url
    elif request.param == "file":
        yield f"file://{film}"
    else:
        data = film.read_bytes()
        if request.param == "flv":
            data = write_film(request.getfixturevalue("tmp_path") / "film.flv", FILM).read_bytes()
        with long_answer(data) as url:
            yield url


# ------------------------------------------------------------------ every source


def test_segments_come_in_order_with_frames_that_can_be_sampled(stream_url) -> None:
    result = followed(stream_url, has_segments(2))

    assert len(result.segments) == 2
    first, second = result.segments
    assert abs((second.start_at - first.stop_at).total_seconds()) < 0.06
    assert (first.is_discontinuity, second.is_discontinuity) == (True, False)
    sampler = FrameSampler(10)
    pictures = [picture for segment in result.segments for picture in sampler.frames(segment)]
    assert {(p.width_px, p.height_px) for p in pictures} == {(FILM.width_px, FILM.height_px)}
    steps = {round((b.at - a.at).total_seconds(), 2) for a, b in pairwise(pictures)}
    assert steps == {0.1}
    walked = {square_left_px(b.to_bgr()) - square_left_px(a.to_bgr()) for a, b in pairwise(pictures)}
    assert walked <= {2, 3, 4, -(FILM.width_px - SQUARE_PX) + 1}


def test_a_source_can_be_stopped_at_once(stream_url) -> None:
    began_s = time.monotonic()

    result = followed(stream_url, lambda _: False, within_s=0.3)

    assert time.monotonic() - began_s < 2.0
    assert len(result.segments) <= 2


def test_a_look_tells_what_a_stream_is(stream_url) -> None:
    facts = probe(stream_url, Access(3))

    assert (facts.codec, facts.width_px, facts.height_px) == ("h264", 160, 96)
    assert facts.fps == pytest.approx(10, rel=0.01)
    assert facts.is_live is not stream_url.startswith("file")


# ------------------------------------------------------------------ live HLS


def test_media_time_names_the_frame_shown(camera) -> None:
    result = followed(camera.url, has_segments(3))

    sampler = FrameSampler(2)
    pictures = [picture for segment in result.segments for picture in sampler.frames(segment)]
    shown = [square_left_px(picture.to_bgr()) for picture in pictures]
    numbers = [round((p.at - NOON).total_seconds() % camera.film_s * camera.fps) for p in pictures]
    assert shown == pytest.approx([FILM.square_left_px(number) for number in numbers], abs=1)
    assert {segment.clock_source for segment in result.segments} == {ClockSource.PROGRAM_DATE_TIME}


def test_the_loop_is_a_discontinuity_without_a_gap(camera) -> None:
    result = followed(camera.url, lambda r: r.segments[-1].start_at > NOON + timedelta(seconds=4.2))

    loops = [segment for segment in result.segments[1:] if segment.is_discontinuity]
    assert [segment.start_at for segment in loops] == [NOON + timedelta(seconds=4)]
    assert result.gaps == []


def test_a_restarted_watcher_goes_on_where_it_stopped(camera) -> None:
    result = followed(camera.url, has_segments(1), resume_after=NOON + timedelta(seconds=0.9))

    assert result.segments[0].start_at == NOON + timedelta(seconds=0.5)
    assert result.segments[0].is_discontinuity is False


@dataclass(frozen=True)
class Outcome:
    """What a fault of `FAULT_S` must come to."""

    least_lost_s: float = 0.0
    most_lost_s: float = 0.0
    is_said: bool = True
    """Whether the state says that something is wrong."""


FAULT_S = 3.0
ALL = Outcome(least_lost_s=FAULT_S - 3 * SEGMENT_S - 0.5, most_lost_s=FAULT_S + 2.0)
"""All of the fault is lost but what the playlist, three segments long, still lists afterwards."""
OUTCOMES = {
    Fault.HANG: ALL,
    Fault.HANG_SEGMENTS: ALL,
    Fault.MISSING_SEGMENTS: ALL,
    Fault.EMPTY: ALL,
    Fault.ERROR: ALL,
    Fault.GONE: ALL,
    Fault.STUCK: Outcome(ALL.least_lost_s, ALL.most_lost_s, is_said=False),
    Fault.TRUNCATED: Outcome(0.25 * FAULT_S, 0.8 * (FAULT_S + SEGMENT_S), is_said=False),
    Fault.RESET: Outcome(most_lost_s=1.0, is_said=False),
    Fault.DISCONTINUITY: Outcome(is_said=False),
    Fault.JUMP: Outcome(most_lost_s=1.0, is_said=False),
}


def test_every_fault_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(Fault) - {Fault.NORMAL}


@pytest.mark.parametrize("fault", OUTCOMES)
def test_every_fault_is_survived_and_leaves_no_time_unaccounted(camera, fault) -> None:
    outcome = OUTCOMES[fault]
    began = threading.Timer(1.0, camera.fault, [fault])
    ended = threading.Timer(1.0 + FAULT_S, camera.fault, [Fault.NORMAL])
    back_s = time.monotonic() + 1.0 + FAULT_S
    before = 0

    def is_back(result: Followed) -> bool:
        nonlocal before
        if time.monotonic() < back_s:
            before = len(result.segments)
        return len(result.segments) >= before + 4

    for timer in (began, ended):
        timer.start()
    began_s = time.monotonic()
    result = followed(camera.url, is_back, within_s=25)

    assert is_back(result)
    assert result.states[-1] == SourceState.CONNECTED
    lost_s = accounted_lost_s(result, time.monotonic() - began_s)
    assert outcome.least_lost_s <= lost_s <= outcome.most_lost_s
    assert {gap.reason for gap in result.gaps} <= {"stream_down"}
    said = [state.detail for state in result.states[2:] if not state.is_connected]
    assert all("127.0.0.1" in detail for detail in said)
    assert said or not outcome.is_said
    torn = [segment for segment in result.segments if segment.start_at in {gap.to_at for gap in result.gaps}]
    assert all(segment.is_discontinuity for segment in torn)


WAITED_FOR = (
    Fault.HANG,
    Fault.HANG_SEGMENTS,
    Fault.MISSING_SEGMENTS,
    Fault.EMPTY,
    Fault.TRUNCATED,
    Fault.ERROR,
    Fault.GONE,
)


@pytest.mark.parametrize("fault", WAITED_FOR)
def test_nothing_is_lost_that_the_playlist_still_lists(film, cache_dir, fault) -> None:
    fault_s, window = 2.0, 16
    with CameraSimulator(film, segment_s=SEGMENT_S, window=window, cache_dir=cache_dir, epoch=NOON) as camera:
        for at_s, order in ((1.0, fault), (1.0 + fault_s, Fault.NORMAL)):
            threading.Timer(at_s, camera.fault, [order]).start()
        result = followed(camera.url, has_segments(window), within_s=25)

    assert any(not state.is_connected for state in result.states[2:])
    assert result.states[-1] == SourceState.CONNECTED
    assert len(result.segments) == window
    assert result.gaps == []
    assert all(later[0] == earlier[1] for earlier, later in pairwise(result.pieces))


def accounted_lost_s(result: Followed, real_s: float) -> float:
    """Return the length of all gaps; watched and gaps must follow each other without hole or overlap."""
    spans = sorted((from_at - jumped(from_at), to_at - jumped(to_at)) for from_at, to_at in result.pieces)
    holes_s = [(later[0] - earlier[1]).total_seconds() for earlier, later in pairwise(spans)]
    assert [hole_s for hole_s in holes_s if abs(hole_s) > 0.02] == []
    stream_s = (spans[-1][1] - spans[0][0]).total_seconds()
    assert stream_s == pytest.approx(real_s, abs=3 * SEGMENT_S + 2.5)
    lost_s = sum((gap.to_at - gap.from_at).total_seconds() for gap in result.gaps if gap.to_at)
    watched_s = sum(segment.duration_s for segment in result.segments)
    assert watched_s + lost_s == pytest.approx(stream_s, abs=0.02)
    return lost_s


def jumped(at: datetime) -> timedelta:
    """Return by how much the camera's clock was ahead then."""
    return CLOCK_JUMP if at - NOON > CLOCK_JUMP / 2 else timedelta()


def test_a_playlist_that_slid_past_is_a_gap(camera) -> None:
    def slow(result: Followed) -> bool:
        if len(result.segments) == 1:
            time.sleep(3)
        return len(result.segments) >= 4

    result = followed(camera.url, slow)

    assert len(result.gaps) == 1
    assert result.gaps[0].reason == "stream_down"
    after = next(s for s in result.segments if s.start_at == result.gaps[0].to_at)
    assert after.is_discontinuity is True


# ------------------------------------------------------------------ what can't be watched


def dead_url() -> str:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        return f"http://user:secret@127.0.0.1:{server.server_address[1]}/live.m3u8"


@pytest.mark.parametrize("fault", ["refused", "gone", "hang", "host", "page", "missing", "text"])
def test_a_look_says_what_to_do(camera, tmp_path, fault) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no video")
    url, said = {
        "refused": (dead_url(), "connection refused; check address and port"),
        "gone": (camera.url, "404: there is no such stream"),
        "hang": (camera.url, "did not answer within 0.5 s"),
        "host": ("http://user:secret@nowhere.invalid/live.m3u8", "host name is not known"),
        "page": (camera.url.replace("live.m3u8", "healthz"), "is no video"),
        "missing": (f"file://{tmp_path}/none.mp4", "there is no file"),
        "text": (str(text), "is no video file"),
    }[fault]
    if fault in list(Fault):
        camera.fault(fault)

    with pytest.raises(SourceUnavailable, match=said) as caught:
        probe(url, Access(0.5))

    assert "secret" not in str(caught.value)


class _Drip(_LongAnswer):
    """Sends a byte now and then, for ever: each read succeeds."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(ConnectionError):
            for byte in b"#EXTM3U" + b"\n" * 150:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)


def test_an_answer_that_never_ends_is_not_waited_for() -> None:
    with long_answer(b"", _Drip) as url:
        began_s = time.monotonic()
        with pytest.raises(SourceUnavailable, match="lists no segments"):
            probe(url.replace("camera.ts", "live.m3u8"), Access(1.5))

        assert time.monotonic() - began_s < 8


def test_a_first_connection_that_fails_is_told_and_tried_again(camera) -> None:
    camera.fault("gone")
    threading.Timer(0.8, camera.fault, ["normal"]).start()

    result = followed(camera.url, has_segments(1))

    assert result.states[0] == SourceState.CONNECTING
    assert "404: there is no such stream" in result.states[1].detail
    assert result.states[-1] == SourceState.CONNECTED


def test_a_broken_connection_to_a_stream_is_made_again(film) -> None:
    with long_answer(film.read_bytes()) as url:
        result = followed(url, has_segments(3))

    assert [s.is_connected for s in result.states] == [False, True, False, True]
    assert {segment.clock_source for segment in result.segments} == {ClockSource.WALL_CLOCK}
    assert [s.is_discontinuity for s in result.segments] == [True, False, True]


class _SlowAnswer(_LongAnswer):
    """Sends for four seconds, whatever there is to send."""

    pause_s = 0.2


def test_a_camera_set_to_another_codec_is_connected_anew(tmp_path, film) -> None:
    h265 = write_film(tmp_path / "film.ts", replace(FILM, codec="libx265"))
    with long_answer(film.read_bytes() + h265.read_bytes()) as url:
        result = followed(url, lambda r: any("changed its codec" in s.detail for s in r.states))

    assert {segment.coded[0].codec.name for segment in result.segments} == {"h264"}
    assert len(result.pictures(10)) >= 0.75 * FILM.frames
    with long_answer(h265.read_bytes()) as url:
        result = followed(url, has_segments(2))
    assert {segment.coded[0].codec.name for segment in result.segments} == {"hevc"}


def test_a_stream_that_goes_on_without_pictures_is_connected_anew(tmp_path) -> None:
    path = write_film(tmp_path / "film.ts", replace(FILM, seconds=2), sound_s=20)
    with long_answer(path.read_bytes(), _SlowAnswer) as url:
        result = followed(url, lambda r: any("sends no pictures" in s.detail for s in r.states))

    assert len(result.pictures(10)) >= 15


class _MotionJpeg(_LongAnswer):
    """Sends a picture every fifth of a second, as cameras do without saying when it was taken."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        began_s = time.monotonic()
        with suppress(ConnectionError):
            for index in range(40):
                jpeg = encode_jpeg(FILM.pixels(index))
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                self.wfile.flush()
                time.sleep(max(0.0, began_s + (index + 1) / 5 - time.monotonic()))


def test_motion_jpeg_is_timed_by_its_arrival() -> None:
    with long_answer(b"", _MotionJpeg) as url:
        result = followed(url, has_segments(2))

    pictures = result.pictures(2.5)
    places = [square_left_px(picture.to_bgr()) for picture in pictures]
    steps_s = [(b.at - a.at).total_seconds() for a, b in pairwise(pictures)]
    frames = [(b - a) / STEP_PX for a, b in pairwise(places)]
    assert len(pictures) >= 9
    assert sum(steps_s) == pytest.approx(sum(frames) / 5, abs=0.15)
    assert {segment.clock_source for segment in result.segments} == {ClockSource.WALL_CLOCK}


@pytest.mark.parametrize("is_redirected", [False, True], ids=["own host", "other host"])
def test_headers_of_a_long_answer_go_to_the_cameras_host_only(film, tmp_path, is_redirected) -> None:
    (tmp_path / "camera.ts").write_bytes(film.read_bytes())
    secrets = {"X-Api-Key": "hush"}
    ours: list[tuple[str, dict[str, str]]] = []
    others: list[tuple[str, dict[str, str]]] = []
    with (
        file_server(tmp_path, host="127.0.0.2", seen=others) as elsewhere,
        file_server(tmp_path, headers_wanted=secrets, moved_to=elsewhere, seen=ours) as server,
    ):
        url = f"{server}/moved/camera.ts" if is_redirected else f"{server}/camera.ts"
        result = followed(url, has_segments(1), access=Access(3, secrets))

    assert len(result.segments) == 1
    assert {headers["X-Api-Key"] for _, headers in ours} == {"hush"}
    assert bool(others) is is_redirected
    assert "hush" not in str(others)


def test_user_and_password_of_a_long_answer_stay_when_it_is_redirected(film, tmp_path) -> None:
    (tmp_path / "camera.ts").write_bytes(film.read_bytes())
    others: list[tuple[str, dict[str, str]]] = []
    with (
        file_server(tmp_path, host="127.0.0.2", seen=others) as elsewhere,
        file_server(tmp_path, moved_to=elsewhere) as server,
    ):
        url = server.replace("http://", "http://user:hush@") + "/moved/camera.ts"
        result = followed(url, has_segments(1), timeout_s=3)

    assert len(result.segments) == 1
    assert {headers.get("Authorization") for _, headers in others} == {None}


# ------------------------------------------------------------------ local cameras


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("v4l2:///dev/video77", "there is no camera /dev/video77"),
        ("v4l2:///etc/passwd", "cameras of this machine are v4l2:///dev/video0"),
        ("v4l2:///dev/watchdog", "cameras of this machine are v4l2:///dev/video0"),
        ("v4l2:///dev/video77?speed=1", "speed is none of video_size, framerate, input_format"),
    ],
)
def test_a_local_camera_that_cannot_be_used_is_told(url, said) -> None:
    with pytest.raises(SourceUnavailable, match=said):
        probe(url, Access(3))
    result = followed(url, lambda _: False, within_s=1.0)
    assert said in result.states[-1].detail


def test_pictures_that_are_not_coded_can_be_sampled(tmp_path) -> None:
    path = write_film(tmp_path / "film.mkv", replace(FILM, codec="rawvideo"))
    result = followed(str(path), lambda _: False)

    pictures = result.pictures(5)
    shown = [square_left_px(picture.to_bgr()) for picture in pictures]
    assert shown == pytest.approx([FILM.square_left_px(index) for index in range(0, FILM.frames, 2)], abs=1)


# ------------------------------------------------------------------ files


def test_a_file_ends_and_covers_its_whole_length(film) -> None:
    result = followed(str(film), lambda _: False, recording=Recording(starts_at=NOON))

    assert result.segments[0].start_at == NOON
    assert result.segments[-1].stop_at == pytest.approx(
        NOON + timedelta(seconds=4), abs=timedelta(seconds=0.01)
    )
    assert [segment.is_last for segment in result.segments] == [False, True]


def test_a_file_with_a_wrong_rate_is_played_at_the_right_one(film) -> None:
    result = followed(str(film), lambda _: False, recording=Recording(starts_at=NOON, fps=5))

    pictures = [p for s in result.segments for p in (FrameSampler(5).frames(s))]
    assert sum(segment.duration_s for segment in result.segments) == pytest.approx(8, abs=0.05)
    assert len(pictures) == FILM.frames
    assert isinstance(pictures[0].to_bgr(), np.ndarray)


def test_a_file_is_taken_up_where_it_was_left(film) -> None:
    result = followed(
        str(film),
        lambda _: False,
        recording=Recording(starts_at=NOON),
        resume_after=NOON + timedelta(seconds=2.5),
    )

    assert [segment.start_at for segment in result.segments] == [NOON + timedelta(seconds=2)]
