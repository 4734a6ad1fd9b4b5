"""The code location, assembled from its subjects."""

from collections.abc import Mapping
from types import MappingProxyType

import dagster as dg

from hypersight_core.settings import Settings
from hypersight_pipelines.defs.cameras.assets import camera
from hypersight_pipelines.defs.cameras.checks import camera_checks, check_cameras
from hypersight_pipelines.defs.cameras.sensors import camera_outages, cameras_seen
from hypersight_pipelines.defs.dagster_log.jobs import tidy_dagster, tidying
from hypersight_pipelines.defs.messages.sensors import event_messages
from hypersight_pipelines.defs.recordings.assets import count_recording, recording
from hypersight_pipelines.defs.recordings.jobs import validate_counting
from hypersight_pipelines.defs.recordings.sensors import recordings_found
from hypersight_pipelines.defs.storage import assets, checks
from hypersight_pipelines.defs.storage.jobs import check_storage, keep_up_storage, refresh_rollups, schedules
from hypersight_pipelines.defs.storage.repairs import rebuild_rollups, replay_spool_files, replaying
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.defs.watchers.pods import WatcherPods
from hypersight_pipelines.defs.watchers.resources import watch_resource
from hypersight_pipelines.defs.watchers.sensors import watcher_supervisor
from hypersight_pipelines.resources import store_resource

NOTHING: Mapping[str, object] = MappingProxyType({})


def build_defs(settings: Settings, overrides: Mapping[str, object] = NOTHING) -> dg.Definitions:
    """Assemble everything this code location offers.

    Args:
        overrides: resources to put in the place of the real ones, by name: `store`, `watch`, `settings`,
            `pods`.

    Raises:
        InvalidInput: what pods get cannot be read.
    """
    resources: dict[str, object] = {
        "store": store_resource(settings),
        "watch": watch_resource(settings),
        "settings": dg.ResourceDefinition.hardcoded_resource(settings),
        "pods": dg.ResourceDefinition.hardcoded_resource(WatcherPods.parsed(settings.watcher_pods)),
    }
    return dg.Definitions(
        assets=[camera, assets.events, assets.observations, assets.rollup_tables, recording],
        asset_checks=[*camera_checks, checks.rollups_are_current, checks.partitions_are_ahead],
        jobs=[
            watch_camera,
            check_cameras,
            refresh_rollups,
            check_storage,
            keep_up_storage,
            count_recording,
            validate_counting,
            rebuild_rollups,
            replay_spool_files,
            tidy_dagster,
        ],
        schedules=[*schedules, replaying, tidying],
        sensors=[
            watcher_supervisor,
            cameras_seen,
            camera_outages,
            recordings_found,
            *([event_messages] if settings.event_urls else []),
        ],
        resources=resources | dict(overrides),
        executor=dg.in_process_executor,
    )
