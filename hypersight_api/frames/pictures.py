"""Frames of cameras as JPEG files: the watcher's latest, or one taken now by a process of its own."""

import asyncio
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import simplejpeg

from hypersight_api.frames.grabbing import grab
from hypersight_api.services import checked_id
from hypersight_core.domain.cameras import Camera
from hypersight_core.domain.picture_files import snapshot_path
from hypersight_core.errors import NotFound
from hypersight_core.settings import Settings
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store

FRESH_S = 30.0
KEPT_S = 600.0


@dataclass(frozen=True, slots=True)
class SavedFrame:
    """A frame that waits to be fetched."""

    path: str
    height_px: int
    width_px: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture, and how long ago it was taken."""

    jpeg: bytes
    old_s: float
    is_last: bool
    """The camera does not respond: this is from when it last did."""


def known_camera(store: Store, camera_id: int) -> Camera | None:
    """Return the camera, or None when there is none of that id."""
    try:
        with store.transaction() as tx:
            return cameras.get_camera(tx, checked_id("camera", camera_id))
    except NotFound:
        return None


async def new_frame(settings: Settings, camera: Camera) -> SavedFrame | None:
    """Save a frame of the camera under a name nobody can guess; None when the camera does not respond.

    Raises:
        SourceUnavailable: too many frames are being taken already.
    """
    path = await new_path(settings.var_dir)
    if not await asyncio.to_thread(_copy_fresh, snapshot_of(settings.var_dir, camera), path):
        await grab(camera, path, settings)
    return await asyncio.to_thread(measured, path)


async def new_path(var_dir: Path) -> Path:
    """Return where to write a frame that may be fetched for a while, under a name nobody can guess."""
    folder = frames_folder(var_dir)
    await asyncio.to_thread(_prepare, folder)
    return folder / f"{secrets.token_urlsafe(16)}.jpg"


async def latest(settings: Settings, camera: Camera, *, or_last: bool) -> Taken | None:
    """Return the watcher's latest frame, else one taken now; None when the camera does not respond.

    Args:
        or_last: rather an old frame of the watcher's than none.

    Raises:
        SourceUnavailable: too many frames are being taken already.
    """
    var_dir = settings.var_dir
    frame = await new_frame(settings, camera)
    if frame is None:
        return await asyncio.to_thread(_last, snapshot_of(var_dir, camera)) if or_last else None
    path = frames_folder(var_dir) / Path(frame.path).name
    old_s = await asyncio.to_thread(age_s, path)
    content = await asyncio.to_thread(path.read_bytes)
    path.unlink(missing_ok=True)
    return Taken(content, old_s or 0.0, is_last=False)


def _last(path: Path) -> Taken | None:
    old_s = age_s(path)
    try:
        return None if old_s is None else Taken(path.read_bytes(), old_s, is_last=True)
    except FileNotFoundError:
        return None


def frames_folder(var_dir: Path) -> Path:
    """Return where frames taken on demand are kept for a while."""
    return var_dir / "frames"


def snapshot_of(var_dir: Path, camera: Camera) -> Path:
    """Return where a watcher leaves its latest frame."""
    return snapshot_path(var_dir, camera.camera_id, is_blurred=camera.blur_persons)


def left_at_s(var_dir: Path, camera_id: int) -> float | None:
    """Return when a watcher left its latest frame, blurred or not, as a file time; None: there is none."""
    paths = [snapshot_path(var_dir, camera_id, is_blurred=one) for one in (False, True)]
    return max((path.stat().st_mtime for path in paths if path.exists()), default=None)


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
        shutil.copy2(snapshot, path)  # with its time
    except FileNotFoundError:
        return False
    return True


def age_s(path: Path) -> float | None:
    """Return how long ago a file was written; None when it is not there."""
    try:
        return datetime.now().astimezone().timestamp() - path.stat().st_mtime
    except FileNotFoundError:
        return None


def measured(path: Path) -> SavedFrame | None:
    """Return a frame that was written to `path`; None when there is none."""
    try:
        height_px, width_px, *_ = simplejpeg.decode_jpeg_header(path.read_bytes())
    except (FileNotFoundError, ValueError):
        path.unlink(missing_ok=True)
        return None
    return SavedFrame(f"/frame/{path.name}", height_px, width_px)
