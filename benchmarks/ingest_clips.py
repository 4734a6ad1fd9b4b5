"""The clips of `benchmarks.ingest`: real footage, coded the ways cameras code."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

FPS = 25
NOISE = 3.0
"""Standard deviation of the sensor noise added, in grey levels: enlarged footage has no fine texture."""


@dataclass(frozen=True, slots=True)
class Clip:
    """How a clip is coded."""

    height_px: int
    group: int
    """Frames from one key frame to the next."""
    has_b_frames: bool
    seconds: int = 20

    @property
    def name(self) -> str:
        """For example `1080_g50_b`."""
        return f"{self.height_px}_g{self.group}_{'b' if self.has_b_frames else 'nob'}"

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.seconds * FPS


def written(clip: Clip, footage: Path, folder: Path) -> Path:
    """Return the playlist of `clip`; beside it lies the same as one file, `whole.ts`."""
    playlist = folder / clip.name / "live.m3u8"
    if not playlist.is_file():
        playlist.parent.mkdir(parents=True, exist_ok=True)
        whole = playlist.with_name("whole.ts")
        _encode(clip, footage, whole)
        _segment(whole, playlist)
    return playlist


def _encode(clip: Clip, footage: Path, whole: Path) -> None:
    width_px, kbit_s = clip.height_px * 16 // 9, 4500 if clip.height_px == 1080 else 2500
    rng = np.random.default_rng(1)
    with av.open(str(whole), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=_options(clip))
        assert isinstance(stream, VideoStream)  # noqa: S101 - libx264 is a video encoder
        stream.width, stream.height, stream.pix_fmt = width_px, clip.height_px, "yuv420p"
        stream.bit_rate = kbit_s * 1000
        for index, bgr in zip(range(clip.frames), _pictures(footage, width_px, clip.height_px), strict=False):
            noisy = bgr + rng.normal(0.0, NOISE, bgr.shape[:2])[..., None]
            frame = av.VideoFrame.from_ndarray(noisy.clip(0, 255).astype(np.uint8), format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _options(clip: Clip) -> dict[str, str]:
    group = f"keyint={clip.group}:min-keyint={clip.group}:scenecut=0"
    if clip.has_b_frames:
        return {"preset": "medium", "x264-params": group}
    return {"preset": "medium", "tune": "zerolatency", "x264-params": f"{group}:bframes=0:ref=1:slices=1"}


def _pictures(footage: Path, width_px: int, height_px: int) -> Iterator[np.ndarray]:
    """Yield the footage over and over, cut to 16:9."""
    for path in chain(repeat(footage)):
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                cut_px = (frame.height - frame.width * 9 // 16) // 2
                scaled_px = round(frame.height * width_px / frame.width)
                top_px = round(cut_px * width_px / frame.width)
                whole = frame.to_ndarray(format="bgr24", width=width_px, height=scaled_px)
                yield whole[top_px : top_px + height_px]


def _segment(whole: Path, playlist: Path) -> None:
    """Cut at key frames, into segments of 4 seconds where there are any."""
    options = {"hls_time": "4", "hls_list_size": "0", "hls_playlist_type": "vod"}
    options["hls_flags"] = "program_date_time"
    with av.open(str(whole)) as given, av.open(str(playlist), "w", options=options) as container:
        stream = given.streams.video[0]
        copy = container.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.size:
                packet.stream = copy
                container.mux(packet)
