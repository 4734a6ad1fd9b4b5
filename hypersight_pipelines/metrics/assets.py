"""The dbt models, incremental ones parted by day: a partition builds its day and every day that changed."""

import json
from collections.abc import Iterator

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from hypersight_core.redaction import redacted
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.store.export import TABLES, Target, export_day
from hypersight_core.store.models import building, daily_figures
from hypersight_pipelines.dbt_project import MANIFEST
from hypersight_pipelines.metrics.charts import chart
from hypersight_pipelines.metrics.dbt import TRANSLATOR, WRITTEN

# A test runs with the last of the models it looks at: others may not be there yet.
BUILD = ("build", "--indirect-selection", "buildable")


@dbt_assets(
    manifest=MANIFEST, dagster_dbt_translator=TRANSLATOR, backfill_policy=dg.BackfillPolicy.single_run()
)
def models(
    context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtCliResource], store: dg.ResourceParam[Store]
) -> Iterator[object]:
    """Build models and test them; of incremental ones the days asked for, and those that changed."""
    asked: tuple[str, ...] = ()
    if context.has_partition_key_range:
        days = context.partition_key_range
        asked = ("--vars", json.dumps({"from_day": days.start, "to_day": days.end}))
    with building(store, context.log.info):
        for event in dbt.cli([*BUILD, *asked], context=context).stream():
            if isinstance(event, dg.Output):
                key = context.asset_key_for_output(event.output_name)
                with store.transaction() as tx:
                    figures = daily_figures(tx, key.path[-1])
                if figures:
                    shown = {"last days": dg.MetadataValue.md(chart(figures))}
                    context.add_asset_metadata(shown, asset_key=key)
            yield event


@dg.asset(
    partitions_def=dg.DailyPartitionsDefinition(start_date="2019-01-01"),
    deps=WRITTEN,
    group_name="export",
    automation_condition=dg.AutomationCondition.on_cron("23 1 * * *").ignore(
        dg.AssetSelection.assets(*WRITTEN)
    ),
    description="Events and observations of a day of UTC as Parquet files in HYPERSIGHT_EXPORT_URL; nightly.",
)
def parquet_files(
    context: dg.AssetExecutionContext, store: dg.ResourceParam[Store], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Write the day's files in the place of earlier ones."""
    target = Target(settings.export_url or str(settings.var_dir / "export"))
    day = context.partition_time_window.start.date()
    rows = {f"{table}_rows": export_day(store, target, table, day) for table in TABLES}
    return dg.MaterializeResult(metadata={**rows, "url": redacted(target.url)})
