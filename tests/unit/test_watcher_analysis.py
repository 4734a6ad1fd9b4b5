"""What a detector is posted: mosaics of the frames of one moment and size, and nothing else."""

import numpy as np
import pytest

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.mosaic import MosaicLayout
from hypersight_core.video.jpeg import decode_jpeg
from hypersight_core.video.picture import Pixels
from hypersight_core.watcher.analysis import Analyst
from tests.builders import a_camera
from tests.unit.test_video_pictures import a_picture

BLACK_BELOW = 30
"""What a JPEG makes of black."""


class Looker:
    """Keeps what it is posted, and finds nobody."""

    def __init__(self) -> None:
        self.seen: list[Pixels] = []

    def detect(self, jpeg: bytes) -> Detections:
        """Find nobody."""
        self.seen.append(decode_jpeg(jpeg))
        return Detections.none()


@pytest.fixture
def looker():
    return Looker()


@pytest.fixture
def analyst(looker):
    made = Analyst(looker, a_camera(watch_rows=2, watch_cols=2))
    yield made
    made.close()


def test_cells_for_which_no_frame_is_left_are_black_and_show_none_of_the_mosaic_before(analyst, looker):
    frames = [a_picture((200, 200, 200)) for _ in range(5)]
    assert len(list(analyst.analyse(frames, lambda: False))) == 5
    first, second = sorted(looker.seen, key=lambda one: -int(one.sum(dtype=np.int64)))
    layout = MosaicLayout(2, 2, 96, 64)
    lit = [
        [_brightest(mosaic, layout, index) > BLACK_BELOW for index in range(4)] for mosaic in (first, second)
    ]
    assert lit == [[True] * 4, [True, False, False, False]]


def test_frames_of_two_sizes_share_no_mosaic(analyst, looker):
    sizes = [(96, 64)] * 2 + [(64, 96)] * 2
    frames = [a_picture(width_px=width, height_px=height) for width, height in sizes]
    found = list(analyst.analyse(frames, lambda: False))
    assert [one.picture for one in found] == frames
    layouts = [MosaicLayout(2, 2, *size) for size in ((96, 64), (64, 96))]
    expected = {(one.height_px, one.width_px, 3) for one in layouts}
    assert len(looker.seen) == 2
    assert {mosaic.shape for mosaic in looker.seen} == expected


def _brightest(mosaic: Pixels, layout: MosaicLayout, index: int) -> int:
    left, top, right, bottom = layout.cell_px(index)
    return int(mosaic[top:bottom, left:right].max())
