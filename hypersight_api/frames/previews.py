"""Previews: begun by watchers when somebody asks for them, read from the files they write."""

import asyncio
import re
import time
from pathlib import Path

from litestar.exceptions import NotFoundException

from hypersight_api.frames.blurring import PictureFiles
from hypersight_api.frames.pictures import age_s
from hypersight_api.services import checked_id
from hypersight_core.errors import DatabaseUnavailable, NotFound, SourceUnavailable
from hypersight_core.store import processors
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import read_leases
from hypersight_core.store.previews import ask_for_preview

PLAYLIST = "processed_stream.m3u8"
TARGET_DURATION = re.compile(rb"^#EXT-X-TARGETDURATION:(\d{1,6})", re.MULTILINE)
LATE_TARGETS, LATE_S = 4, 20.0
"""A playlist that got no new segment for so many target durations, and so many seconds, is not live."""
ASK_EVERY_S = 3.0
"""However many players ask how often, the database hears it once in so long."""
BEGINS_WITHIN_S, LOOK_EVERY_S = 10.0, 0.25
"""How long an answer waits for a preview that begins: the watcher hears of it, and frames fill a segment."""
SHOWING = ("starting", "watching")
NONE_NOW = "there is no preview now: it plays while the camera is watched"
NOT_YET = "the preview is about to begin; ask again in a few seconds"


class Previews:
    """The previews of one installation."""

    def __init__(self, files: PictureFiles, store: Store) -> None:
        self._files, self._store = files, store
        self._asked_s: dict[int, float] = {}

    def folder(self, processor_id: int) -> Path:
        """Return where a watcher leaves the preview of a processor."""
        return self._files.preview(processor_id)

    async def playlist(self, processor_id: int) -> bytes:
        """Return the playlist of a processor's preview, which goes on while it is asked for.

        Raises:
            NotFoundException: there is no such processor, or nobody watches its camera.
            SourceUnavailable: the preview takes its time to begin.
            DatabaseUnavailable: nobody can be asked to begin it.
        """
        until_s = time.monotonic() + BEGINS_WITHIN_S
        content = await asyncio.to_thread(self._begun, processor_id)
        while content is None and time.monotonic() < until_s:
            await asyncio.sleep(LOOK_EVERY_S)
            content = await asyncio.to_thread(self._live, processor_id)
        if content is None:
            raise SourceUnavailable(NOT_YET)
        return content

    def _begun(self, processor_id: int) -> bytes | None:
        """Ask for a preview and return its playlist; None while there is none yet."""
        content = self._live(processor_id)
        try:
            self._ask(processor_id)
            if content is None and not self._is_watched(processor_id):
                raise NotFoundException(detail=NONE_NOW)
        except NotFound as error:
            if content is None:
                raise NotFoundException(detail=NONE_NOW) from error
        except DatabaseUnavailable:
            if content is None:
                raise
        return content

    def _ask(self, processor_id: int) -> None:
        now_s = time.monotonic()
        if now_s - self._asked_s.get(processor_id, -ASK_EVERY_S) < ASK_EVERY_S:
            return
        with self._store.transaction() as tx:
            ask_for_preview(tx, checked_id("processor", processor_id))
        self._asked_s[processor_id] = now_s

    def _is_watched(self, processor_id: int) -> bool:
        with self._store.transaction() as tx:
            camera_id = processors.get_processor(tx, processor_id).camera_id
            leases = {lease.camera_id: lease for lease in read_leases(tx)}
        lease = leases.get(camera_id)
        return lease is not None and lease.is_live and lease.state in SHOWING

    def _live(self, processor_id: int) -> bytes | None:
        """Return the playlist; None when there is none, or nothing is added to it any more."""
        path = self.folder(processor_id) / PLAYLIST
        try:
            content = path.read_bytes()
        except OSError:
            return None
        found = TARGET_DURATION.search(content)
        limit_s = max(LATE_S, LATE_TARGETS * int(found[1])) if found else LATE_S
        old_s = age_s(path)
        return content if old_s is not None and old_s <= limit_s else None
