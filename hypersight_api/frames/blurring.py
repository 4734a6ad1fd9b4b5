"""Which pictures may be shown of a camera: those with persons blurred, or those as they are."""

import time
from pathlib import Path

from hypersight_api.services import checked_id
from hypersight_core.domain.picture_files import preview_folder, snapshot_path
from hypersight_core.errors import DatabaseUnavailable, NotFound
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store

HOLDS_S = 2.0
"""However often pictures are asked for, the database is asked once in so long; a watcher takes as long."""


class PictureFiles:
    """Where the pictures are that may be shown.

    What the database cannot say, since it is away or knows no such camera, the files do: of cameras whose
    persons are blurred those have replaced the others.
    """

    def __init__(self, var_dir: Path, store: Store) -> None:
        self._var_dir, self._store = var_dir, store
        self._answers: dict[tuple[str, int], tuple[float, bool]] = {}

    def snapshot(self, camera_id: int) -> Path:
        """Return where a watcher leaves the latest frame of a camera."""
        plain, blurred = (snapshot_path(self._var_dir, camera_id, is_blurred=one) for one in (False, True))
        return blurred if self._is_blurred("camera", camera_id, blurred) else plain

    def preview(self, processor_id: int) -> Path:
        """Return where a watcher leaves the preview of a processor."""
        plain, blurred = (
            preview_folder(self._var_dir, processor_id, is_blurred=one) for one in (False, True)
        )
        return blurred if self._is_blurred("processor", processor_id, blurred) else plain

    def _is_blurred(self, kind: str, number: int, blurred: Path) -> bool:
        asked_s, answer = self._answers.get((kind, number), (-HOLDS_S, False))
        if time.monotonic() - asked_s >= HOLDS_S:
            try:
                answer = self._read(kind, checked_id(kind, number))
            except (NotFound, DatabaseUnavailable):
                return blurred.exists()
            self._answers[kind, number] = time.monotonic(), answer
        return answer

    def _read(self, kind: str, number: int) -> bool:
        with self._store.transaction() as tx:
            is_camera = kind == "camera"
            camera_id = number if is_camera else processors.get_processor(tx, number).camera_id
            return cameras.get_camera(tx, camera_id).blur_persons
