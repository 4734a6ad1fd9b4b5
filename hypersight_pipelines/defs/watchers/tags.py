"""How watchers' runs are found among all runs."""

KIND_TAG, CAMERA_ID_TAG, CAMERA_TAG = "kind", "camera_id", "camera"
WATCHER = "watcher"
"""The value of `KIND_TAG`."""
PROCESS_TAG = "process"
"""Which process a run was forked into, as JSON; runs that Dagster started itself have none."""
