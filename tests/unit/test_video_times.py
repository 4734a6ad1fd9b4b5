"""Time stamps as cameras really send them: missing, set back, set ahead."""

import pytest

from hypersight_core.video.demux import cut, cut_from_bytes, shown_s
from hypersight_core.video.pieces import ClockSource, Packet, Segment, VideoCodec
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.spill import SegmentFolder
from hypersight_core.video.times import PacketTimes
from tests.builders import noon
from tests.clips import Film, write_film
from tests.following import square_left_px

FILM = Film(seconds=6, fps=10, gop_s=1)
TICKS = 90_000
EVEN = [round(0.1 * index, 3) for index in range(FILM.frames)]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "film.ts", FILM)


@pytest.fixture
def packets(film) -> list[Packet]:
    """Return fresh packets: they are changed in place."""
    data = SegmentFolder().new()
    data.add(film.read_bytes())
    return [frame.loaded() for frame in cut_from_bytes(data, 0.1).coded]


def set_by(packets: list[Packet], seconds: float) -> None:
    for packet in packets:
        assert packet.pts is not None
        assert packet.dts is not None
        packet.pts += round(seconds * TICKS)
        packet.dts += round(seconds * TICKS)


def corrected(packets: list[Packet], most_step_s: float | None = None) -> list[float]:
    done = [shown_s(packet) for packet in PacketTimes(most_step_s).corrected(packets)]
    return [round(at_s - done[0], 3) for at_s in done]


@pytest.mark.parametrize("missing", [[0], [0, 1, 2], [17], [17, 18, 19], [59], list(range(1, 60, 2))])
def test_missing_times_are_made_up(packets, missing) -> None:
    for index in missing:
        packets[index].pts = packets[index].dts = None

    assert corrected(packets) == EVEN


@pytest.mark.parametrize("seconds", [-0.3, -3.0, -90_000.0])
def test_a_clock_set_back_goes_on(packets, seconds) -> None:
    set_by(packets[25:], seconds)

    assert corrected(packets) == EVEN


@pytest.mark.parametrize("seconds", [12.0, 90_000.0])
def test_a_clock_set_ahead_goes_on_where_no_such_time_can_have_passed(packets, seconds) -> None:
    set_by(packets[25:], seconds)

    assert corrected(packets, most_step_s=6.0) == EVEN


def test_time_that_may_have_passed_stays(packets) -> None:
    set_by(packets[25:], 12.0)

    assert corrected(packets)[24:26] == [2.4, 14.5]


def test_times_may_jump_several_times(packets) -> None:
    set_by(packets[10:20], 500.0)
    set_by(packets[30:40], -700.0)

    assert corrected(packets, most_step_s=6.0) == EVEN


@pytest.mark.parametrize("container", ["ts", "mp4"])
def test_the_order_of_b_frames_is_no_jump(tmp_path, container) -> None:
    path = write_film(tmp_path / f"film.{container}", Film(seconds=4, fps=10, gop_s=2, b_frames=3))
    data = SegmentFolder().new()
    data.add(path.read_bytes())
    coded = cut_from_bytes(data, 0.1).coded

    assert sorted(round(frame.shown_s, 3) for frame in coded) == [round(0.1 * i, 3) for i in range(40)]


@pytest.mark.parametrize("seconds", [-3.0, 1000.0, None])
def test_every_frame_is_found_in_its_place_though_the_clock_was_set(packets, seconds) -> None:
    if seconds is None:
        for packet in packets[25:35]:
            packet.pts = packet.dts = None
    else:
        set_by(packets[25:], seconds)
    piece = cut(PacketTimes(6.0).corrected(packets), VideoCodec("h264"), 0.1)
    segment = Segment(
        noon(), piece.duration_s, True, ClockSource.WALL_CLOCK, piece.coded, piece.frame_s, is_last=True
    )

    pictures = list(FrameSampler(5).frames(segment))

    numbers = [round((picture.at - noon()).total_seconds() * FILM.fps) for picture in pictures]
    assert numbers == list(range(0, FILM.frames, 2))
    shown = [square_left_px(picture.to_bgr()) for picture in pictures]
    assert shown == pytest.approx([FILM.square_left_px(number) for number in numbers], abs=1)
    assert piece.duration_s == pytest.approx(6.0)
