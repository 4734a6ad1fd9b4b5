"""The code location, assembled from its subjects."""

from collections.abc import Mapping
from types import MappingProxyType

import dagster as dg

from hypersight_core.settings import Settings
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.defs.watchers.resources import watch_resource
from hypersight_pipelines.defs.watchers.sensors import watcher_supervisor
from hypersight_pipelines.resources import store_resource

NOTHING: Mapping[str, object] = MappingProxyType({})


def build_defs(settings: Settings, overrides: Mapping[str, object] = NOTHING) -> dg.Definitions:
    """Assemble everything this code location offers.

    Args:
        overrides: resources to put in the place of the real ones, by name: `store`, `watch`.
    """
    resources: dict[str, object] = {"store": store_resource(settings), "watch": watch_resource(settings)}
    return dg.Definitions(
        jobs=[watch_camera],
        sensors=[watcher_supervisor],
        resources=resources | dict(overrides),
    )
