"""Mosaics, JPEGs, previews and single frames."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import av
import m3u8  # type: ignore[import-untyped]
import numpy as np
import pytest

from hypersight_core.domain.mosaic import MosaicLayout
from hypersight_core.domain.overlay import Mark, Overlay
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput
from hypersight_core.video.demux import cut_from_bytes
from hypersight_core.video.jpeg import decode_jpeg, encode_jpeg
from hypersight_core.video.mosaic import MosaicCanvas
from hypersight_core.video.picture import Picture
from hypersight_core.video.preview import PreviewWriter
from hypersight_core.video.spill import SegmentBytes, SegmentFolder
from tests.builders import LEFT_HALF, noon
from tests.clips import Film, write_film, write_playlist
from tests.fakes.file_server import file_server

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def a_picture(colour=RED, at: datetime | None = None, width_px: int = 96, height_px: int = 64) -> Picture:
    """Return a picture of one BGR colour, as a decoder gives it."""
    bgr = np.full((height_px, width_px, 3), colour, np.uint8)
    return Picture(at or noon(), av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="yuv420p"))


def test_cells_hold_whole_pictures_row_by_row_and_gutters_and_missing_ones_are_black() -> None:
    canvas = MosaicCanvas(MosaicLayout(2, 2, 32, 16, gutter_px=16))
    for index, colour in enumerate((RED, GREEN, BLUE)):
        canvas.put(index, a_picture(colour))

    bgr = decode_jpeg(canvas.jpeg())

    assert bgr.shape == (48, 80, 3)
    centres = [bgr[row, col] for row, col in ((8, 16), (8, 64), (40, 16), (40, 64))]
    assert np.abs(np.array(centres, int) - (RED, GREEN, BLUE, (0, 0, 0))).max() <= 6
    assert max(bgr[:, 36:44].max(), bgr[20:28].max()) <= 6


def test_a_mosaic_of_one_cell_is_the_frame_itself() -> None:
    canvas = MosaicCanvas(MosaicLayout(1, 1, 96, 64))
    canvas.put(0, a_picture(BLUE))
    assert canvas.jpeg() == encode_jpeg(a_picture(BLUE).to_bgr())


def test_cells_from_one_on_can_be_made_black_and_unknown_cells_are_refused() -> None:
    canvas = MosaicCanvas(MosaicLayout(1, 2, 32, 16))
    canvas.put(0, a_picture())
    canvas.put(1, a_picture())
    canvas.clear(1)
    assert canvas.pixels[:, :32].max() > 200
    assert canvas.pixels[:, 32:].max() == 0
    with pytest.raises(InvalidInput, match="cell 2"):
        canvas.put(2, a_picture())


def test_brightness_is_of_the_whole_picture_in_its_proportions() -> None:
    grey = a_picture((90, 90, 90)).to_grey(48)
    assert grey.shape == (32, 48)
    assert np.abs(grey.astype(int) - 90).max() <= 2


def test_no_jpeg_is_invalid_input() -> None:
    assert decode_jpeg(encode_jpeg(np.zeros((8, 8, 3), np.uint8))).shape == (8, 8, 3)
    with pytest.raises(InvalidInput, match="no JPEG"):
        decode_jpeg(b"no picture")


def playlist_of(folder: Path) -> m3u8.M3U8:
    return m3u8.loads((folder / "processed_stream.m3u8").read_text())


def segment_bytes(path: Path) -> SegmentBytes:
    data = SegmentFolder().new()
    data.add(path.read_bytes())
    return data


def test_a_preview_is_a_live_stream_with_the_frames_own_times(tmp_path) -> None:
    writer = PreviewWriter(tmp_path, fps=2, segment_s=2, keep=3)
    for number in range(20):
        writer.write(a_picture(at=noon(number / 2)), Overlay())
    writer.close()

    playlist = playlist_of(tmp_path)
    assert [one.uri for one in playlist.segments] == ["segment-2.ts", "segment-3.ts", "segment-4.ts"]
    assert [one.duration for one in playlist.segments] == [2, 2, 2]
    assert [one.program_date_time for one in playlist.segments] == [noon(4), noon(6), noon(8)]
    assert playlist.target_duration >= 2
    frames = [cut_from_bytes(segment_bytes(tmp_path / one.uri), 0.5) for one in playlist.segments]
    assert [len(one.coded) for one in frames] == [4, 4, 4]
    assert [one.coded[0].is_key for one in frames] == [True, True, True]
    assert [one.first_s - frames[0].first_s for one in frames] == pytest.approx([0, 2, 4], abs=0.001)


def test_old_preview_segments_are_removed_and_numbers_go_on_after_a_restart(tmp_path) -> None:
    for start_s in (0, 100):
        writer = PreviewWriter(tmp_path, fps=1, segment_s=1, keep=2)
        for number in range(10):
            writer.write(a_picture(at=noon(start_s + number)), Overlay())
        writer.close()

    assert [one.uri for one in playlist_of(tmp_path).segments] == ["segment-18.ts", "segment-19.ts"]
    assert len(list(tmp_path.glob("*.ts"))) <= 2 + 3
    assert list(tmp_path.glob("*.part")) == []


def test_a_jump_in_time_or_size_is_a_discontinuity_of_the_preview(tmp_path) -> None:
    writer = PreviewWriter(tmp_path, fps=1, segment_s=2)
    for at_s, width_px in ((0, 96), (1, 96), (60, 96), (61, 96), (62, 128), (63, 128)):
        writer.write(a_picture(at=noon(at_s), width_px=width_px), Overlay())
    writer.close()

    listed = playlist_of(tmp_path).segments
    assert [(one.program_date_time, one.duration, one.discontinuity) for one in listed] == [
        (noon(0), 2, True), (noon(60), 2, True), (noon(62), 2, True),
    ]  # fmt: skip


def test_a_preview_shows_zones_boxes_and_words(tmp_path) -> None:
    line = Zone(((0.75, 0.9), (0.75, 0.1)), "line")
    marks = (Mark((0.2, 0.3, 0.4, 0.9), "7", is_inside=True),)
    overlay = Overlay(marks, (LEFT_HALF, line), "in 1")
    writer = PreviewWriter(tmp_path, fps=1, segment_s=1)
    for number in range(2):
        writer.write(a_picture((0, 0, 0), noon(number), 640, 480), overlay)
    writer.close()

    with av.open(str(tmp_path / "segment-0.ts")) as container:
        bgr = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert bgr[240, 480].max() > 100  # the line
    assert bgr[240, 490].max() > 100  # and its way in, to the right of somebody going up
    assert bgr[240, 470].max() < 50
    assert bgr[300, 128].argmax() == 1  # the box's left edge, green: inside
    assert bgr[:20, :120].max() > 200  # the time
    assert bgr[460:, :60].max() > 200  # the caption


def test_a_preview_that_cannot_be_written_says_so_once_and_recovers(tmp_path, caplog) -> None:
    folder = tmp_path / "preview"
    folder.write_text("in the way")
    writer = PreviewWriter(folder, fps=1, segment_s=1)
    for number in range(4):
        writer.write(a_picture(at=noon(number)), Overlay())
    folder.unlink()
    for number in range(4, 8):
        writer.write(a_picture(at=noon(number)), Overlay())
    writer.close()

    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "preview can't be written"
    ]
    assert playlist_of(folder).segments[-1].program_date_time == noon(7)


def grab(url: str, out: Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "hypersight_core.video.grab", str(out)]
    return subprocess.run(argv, input=url, capture_output=True, text=True, timeout=30, check=False)


def test_a_frame_is_grabbed_by_a_process_of_its_own(tmp_path) -> None:
    film = write_film(tmp_path / "film.mp4", Film(seconds=1))

    done = grab(f"file://{film}\n", tmp_path / "frame.jpg")

    facts = json.loads(done.stdout)
    assert datetime.fromisoformat(facts.pop("frame_at")).tzinfo is not None
    assert facts == {
        "width_px": 160, "height_px": 96, "codec": "h264", "fps": 25.0, "clock_source": "file",
    }  # fmt: skip
    assert decode_jpeg((tmp_path / "frame.jpg").read_bytes()).shape == (96, 160, 3)


def test_a_camera_that_is_away_is_one_line_and_no_secret(tmp_path) -> None:
    done = grab("http://user:secret@127.0.0.1:9/live.m3u8", tmp_path / "frame.jpg")

    said = (
        "http://127.0.0.1:9/live.m3u8: connection refused; check address and port, "
        "and that the camera is switched on"
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [said]
    assert json.loads(done.stdout) == {"fault": "unreachable", "detail": said}


def test_headers_after_the_url_are_sent(tmp_path) -> None:
    write_playlist(tmp_path, Film(seconds=2, fps=10, gop_s=1))
    with file_server(tmp_path, headers_wanted={"X-Api-Key": "hush"}) as server:
        done = grab(f"{server}/live.m3u8\nX-Api-Key: hush\n", tmp_path / "frame.jpg")
        refused = grab(f"{server}/live.m3u8\n", tmp_path / "none.jpg")

    assert json.loads(done.stdout)["width_px"] == 160
    assert (refused.returncode, "answers 401" in refused.stderr) == (1, True)
    assert json.loads(refused.stdout)["fault"] == "refused"
