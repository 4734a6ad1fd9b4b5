"""How watchers' runs are found among all runs, their cameras and their processes."""

from typing import Any

import dagster as dg
import msgspec

from hypersight_core.store.process_identity import ProcessName

KIND_TAG, CAMERA_ID_TAG, CAMERA_TAG = "kind", "camera_id", "camera"
PAGE_TAG = "page"
"""Where its camera is shown to people."""
WATCHER = "watcher"
"""The value of `KIND_TAG`."""
PROCESS_TAG = "process"
"""Which process a run was forked into, as JSON; runs that Dagster started itself have none."""


def process_of(run: dg.DagsterRun) -> ProcessName | None:
    """Return which process a run was forked into; None when it was started in another way."""
    tag = run.tags.get(PROCESS_TAG)
    return None if tag is None else msgspec.json.decode(tag, type=ProcessName)


def camera_id_of(run: dg.DagsterRun) -> int | None:
    """Read which camera a run watches from its config: runs launched by hand in the UI carry no tag."""
    try:
        config: Any = run.run_config
        return int(config["ops"]["watch"]["config"]["camera_id"])
    except (KeyError, TypeError, ValueError):
        return None
