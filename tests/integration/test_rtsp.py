"""RTSP and RTMP from real servers: TCP and UDP, with and without sender reports, with digest."""

import os
import signal
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.source import Access, ClockSource, SourceState, probe
from tests.clips import Film, write_film
from tests.fakes.rtsp_servers import (
    RtspServer,
    gstreamer_problem,
    gstreamer_server,
    published,
    rtmp_server,
    tcp_server,
    udp_server,
)
from tests.following import Followed, followed, has_segments, square_left_px

FILM = Film(seconds=60, fps=10, gop_s=1)
LOGIN = ("user", "pass word/?@")
ESCAPED_LOGIN = "user:pass%20word%2F%3F%40"
GSTREAMER = ("gstreamer tcp", "gstreamer udp")
"""Servers with sender reports, as cameras have them; Debian's package, not on every machine."""


@pytest.fixture(scope="session")
def gstreamer() -> None:
    """Skip where GStreamer's server is not installed; never on the build machine."""
    if problem := gstreamer_problem():
        assert "CI" not in os.environ, problem  # noqa: TID251 - where .ci/run installs it
        pytest.skip(problem)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    write_film(folder / "film.mp4", FILM)
    write_film(folder / "film.ts", FILM)
    return folder


@pytest.fixture(params=["tcp", "udp", *GSTREAMER])
def kind(request) -> str:
    if request.param in GSTREAMER:
        request.getfixturevalue("gstreamer")
    return str(request.param)


@pytest.fixture
def server(kind, folder):
    if kind in GSTREAMER:
        opened = gstreamer_server(folder / "film.mp4", kind.split()[1])
    else:
        opened = tcp_server(folder / "film.mp4") if kind == "tcp" else udp_server(folder / "film.ts")
    with opened as server:
        yield server


def test_frames_come_in_order_with_the_best_times_there_are(server, kind) -> None:
    facts = probe(server.url, Access(5))
    result = followed(server.url, has_segments(2), timeout_s=5)

    assert (facts.codec, facts.width_px, facts.height_px, facts.is_live) == ("h264", 160, 96, True)
    assert {segment.clock_source for segment in result.segments} == {
        ClockSource.WALL_CLOCK if kind == "udp" else ClockSource.RTCP
    }
    assert [segment.is_discontinuity for segment in result.segments] == [True, False]
    first, second = result.segments
    assert abs(second.start_at - first.stop_at) < timedelta(seconds=0.06)
    assert abs(datetime.now(UTC) - second.stop_at) < timedelta(seconds=5)
    pictures = result.pictures(10)
    keys = [frame.is_key for segment in result.segments for frame in segment.coded]
    assert len(pictures) == len(keys) - keys.index(True)  # UDP is joined between key frames
    places = [square_left_px(picture.to_bgr()) for picture in pictures]
    assert {b - a for a, b in pairwise(places) if b > a} <= {2, 3, 4}


def test_a_watcher_can_be_stopped_at_once(server) -> None:
    began_s = time.monotonic()

    followed(server.url, lambda _: False, within_s=0.5, timeout_s=5)

    assert time.monotonic() - began_s < 2.5


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_digest_is_answered_and_a_wrong_password_told(gstreamer, folder, transport) -> None:
    with gstreamer_server(folder / "film.mp4", transport, LOGIN) as server:
        place = server.url.removeprefix("rtsp://")
        result = followed(f"rtsp://{ESCAPED_LOGIN}@{place}", has_segments(2), timeout_s=5)
        with pytest.raises(SourceUnavailable, match="refuses access: check user and password") as caught:
            probe(f"rtsp://user:hush@{place}", Access(5))

    assert len(result.segments) == 2
    assert "hush" not in str(caught.value)


def test_rtmp_is_read_like_any_stream(folder) -> None:
    with rtmp_server() as server, ExitStack() as stack:
        later = threading.Timer(2.0, lambda: stack.enter_context(published(folder / "film.mp4", server.url)))
        later.start()
        result = followed(server.url, has_segments(2), timeout_s=8, within_s=25)
        later.join()

    assert [segment.is_discontinuity for segment in result.segments] == [True, False]
    assert {segment.clock_source for segment in result.segments} == {ClockSource.WALL_CLOCK}
    places = [square_left_px(picture.to_bgr()) for picture in result.pictures(10)]
    assert places[:20] == pytest.approx([FILM.square_left_px(index) for index in range(20)], abs=1)
    assert abs(datetime.now(UTC) - result.segments[-1].stop_at) < timedelta(seconds=5)


def is_back_after(trouble: threading.Event, count: int, began: threading.Event):
    """Say that enough came after the trouble was over; it may begin once something came."""
    before = [0]

    def is_back(result: Followed) -> bool:
        began.set()
        if not trouble.is_set():
            before[:] = [len(result.segments)]
        return len(result.segments) >= before[0] + count

    return is_back


@pytest.mark.parametrize("fault", ["restarted", "killed", "half-open"])
def test_a_server_that_goes_away_is_a_gap_until_it_is_back(server: RtspServer, fault) -> None:
    over, began = threading.Event(), threading.Event()

    def trouble() -> None:
        began.wait(20)
        if fault == "half-open":
            server.send(signal.SIGSTOP)
            time.sleep(5)
            server.send(signal.SIGCONT)
        else:
            server.send(signal.SIGKILL)
            time.sleep(1.5 if fault == "killed" else 0)
            server.start()
        over.set()

    troublemaker = threading.Thread(target=trouble)
    troublemaker.start()
    result = followed(server.url, is_back_after(over, 2, began), within_s=40, timeout_s=2)
    troublemaker.join()

    lost = [state for state in result.states[1:] if not state.is_connected]
    assert lost
    assert "rtsp://127.0.0.1" in lost[0].detail
    assert result.states[-1] == SourceState.CONNECTED
    assert result.gaps
    holes = [(b[0] - a[1]).total_seconds() for a, b in pairwise(result.pieces)]
    assert max(map(abs, holes)) < 1.0
    unseen = [
        (before.stop_at, after.start_at)
        for before, after in pairwise(result.segments)
        if after.is_discontinuity and (after.start_at - before.stop_at).total_seconds() > after.frame_s
    ]
    assert [(gap.from_at, gap.to_at) for gap in result.gaps] == unseen
