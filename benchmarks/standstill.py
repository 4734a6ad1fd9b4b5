"""Scenes in which little happens, made of real footage: it plays, then stands still under real noise.

Whoever is on the last frame before a standstill stands there until the film goes on, so the ground truth
of that frame holds throughout. The noise is the camera's own: the difference between two neighbouring
frames where nothing moves, its holes filled from other places in time; then x264 at a camera's bit rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]

MOVED = 10
"""Levels of 255 by which a smoothed pixel differs where something moves."""
LOOK_AROUND = (-6, -3, 0, 3, 6)
"""Frames that are compared to find where something moves."""
FIELDS = 24
BIT_RATE = 1_000_000
KEY_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the real film, and how long its last frame then stands still."""

    first: int
    last: int
    still_s: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """How the camera sees the scene."""

    light: float = 1.0
    """Share of the real light: 0.3 is a night scene."""
    noise: float = 1.0
    """Times the real camera's noise."""


def source_frames(pieces: Sequence[Piece], fps: float) -> list[int]:
    """Return for each frame of the scene which frame of the real film it shows."""
    shown = []
    for piece in pieces:
        shown += list(range(piece.first, piece.last + 1))
        shown += [piece.last] * round(piece.still_s * fps)
    return shown


def write_scene(real: Path, scene: Path, pieces: Sequence[Piece], exposure: Exposure, fps: float) -> Path:
    """Encode the scene; nothing is done when it is there."""
    if scene.exists():
        return scene
    frames = _decoded(real)
    fields = noise_fields(frames)
    random = np.random.default_rng(1)
    part = scene.with_suffix(".part.mp4")
    with av.open(str(part), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(100))
        assert isinstance(stream, VideoStream)  # noqa: S101 - for the type checker
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", BIT_RATE
        stream.gop_size = round(KEY_EVERY_S * fps)
        stream.options = {"preset": "veryfast", "bf": "0"}
        before = -1
        for shown in source_frames(pieces, fps):
            is_still = shown == before
            # A real frame brings its own noise; a still one gets all of it, the other what is missing.
            amount = exposure.noise if is_still else max(0.0, exposure.noise - exposure.light)
            noise = amount * fields[int(random.integers(len(fields)))]
            seen = np.clip(frames[shown] * np.float32(exposure.light) + noise, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(seen, format="bgr24")))
            before = shown
        container.mux(stream.encode(None))
    return part.rename(scene)


def noise_fields(frames: Sequence[Pixels]) -> list[Field]:
    """Return the camera's noise, shape `(height, width, 3)` each, without anything that moves."""
    places = np.linspace(8, len(frames) - 9, FIELDS).astype(int)
    torn = [_torn(frames, int(place)) for place in places]
    return [_filled(torn, index) for index in range(len(torn))]


def _torn(frames: Sequence[Pixels], index: int) -> Field:
    around = np.stack([_smooth(frames[index + step]) for step in LOOK_AROUND])
    has_moved = around.max(axis=0) - around.min(axis=0) > MOVED
    grown = Image.fromarray((has_moved * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(31))
    noise: Field = (frames[index].astype(np.float32) - frames[index + 1]) / np.float32(np.sqrt(2))
    noise[np.asarray(grown) > 0] = np.nan
    return noise


def _filled(torn: Sequence[Field], index: int) -> Field:
    field = torn[index].copy()
    for step in range(1, len(torn)):
        hole = np.isnan(field)
        if not hole.any():
            break
        field[hole] = torn[(index + step) % len(torn)][hole]
    return np.nan_to_num(field)


def _smooth(frame: Pixels) -> NDArray[np.int16]:
    grey = Image.fromarray(frame).convert("L").filter(ImageFilter.BoxBlur(2))
    return np.asarray(grey).astype(np.int16)


def _decoded(film: Path) -> list[Pixels]:
    return list(_frames(film))


def _frames(film: Path) -> Iterator[Pixels]:
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
