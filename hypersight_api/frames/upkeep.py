"""Keeps pictures and positions on disk from growing for ever: nothing stays of what is gone."""

import asyncio
import logging
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from hypersight_api.frames.pictures import KEPT_S, age_s, frames_folder
from hypersight_core.domain.picture_files import previews_folder, snapshots_folder
from hypersight_core.errors import HypersightError
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store
from hypersight_core.store.recent import KEPT_MINUTES

logger = logging.getLogger(__name__)

EVERY_S = 60.0
SETTLED_S = 60.0
"""A watcher may go on writing for a moment after its camera or processor was deleted."""
STALE_S = 3600.0
"""Previews nobody renews for that long are of no use: the camera is not watched."""
LAST_KEPT_S = 86_400.0
"""Zones of a camera that is away are drawn on how it was last seen, for a day."""


async def keep_tidy(var_dir: Path, store: Store, stopping: asyncio.Event) -> None:
    """Tidy up once a minute until told to stop; never leaves a round half done."""
    while not stopping.is_set():
        try:
            await asyncio.to_thread(tidy, var_dir, store)
        except (HypersightError, OSError) as error:
            logger.warning("could not tidy up pictures", extra={"reason": str(error)})
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), EVERY_S)


def tidy(var_dir: Path, store: Store) -> None:
    """Remove pictures that are of no use any more.

    Raises:
        DatabaseUnavailable: nobody can say what is gone; only frames taken on demand were removed.
        OSError: a folder cannot be read.
    """
    _remove_older(frames_folder(var_dir).glob("*.jpg"), KEPT_S)
    with store.transaction() as tx:
        known = cameras.list_cameras(tx)
        showing = [one for one in processors.list_processors(tx) if one.output_hls]
    _tidy_recent(var_dir / "recent", {str(one.camera_id) for one in known})
    for is_blurred in (False, True):
        ids = {one.camera_id for one in known if one.blur_persons == is_blurred}
        _tidy_snapshots(snapshots_folder(var_dir, is_blurred=is_blurred), set(map(str, ids)))
        of_these = {str(one.processor_id) for one in showing if one.camera_id in ids}
        _tidy_previews(previews_folder(var_dir, is_blurred=is_blurred), of_these)


def _tidy_snapshots(folder: Path, camera_ids: Collection[str]) -> None:
    snapshots = list(folder.glob("*.*"))
    _remove_older((one for one in snapshots if one.stem not in camera_ids), SETTLED_S)
    _remove_older(snapshots, LAST_KEPT_S)


def _tidy_recent(folder: Path, camera_ids: Collection[str]) -> None:
    for recent in folder.glob("*"):
        _remove_older(recent.glob("*"), KEPT_MINUTES * 60 if recent.name in camera_ids else SETTLED_S)
        if recent.name not in camera_ids:
            with suppress(OSError):  # its watcher is just ending
                recent.rmdir()


def _tidy_previews(folder: Path, showing: Collection[str]) -> None:
    for preview in folder.glob("*"):
        files = list(preview.glob("*"))
        if preview.name in showing:
            # Not the folder itself: its watcher may be waiting for the camera to come back.
            _remove_older(files, STALE_S)
        elif all(_is_older(one, SETTLED_S) for one in [preview, *files]):
            shutil.rmtree(preview, ignore_errors=True)


def _remove_older(files: Iterable[Path], than_s: float) -> None:
    for path in files:
        if _is_older(path, than_s):
            path.unlink(missing_ok=True)


def _is_older(path: Path, than_s: float) -> bool:
    return (age_s(path) or 0.0) > than_s
