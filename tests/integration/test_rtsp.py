"""RTSP from real servers, over TCP with sender reports and over UDP without."""

import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from hypersight_core.video.source import Access, ClockSource, SourceState, probe
from tests.clips import Film, write_film
from tests.fakes.rtsp_servers import RtspServer, tcp_server, udp_server
from tests.following import Followed, followed, has_segments, square_left_px

FILM = Film(seconds=60, fps=10, gop_s=1)
CLOCKS = {"tcp": ClockSource.RTCP, "udp": ClockSource.WALL_CLOCK}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    write_film(folder / "film.mp4", FILM)
    write_film(folder / "film.ts", FILM)
    return folder


@pytest.fixture(params=["tcp", "udp"])
def transport(request):
    return request.param


@pytest.fixture
def server(transport, folder):
    with tcp_server(folder / "film.mp4") if transport == "tcp" else udp_server(folder / "film.ts") as server:
        yield server


def test_frames_come_in_order_with_the_best_times_there_are(server, transport) -> None:
    facts = probe(server.url, Access(5))
    result = followed(server.url, has_segments(2), timeout_s=5)

    assert (facts.codec, facts.width_px, facts.height_px, facts.is_live) == ("h264", 160, 96, True)
    assert {segment.clock_source for segment in result.segments} == {CLOCKS[transport]}
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


def is_back_after(trouble: threading.Event, count: int):
    """Say that enough came after the trouble was over."""
    before: list[int] = []

    def is_back(result: Followed) -> bool:
        if not trouble.is_set():
            before[:] = [len(result.segments)]
        return len(result.segments) >= before[0] + count

    return is_back


@pytest.mark.parametrize("fault", ["killed", "half-open"])
def test_a_server_that_goes_away_is_a_gap_until_it_is_back(server: RtspServer, fault) -> None:
    over = threading.Event()

    def trouble() -> None:
        if fault == "killed":
            server.send(signal.SIGKILL)
            time.sleep(1.5)
            server.start()
        else:
            server.send(signal.SIGSTOP)
            time.sleep(5)
            server.send(signal.SIGCONT)
        over.set()

    timer = threading.Timer(3.5, trouble)
    timer.start()
    result = followed(server.url, is_back_after(over, 2), within_s=40, timeout_s=2)
    timer.join()

    lost = [state for state in result.states[1:] if not state.is_connected]
    assert lost
    assert "rtsp://127.0.0.1" in lost[0].detail
    assert result.states[-1] == SourceState.CONNECTED
    assert result.gaps
    holes = [(b[0] - a[1]).total_seconds() for a, b in pairwise(result.pieces)]
    assert max(map(abs, holes)) < 1.0
    torn = [segment for segment in result.segments[1:] if segment.is_discontinuity]
    assert [gap.to_at for gap in result.gaps] == [segment.start_at for segment in torn]
