"""Frames of cameras as JPEG files: the watcher's latest, or one taken now by a process of its own."""

import asyncio
import logging
import secrets
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import simplejpeg

from hypersight_api.services import checked_id
from hypersight_core.domain.cameras import Camera
from hypersight_core.errors import NotFound, SourceUnavailable
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store

logger = logging.getLogger(__name__)

FRESH_S = 30.0
KEPT_S = 600.0
GRAB_WITHIN_S = 12.0
MAX_GRABS = 4
_grabs = asyncio.Semaphore(MAX_GRABS)


@dataclass(frozen=True, slots=True)
class SavedFrame:
    """A frame that waits to be fetched."""

    path: str
    height_px: int
    width_px: int


def known_camera(store: Store, camera_id: int) -> Camera | None:
    """Return the camera, or None when there is none of that id."""
    try:
        with store.transaction() as tx:
            return cameras.get_camera(tx, checked_id("camera", camera_id))
    except NotFound:
        return None


async def new_frame(var_dir: Path, camera: Camera) -> SavedFrame | None:
    """Save a frame of the camera under a name nobody can guess; None when the camera does not respond.

    Raises:
        SourceUnavailable: too many frames are being taken already.
    """
    folder = frames_folder(var_dir)
    await asyncio.to_thread(_prepare, folder)
    path = folder / f"{secrets.token_urlsafe(16)}.jpg"
    if not await asyncio.to_thread(_copy_fresh, snapshot_path(var_dir, camera.camera_id), path):
        await _grab(camera, path)
    return await asyncio.to_thread(_measured, path)


async def latest_jpeg(var_dir: Path, camera: Camera) -> bytes | None:
    """Return the watcher's latest frame, else one taken now; None when the camera does not respond.

    Raises:
        SourceUnavailable: too many frames are being taken already.
    """
    frame = await new_frame(var_dir, camera)
    if frame is None:
        return None
    path = frames_folder(var_dir) / Path(frame.path).name
    content = await asyncio.to_thread(path.read_bytes)
    path.unlink(missing_ok=True)
    return content


def frames_folder(var_dir: Path) -> Path:
    """Return where frames taken on demand are kept for a while."""
    return var_dir / "frames"


def snapshot_path(var_dir: Path, camera_id: int) -> Path:
    """Return where a watcher leaves its latest frame."""
    return var_dir / "snapshots" / f"{camera_id}.jpg"


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.jpg"):
        if (age_s(old) or 0.0) > KEPT_S:
            old.unlink(missing_ok=True)


def _copy_fresh(snapshot: Path, path: Path) -> bool:
    old_s = age_s(snapshot)
    if old_s is None or old_s > FRESH_S:
        return False
    try:
        shutil.copyfile(snapshot, path)
    except FileNotFoundError:
        return False
    return True


def age_s(path: Path) -> float | None:
    """Return how long ago a file was written; None when it is not there."""
    try:
        return datetime.now().astimezone().timestamp() - path.stat().st_mtime
    except FileNotFoundError:
        return None


async def _grab(camera: Camera, path: Path) -> None:
    if _grabs.locked():
        raise SourceUnavailable(f"{MAX_GRABS} frames are being taken already; try again in a few seconds")
    headers = (f"{name}: {value}" for name, value in camera.http_headers.items())
    asked = "\n".join((camera.stream_url, *headers))
    async with _grabs:
        started_s = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hypersight_core.video.grab", str(path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.wait_for(process.communicate(asked.encode()), GRAB_WITHIN_S)
        except TimeoutError:
            logger.info("camera gave no frame in time", extra={"waited_s": time.monotonic() - started_s})
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _measured(path: Path) -> SavedFrame | None:
    try:
        height_px, width_px, *_ = simplejpeg.decode_jpeg_header(path.read_bytes())
    except (FileNotFoundError, ValueError):
        path.unlink(missing_ok=True)
        return None
    return SavedFrame(f"/frame/{path.name}", height_px, width_px)
