"""Films of known motion, made on the spot."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

SQUARE_PX = 24
STEP_PX = 3
SOUND_HZ, SOUND_BLOCK = 8000, 1024


@dataclass(frozen=True)
class Film:
    """How a film is coded: a white square walks to the right, over a fixed texture."""

    seconds: float = 4.0
    fps: int = 25
    gop_s: float = 2.0
    b_frames: int = 0
    codec: str = "libx264"
    width_px: int = 160
    height_px: int = 96
    is_open_gop: bool = False
    temporal_layers: int = 0
    """H.265 only; 0: the usual one."""
    step_px: int = STEP_PX
    """How far the square goes from frame to frame."""
    has_variable_rate: bool = False
    """Every other second only each fifth frame is there."""

    @property
    def frames(self) -> int:
        return round(self.seconds * self.fps)

    @property
    def shown(self) -> list[int]:
        """Which frames are there."""
        return [
            index
            for index in range(self.frames)
            if not self.has_variable_rate or index // self.fps % 2 == 0 or index % 5 == 0
        ]

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index`, shape `(height, width, 3)`, BGR."""
        shape = (self.height_px, self.width_px, 3)
        bgr = np.random.default_rng(7).integers(40, 110, shape).astype(np.uint8)
        left = self.square_left_px(index)
        bgr[self.height_px // 2 :, left : left + SQUARE_PX] = 255
        return bgr

    def square_left_px(self, index: int) -> int:
        return index * self.step_px % (self.width_px - SQUARE_PX)


def write_film(path: Path, film: Film, *, sound_s: float = 0.0) -> Path:
    """Encode `film`, and silence for `sound_s`; the container follows from the path's suffix."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(film.codec, rate=film.fps, options=_options(film))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = film.width_px, film.height_px, _pixel_format(film)
        stream.codec_context.time_base = Fraction(1, film.fps)
        stream.codec_context.thread_count = 1
        sound = container.add_stream("aac", rate=SOUND_HZ, layout="mono") if sound_s else None
        for index in film.shown:
            frame = av.VideoFrame.from_ndarray(film.pixels(index), format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            container.mux([packet for block in _silence(sound_s) for packet in sound.encode(block)])
    return path


def _silence(seconds: float) -> Iterator[av.AudioFrame]:
    for at in range(0, round(seconds * SOUND_HZ), SOUND_BLOCK):
        block = av.AudioFrame.from_ndarray(np.zeros((1, SOUND_BLOCK), np.float32), "fltp", "mono")
        block.sample_rate, block.pts, block.time_base = SOUND_HZ, at, Fraction(1, SOUND_HZ)
        yield block


def _pixel_format(film: Film) -> str:
    return "yuvj420p" if film.codec == "mjpeg" else "yuv420p"


def _options(film: Film) -> dict[str, str]:
    if film.codec in ("mjpeg", "rawvideo"):
        return {}
    gop = round(film.gop_s * film.fps)
    open_gop = int(film.is_open_gop)
    parameters = (
        f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={film.b_frames}:b-adapt=0:open-gop={open_gop}"
    )
    name = "x265-params" if film.codec == "libx265" else "x264-params"
    quiet = ":log-level=none:pools=1:frame-threads=1" if film.codec == "libx265" else ""
    if film.temporal_layers:
        quiet += f":temporal-layers={film.temporal_layers}"
    return {"preset": "veryfast", name: parameters + quiet}


def write_playlist(folder: Path, film: Film, **options: str) -> Path:
    """Write `film` as an HLS recording by FFmpeg's own muxer; `options` are the muxer's."""
    source = write_film(folder / "source.mkv", film)
    playlist = folder / "live.m3u8"
    usual = {"hls_time": str(film.gop_s), "hls_list_size": "0", "hls_playlist_type": "vod"}
    with av.open(str(source)) as given, av.open(str(playlist), "w", options=usual | options) as written:
        stream = given.streams.video[0]
        copy = written.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.size:
                packet.stream = copy
                written.mux(packet)
    source.unlink()
    return playlist
