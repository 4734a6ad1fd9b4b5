"""Everything a watcher needs, loaded once, by doing once what a watcher does."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import httpx

from hypersight_core.settings import Settings
from hypersight_core.store.cameras import list_cameras
from hypersight_core.store.engine import Store
from hypersight_core.store.previews import wanted_previews
from hypersight_core.store.processors import list_processors
from hypersight_core.store.watching import checkpoint, seen_until, watch_plan
from hypersight_core.tls import http1_context
from hypersight_core.watcher.watch import watcher_store
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.defs.watchers.resources import logged_watch
from hypersight_pipelines.launching.forked_run import ForkedRun
from hypersight_pipelines.launching.run_events import RunEvents

LATER = ("av.subtitles.stream", "encodings.idna")
"""Modules that a run would import only once it is under way."""
TRACES = ("hypersight_core.traces.exporting",)
NO_CAMERA = 0


@contextmanager
def rehearsed(settings: Settings) -> Iterator[ForkedRun]:
    """Yield what is a watcher's run, with all that it needs in memory."""
    for name in (*LATER, *(TRACES if settings.otel_exporter_otlp_endpoint else ())):
        importlib.import_module(name)
    httpx.Client(verify=http1_context()).close()
    with dg.DagsterInstance.ephemeral() as nowhere:
        run = nowhere.add_run(dg.DagsterRun(job_name=watch_camera.name))
        events = RunEvents(nowhere, run.run_id)
        events.begin(0, 0)
        events.end("rehearsed")
    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)
        yield ForkedRun(instance, logged_watch(settings, rehearsed_store(settings)))


def rehearsed_store(settings: Settings) -> Store:
    """Return a watcher's store that was asked before what each of them asks, and holds no connection."""
    store = watcher_store(settings)
    with store.transaction() as tx:
        list_cameras(tx)
        list_processors(tx, NO_CAMERA)
        watch_plan(tx, NO_CAMERA)
        checkpoint(tx, NO_CAMERA)
        seen_until(tx, NO_CAMERA)
        wanted_previews(tx, NO_CAMERA)
    store.close()
    return store
