"""What people look at costs the counting nothing: not when it is slow, fails, or hangs for good."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.events import SegmentRecord
from hypersight_core.domain.overlay import Overlay
from hypersight_core.domain.picture_files import preview_folder, snapshot_path
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.video.jpeg import decode_jpeg, encode_jpeg
from hypersight_core.video.picture import Picture
from hypersight_core.video.source import Recording, Segment, open_source
from hypersight_core.watcher.loop import SegmentLoop
from hypersight_core.watcher.outputs import (
    END_WITHIN_S,
    WAITING_FRAMES,
    Outputs,
)
from tests.builders import NOON, a_camera, a_processor, noon
from tests.clips import Film, write_film
from tests.fakes.square_finder import SquareFinder
from tests.unit.test_video_pictures import BLUE, GREEN, RED, a_picture
from tests.unit.test_watcher_loop import MIDDLE

PLAN = WatchPlan(
    camera=a_camera(watch_fps=5.0),
    processors=(
        a_processor(processor_id=4, zones=(MIDDLE,), output_hls=True),
        a_processor(processor_id=5, kind="objects", zones=(MIDDLE,), output_hls=True),
    ),
)
NOBODY: frozenset[int] = frozenset()


@pytest.fixture(scope="module")
def segments(tmp_path_factory) -> list[Segment]:
    film = write_film(tmp_path_factory.mktemp("film") / "square.mp4", Film(seconds=14.72, gop_s=2.0))
    source = open_source(str(film), stop=lambda: False, recording=Recording(starts_at=NOON))
    return [piece for piece in source.pieces() if isinstance(piece, Segment)]


def counted(
    segments: list[Segment], outputs: Outputs | None, finder: SquareFinder | None = None
) -> list[SegmentRecord]:
    services = Services(lambda _: FoundFaces((), ()), encode_jpeg, lambda _: None)
    loop = SegmentLoop(
        PLAN, finder or SquareFinder(), services, outputs=outputs, max_lag_s=0.0, stop=threading.Event()
    )
    loop.configure(PLAN)
    try:
        return [record for segment in segments if (record := loop.segment(segment)) is not None]
    finally:
        loop.close()


@pytest.fixture
def make_outputs(tmp_path) -> Iterator[Callable[[], Outputs]]:
    made: list[Outputs] = []

    def make() -> Outputs:
        made.append(Outputs(tmp_path, 1, lambda: NOBODY))
        return made[-1]

    yield make
    for outputs in made:
        outputs.close()


def full_disk(folder: Path) -> None:
    """Let every file that is written there meet a full disk."""
    folder.mkdir(parents=True)
    for number in range(30):
        (folder / f"segment-{number}.ts.part").symlink_to("/dev/full")


def hanging_disk(folder: Path) -> None:
    """Let the first file that is written there never be done."""
    folder.mkdir(parents=True)
    os.mkfifo(folder / "segment-0.ts.part")


def no_disk(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")


@pytest.mark.parametrize("trouble", [full_disk, hanging_disk, no_disk])
def test_previews_that_cannot_be_written_change_no_record(tmp_path, segments, make_outputs, trouble):
    trouble(preview_folder(tmp_path, 4))
    trouble(preview_folder(tmp_path, 5))
    (tmp_path / "snapshots").write_text("in the way")

    assert counted(segments, make_outputs()) == counted(segments, None)


def test_a_disk_that_hangs_holds_up_neither_frames_nor_the_end_and_what_is_left_out_is_counted(
    tmp_path, make_outputs
):
    hanging_disk(preview_folder(tmp_path, 4))
    outputs = make_outputs()
    outputs.configure(PLAN)
    for number in range(200):
        outputs.show(a_picture(at=noon(number)), 4, Overlay)
    began_s = time.monotonic()
    outputs.close()

    assert 200 > outputs.left_out >= 200 - WAITING_FRAMES - 10
    assert time.monotonic() - began_s < 2 * END_WITHIN_S + 1


def test_a_picture_that_cannot_be_drawn_costs_this_picture_only(tmp_path, make_outputs, caplog):
    outputs = make_outputs()
    outputs.configure(PLAN)
    empty = Picture(noon(0.5), av.VideoFrame())
    pictures = [a_picture(at=noon(number / 5)) for number in range(14)]
    for picture in [*pictures[:3], empty, *pictures[3:]]:
        outputs.show(picture, 4, Overlay)
        time.sleep(0.05)  # slower than they are drawn, so that none is left out
    outputs.close()

    (segment, _) = sorted(preview_folder(tmp_path, 4).glob("*.ts"))
    with av.open(str(segment), "r") as container:
        assert len(list(container.decode(video=0))) == 10
    assert caplog.messages == ["output failed, counting goes on"]


def test_a_processor_that_cannot_say_what_it_shows_counts_on(make_outputs, caplog):
    def broken() -> Overlay:
        raise KeyError("a mistake of a new kind of processor")

    outputs = make_outputs()
    outputs.configure(PLAN)
    for number in range(3):
        outputs.show(a_picture(at=noon(number)), 4, broken)

    assert caplog.messages == ["output failed, counting goes on"]


def test_nothing_is_drawn_for_nobody(tmp_path, make_outputs):
    outputs = make_outputs()
    outputs.show(a_picture(), 7, lambda: pytest.fail("nobody looks at processor 7"))
    assert outputs.preview_count == 0


def test_the_latest_frame_is_kept_now_and_then_and_at_once_after_a_move(tmp_path, make_outputs):
    outputs = make_outputs()
    outputs.configure(PLAN)
    path = snapshot_path(tmp_path, 1)
    for colour in (RED, GREEN):
        outputs.snapshot(a_picture(colour))
    assert colour_of(path) == RED.index(255)

    outputs.configure(PLAN.reading("http://elsewhere.invalid/live.m3u8"))
    until_s = time.monotonic() + 10
    while path.exists() and time.monotonic() < until_s:
        time.sleep(0.01)
    outputs.snapshot(a_picture(BLUE))
    assert colour_of(path) == BLUE.index(255)


def test_a_detector_that_is_away_takes_no_snapshot_away(tmp_path, segments, make_outputs):
    finder = SquareFinder()
    finder.is_away = True
    outputs = make_outputs()
    counted(segments[:1], outputs, finder)
    outputs.close()
    assert decode_jpeg(snapshot_path(tmp_path, 1).read_bytes()).shape == (96, 160, 3)


def colour_of(path: Path) -> int:
    """Return the strongest channel of a picture that is about to be written."""
    until_s = time.monotonic() + 10
    while not path.exists() and time.monotonic() < until_s:
        time.sleep(0.01)
    time.sleep(0.2)  # what is written after it, too
    return int(decode_jpeg(path.read_bytes()).mean(axis=(0, 1)).argmax())
