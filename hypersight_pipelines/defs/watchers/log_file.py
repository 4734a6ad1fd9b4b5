"""A watcher's own log: rotated, since it runs for months and Dagster's captured output only grows."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler

from hypersight_core.logs import formatter
from hypersight_core.settings import Settings

MAX_BYTES, OLD_FILES = 1_000_000, 2
CORE = "hypersight_core"


@contextmanager
def watcher_log(settings: Settings, camera_id: int, run_id: str) -> Iterator[None]:
    """Send what the core logs to `var_dir/logs/watcher-<camera_id>.log`, at most 3 MB a camera."""
    folder = settings.var_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / f"watcher-{camera_id}.log", maxBytes=MAX_BYTES, backupCount=OLD_FILES, encoding="utf-8"
    )
    handler.setFormatter(formatter(settings.log_format, camera_id=camera_id, run_id=run_id))
    core = logging.getLogger(CORE)
    level = core.level
    core.setLevel(settings.log_level)
    core.addHandler(handler)
    try:
        yield
    finally:
        core.removeHandler(handler)
        core.setLevel(level)
        handler.close()
