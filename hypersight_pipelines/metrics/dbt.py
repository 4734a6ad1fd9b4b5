"""How dbt's project becomes assets, and how dbt is run for them."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource

from hypersight_pipelines.dbt_project import PROJECT_DIR, dbt_command

GROUP = "metrics"
WRITTEN = ("processor_event", "observation")
"""Sources that are assets of the other code location; what else comes from the database is its set-up."""
ROLLUPS = "rollups"
DAYS = dg.DailyPartitionsDefinition(start_date="2019-01-01", end_offset=1)
_MISSING = dg.AutomationCondition.missing()
_NEWEST = dg.AutomationCondition.in_latest_time_window()
_IS_BUILT_LATER = _NEWEST & _MISSING & ~dg.AutomationCondition.will_be_requested()
# `eager()` asks for nothing that is missing when it first looks, nor again for what failed: on a new server
# models of what never reports anything (processors, zones) would stay missing, and others fail for them.
WHEN_NEW_EVENTS_CAME = (
    _NEWEST
    & (
        _MISSING.newly_true()
        | (_MISSING & dg.AutomationCondition.cron_tick_passed("17 * * * *"))
        | dg.AutomationCondition.any_deps_updated()
    ).since(dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated())
    # Nobody waits for days of long ago: each run builds all that changed. Nor for sources: they are tables.
    & ~dg.AutomationCondition.any_deps_match(_IS_BUILT_LATER).allow(dg.AssetSelection.groups(GROUP))
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
    # Summed up every hour, new events or not.
).ignore(dg.AssetSelection.assets(ROLLUPS))


class Translator(DagsterDbtTranslator):
    """Models are assets of one group, refreshed when new events came; sources are what watchers write."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Name sources as the other code location does."""
        if dbt_resource_props["resource_type"] != "source":
            return dg.AssetKey(dbt_resource_props["name"])
        if dbt_resource_props["source_name"] == "rollup":
            return dg.AssetKey(ROLLUPS)
        return dg.AssetKey(dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the one group."""
        return GROUP

    def get_automation_condition(
        self,
        dbt_resource_props: Mapping[str, Any],  # noqa: ARG002
    ) -> dg.AutomationCondition[dg.AssetKey]:
        """Return when a model is refreshed."""
        return WHEN_NEW_EVENTS_CAME

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition | None:
        """Part incremental models by day."""
        is_incremental = dbt_resource_props.get("config", {}).get("materialized") == "incremental"
        return DAYS if is_incremental else None


TRANSLATOR = Translator(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))


class SeparateDbt(DbtCliResource):
    """dbt in an environment of its own: its adapters cannot be imported here, and need not be."""

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002
        return None


def dbt_resource() -> dg.ResourceDefinition:
    """Make the resource `dbt`, which needs the program only when something is run."""

    @dg.resource
    def dbt(_: dg.InitResourceContext) -> DbtCliResource:
        return SeparateDbt(
            project_dir=str(PROJECT_DIR), profiles_dir=str(PROJECT_DIR), dbt_executable=str(dbt_command())
        )

    return dbt
