"""How a run watches: the core's watcher with this machine's settings, and a log file of its own."""

import threading
from collections.abc import Callable

import dagster as dg

from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.traces.begin import WATCHER, traced
from hypersight_pipelines.defs.watchers.log_file import watcher_log

Watch = Callable[[int, str, threading.Event], str]
"""Watches a camera for a run until stopped; returns `disabled`, `stop_requested` or `stopped`."""


def logged_watch(settings: Settings, store: Store | None = None) -> Watch:
    """Make a `Watch` that logs to `var_dir/logs/watcher-<camera_id>.log`.

    Args:
        store: a watcher's, made beforehand.
    """

    def watch(camera_id: int, run_id: str, stop: threading.Event) -> str:
        # Imported by the run only: the code server needs none of the video libraries.
        from hypersight_core.watcher.watch import watch_camera

        with (
            watcher_log(settings, camera_id, run_id),
            traced(settings.otel_exporter_otlp_endpoint, WATCHER, camera_id=camera_id, run_id=run_id),
        ):
            return watch_camera(settings, camera_id, run_id, stop, store)

    return watch


def watch_resource(settings: Settings) -> dg.ResourceDefinition:
    """Make the resource `watch`."""
    return dg.ResourceDefinition.hardcoded_resource(logged_watch(settings))
