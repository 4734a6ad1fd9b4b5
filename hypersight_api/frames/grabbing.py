"""One frame of a stream, taken by a process of its own that is ended when it takes too long."""

import asyncio
import logging
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from hypersight_core.domain.cameras import CameraSettings
from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.reach import Reach
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings

logger = logging.getLogger(__name__)

WITHIN_S = 12.0
MAX_GRABS = 4
_grabs = asyncio.Semaphore(MAX_GRABS)


class StreamFacts(msgspec.Struct, frozen=True):
    """What a stream turned out to be."""

    width_px: int
    height_px: int
    codec: str
    fps: float | None
    clock_source: str
    frame_at: datetime


class StreamProblem(msgspec.Struct, frozen=True):
    """Why there is no frame."""

    fault: StreamFault
    detail: str
    """Without user, password and other secrets."""


async def grab(
    camera: CameraSettings, path: Path, settings: Settings, within_s: float = WITHIN_S
) -> StreamFacts | StreamProblem:
    """Write a frame as JPEG to `path`; where persons are to be blurred, all of it is hidden.

    Raises:
        SourceUnavailable: too many frames are being taken already, or the camera's password cannot be read.
    """
    camera = await asyncio.to_thread(Keyring.of(settings).opened, camera)
    if _grabs.locked():
        raise SourceUnavailable(f"{MAX_GRABS} frames are being taken already; try again in a few seconds")
    headers = (f"{name}: {value}" for name, value in camera.http_headers.items())
    async with _grabs:
        asked = "\n".join((camera.stream_url, *headers))
        answer = await _answer(asked, path, settings, within_s, is_hidden=camera.blur_persons)
    return _understood(answer, within_s)


async def _answer(asked: str, path: Path, settings: Settings, within_s: float, *, is_hidden: bool) -> bytes:
    started_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hypersight_core.video.grab", str(path)),
        *("--hosts", settings.camera_hosts, "--media-dir", str(Reach.of(settings).media_dir)),
        *(["--hidden"] if is_hidden else []),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(asked.encode()), within_s)
    except TimeoutError:
        logger.info("camera gave no frame in time", extra={"waited_s": time.monotonic() - started_s})
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return answer


def _understood(answer: bytes, within_s: float) -> StreamFacts | StreamProblem:
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(answer, type=StreamFacts)
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(answer, type=StreamProblem)
    return StreamProblem(StreamFault.TIMED_OUT, f"no frame came within {within_s:g} s")
