"""What the camera of the chaos run shows, and the detector that finds it: persons as bright squares."""

import json
import sys
from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.zones import Zone
from tests.clips import Film
from tests.fakes.detector_server import FakeDetector, Fault

LANES = 3
SPEEDS_REL = (0.16, -0.23, 0.31)
"""Of the persons in each lane, picture widths per second; they come back at the other side."""
SIDE_REL = 0.6
"""Of a square, in lane heights."""
GRAIN_PX = 8
"""Of the wall behind them: noise of single pixels costs a decoder several times what real pictures do."""
WHITE = 200
MIN_WHITE_PX = 40
SQUARE_ZONE = Zone(((0.35, 0.0), (0.65, 0.0), (0.65, 1.0), (0.35, 1.0)), "square")


@dataclass(frozen=True)
class Street(Film):
    """Three lanes; in each a person walks through the picture, out of it and in again."""

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index`, shape `(height, width, 3)`, BGR."""
        coarse = (-(-self.height_px // GRAIN_PX), -(-self.width_px // GRAIN_PX), 3)
        wall = np.random.default_rng(7).integers(40, 110, coarse).astype(np.uint8)
        bgr = wall.repeat(GRAIN_PX, axis=0).repeat(GRAIN_PX, axis=1)[: self.height_px, : self.width_px]
        lane_px = self.height_px // LANES
        side_px = round(SIDE_REL * lane_px)
        for lane, speed_rel in enumerate(SPEEDS_REL):
            way_px = self.width_px + 2 * side_px
            left = (
                round(index / self.fps * speed_rel * self.width_px + lane * 0.3 * way_px) % way_px - side_px
            )
            top = lane * lane_px + (lane_px - side_px) // 2
            bgr[top : top + side_px, max(0, left) : max(0, left + side_px)] = 255
        return bgr


class StreetFinder:
    """Finds the persons of a `Street`, one a lane at most."""

    def detect(self, jpeg: bytes) -> Detections:
        """Return them, in coordinates of the picture."""
        boxes = street_rows(jpeg)
        return Detections(np.array(boxes).reshape(-1, 6)[:, :4], np.array([row[4] for row in boxes]))


def street_rows(jpeg: bytes) -> list[list[float]]:
    """Answer as an external detector of persons does."""
    bright = simplejpeg.decode_jpeg(jpeg, colorspace="GRAY")[:, :, 0] > WHITE
    height, width = bright.shape
    lane_px = height // LANES
    rows = []
    for lane in range(LANES):
        part = bright[lane * lane_px : (lane + 1) * lane_px]
        if part.sum() < MIN_WHITE_PX:
            continue
        down, across = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        top, bottom = lane * lane_px + down[0], lane * lane_px + down[-1] + 1
        rows.append([across[0] / width, top / height, (across[-1] + 1) / width, bottom / height, 0.9, 0.0])
    return rows


def serve(port: int) -> None:
    """Be the detector on `port`; each line of standard input orders a fault, an empty one ends it."""
    with FakeDetector(answers=street_rows, port=port) as detector:
        print(json.dumps({"url": detector.url}), flush=True)
        for line in sys.stdin:
            order = line.strip()
            detector.delay_s = float(order.removeprefix("slow ")) if order.startswith("slow ") else 0.0
            detector.fault = Fault(order) if order in list(Fault) else None
            detector.requests.clear()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
