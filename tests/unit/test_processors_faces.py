"""Faces: cut out, broadcast, never kept."""

import logging
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from hypersight_core.domain.faces import Box, FacesInFrame
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.processors import registry
from hypersight_core.processors.faces import MAX_PERSONS
from hypersight_core.processors.interface import (
    FoundFaces,
    Frame,
    FrameProcessor,
    Pixels,
    SegmentStart,
    Services,
)
from tests.builders import LEFT_HALF, a_camera, a_processor, noon
from tests.walkers import HEIGHT_PX, WIDTH_PX, seen


class Stage:
    """Services that find one face at a known place of each crop, and keep what is broadcast."""

    def __init__(self, box_px: Box = (10.0, 20.0, 30.0, 50.0)) -> None:
        self.box_px = box_px
        self.is_down = False
        self.crops: list[tuple[int, ...]] = []
        self.broadcast: list[FacesInFrame] = []

    def find_faces(self, jpeg: bytes) -> FoundFaces:
        if self.is_down:
            raise DetectorUnavailable("the face detector does not answer")
        self.crops.append(tuple(int(part) for part in jpeg.decode().split("x")))
        return FoundFaces([self.box_px], [0.97])

    def encode_jpeg(self, pixels: Pixels) -> bytes:
        assert pixels.flags.c_contiguous
        return "x".join(map(str, pixels.shape)).encode()

    def processor(self, **changes: Any) -> FrameProcessor:
        services = Services(self.find_faces, self.encode_jpeg, self.broadcast.append)
        return registry.make(a_camera(), a_processor(**({"kind": "faces", "zones": ()} | changes)), services)


def frame(at: datetime | None = None) -> Frame:
    return Frame(at or noon(), WIDTH_PX, HEIGHT_PX, lambda: np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8))


def test_a_face_is_broadcast_in_pixels_of_the_frame_without_the_cameras_password():
    stage = Stage()
    events = stage.processor().update(frame(), seen([(0.5, 0.5)]))
    assert not events
    (found,) = stage.broadcast
    assert (found.camera_id, found.camera_url, found.frame_at) == (
        1,
        "http://camera.invalid/live.m3u8",
        noon(),
    )
    (face,) = found.faces
    crop_left, crop_top = round((0.475 - 0.005) * WIDTH_PX), round((0.4 - 0.01) * HEIGHT_PX)
    assert list(face.box_px) == [crop_left + 10, crop_top + 20, crop_left + 30, crop_top + 50]
    assert face.score == 0.97


def test_the_upper_body_is_asked_for_and_the_face_cut_with_a_small_margin():
    stage = Stage()
    stage.processor().update(frame(), seen([(0.5, 0.5)]))
    assert stage.crops == [(round(0.12 * HEIGHT_PX), round(0.06 * WIDTH_PX), 3)]
    height_px, width_px, _ = (int(part) for part in stage.broadcast[0].faces[0].jpeg.decode().split("x"))
    assert (height_px, width_px) == (40, 26)


def test_only_certain_persons_inside_the_zones_are_looked_at():
    stage = Stage()
    processor = stage.processor(zones=(LEFT_HALF,), threshold=0.5)
    processor.update(frame(), seen([(0.8, 0.5)]))
    processor.update(frame(), seen([(0.2, 0.5)], score=0.4))
    processor.update(frame(noon(1)), seen([(0.2, 0.5), (0.8, 0.5)]))
    assert [found.frame_at for found in stage.broadcast] == [noon(1)]
    assert len(stage.crops) == 1


def test_of_a_crowd_the_most_certain_persons_are_looked_at_so_that_others_need_not_wait():
    crowd = seen([(0.5, 0.5)] * (MAX_PERSONS + 8))
    crowd.scores[8:] = np.linspace(0.5, 0.9, MAX_PERSONS)
    crowd.scores[:8] = 0.45
    crowd.boxes_rel[:8, 3] += 0.1  # taller, to be told apart
    stage = Stage()
    stage.processor(threshold=0.4).update(frame(), crowd)
    assert len(stage.crops) == MAX_PERSONS
    assert len({height for height, *_ in stage.crops}) == 1


def test_a_frame_without_persons_is_not_even_converted():
    def pixels() -> Pixels:
        raise AssertionError("nobody needs the pixels")

    stage = Stage()
    stage.processor().update(Frame(noon(), WIDTH_PX, HEIGHT_PX, pixels), seen([]))
    assert stage.broadcast == []


def test_a_face_at_the_edge_is_clipped_to_the_frame():
    stage = Stage(box_px=(-40.0, -40.0, 500.0, 500.0))
    stage.processor().update(frame(), seen([(0.02, 0.05)]))
    left, top, right, bottom = stage.broadcast[0].faces[0].box_px
    assert 0 <= left < right <= WIDTH_PX
    assert 0 <= top < bottom <= HEIGHT_PX


def test_a_face_found_in_two_overlapping_crops_is_one_face():
    stage = Stage(box_px=(10.0, 10.0, 80.0, 80.0))
    stage.processor().update(frame(), seen([(0.5, 0.5), (0.503, 0.5)]))
    assert len(stage.crops) == 2
    assert len(stage.broadcast[0].faces) == 1


def test_a_person_too_small_for_a_face_is_not_asked_about():
    stage = Stage()
    stage.processor().update(frame(), seen([(0.5, 0.5)], tall=0.02))
    assert stage.crops == []


def test_an_outage_of_the_face_detector_is_logged_once_and_breaks_nothing(caplog):
    caplog.set_level(logging.INFO)
    stage = Stage()
    processor = stage.processor()
    stage.is_down = True
    for _ in range(3):
        assert processor.update(frame(), seen([(0.5, 0.5)])) == ()
    assert caplog.text.count("does not answer") == 1
    assert processor.overlay().caption == "0 faces"
    stage.is_down = False
    processor.update(frame(), seen([(0.5, 0.5)]))
    assert len(stage.broadcast) == 1
    assert "answers again" in caplog.text


def test_nothing_is_kept():
    stage = Stage()
    processor = stage.processor()
    assert processor.begin(SegmentStart(noon(), is_continuous=False)) == ()
    processor.update(frame(), seen([(0.5, 0.5)]))
    assert processor.state() == {}
    assert processor.overlay().caption == "1 face"
    assert processor.overlay().marks[0].box_rel == pytest.approx(
        (762 / 1600, 371 / 900, 782 / 1600, 401 / 900)
    )


def test_faces_below_the_threshold_are_not_broadcast():
    stage = Stage()
    stage.processor(threshold=0.98).update(frame(), seen([(0.5, 0.5)], score=0.99))
    assert stage.crops
    assert stage.broadcast == []


def best_views(stage: Stage, sizes_px: list[float], fps: float = 4.0) -> None:
    """Show one person that stands still; the face found on each frame is as large as told."""
    processor = stage.processor(best_view=True)
    for index, size_px in enumerate(sizes_px):
        stage.box_px = (10.0, 20.0, 10.0 + size_px, 20.0 + size_px)
        processor.update(frame(noon(index / fps)), seen([(0.5, 0.5)]))


def test_the_best_view_of_each_person_is_broadcast_once_a_second():
    stage = Stage()
    best_views(stage, [20, 30, 24, 22, 20, 28, 20, 20, 20, 20])
    assert [found.frame_at for found in stage.broadcast] == [noon(0.25), noon(1.25)]
    assert [
        [round(face.box_px[2] - face.box_px[0]) for face in found.faces] for found in stage.broadcast
    ] == [
        [30],
        [28],
    ]


def test_two_persons_each_have_their_own_second():
    stage = Stage()
    processor = stage.processor(best_view=True)
    for index in range(9):
        there = [(0.2, 0.5), (0.8, 0.5)] if index >= 2 else [(0.2, 0.5)]
        processor.update(frame(noon(index / 4)), seen(there))
    assert [(found.frame_at, len(found.faces)) for found in stage.broadcast] == [
        (noon(0.0), 1), (noon(0.5), 1), (noon(1.0), 1),
    ]  # fmt: skip


def test_who_left_is_still_shown_once_and_nothing_is_kept():
    stage = Stage()
    processor = stage.processor(best_view=True)
    processor.update(frame(noon(0.0)), seen([(0.5, 0.5)]))
    for index in range(1, 9):
        processor.update(frame(noon(index / 4)), seen([]))
    assert [found.frame_at for found in stage.broadcast] == [noon(0.0)]
    assert processor.state() == {}


def test_a_face_that_belongs_to_nobody_is_broadcast_at_once():
    stage = Stage(box_px=(500.0, 20.0, 520.0, 40.0))
    best_views(stage, [20.0])
    stage.broadcast.clear()
    processor = stage.processor(best_view=True)
    stage.box_px = (400.0, 20.0, 440.0, 60.0)
    processor.update(frame(), seen([(0.5, 0.5)]))
    assert [found.frame_at for found in stage.broadcast] == [noon()]
