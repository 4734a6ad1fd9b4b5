"""The code location of metrics, assembled."""

import dagster as dg

from hypersight_core.settings import Settings
from hypersight_pipelines.metrics.assets import models, parquet_files
from hypersight_pipelines.metrics.dbt import dbt_resource
from hypersight_pipelines.resources import store_resource

AUTOMATION = "metrics_automation"


def build_defs(settings: Settings) -> dg.Definitions:
    """Assemble the dbt models, and the sensor that refreshes them when new events came."""
    automation = dg.AutomationConditionSensorDefinition(
        AUTOMATION,
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
    )
    return dg.Definitions(
        assets=[models, parquet_files],
        sensors=[automation],
        resources={
            "store": store_resource(settings),
            "settings": dg.ResourceDefinition.hardcoded_resource(settings),
            "dbt": dbt_resource(),
        },
        executor=dg.in_process_executor,
    )
