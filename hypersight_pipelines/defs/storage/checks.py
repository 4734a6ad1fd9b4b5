"""Whether the upkeep keeps up."""

from datetime import UTC, datetime

import dagster as dg

from hypersight_core.store import rollups, upkeep
from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.storage.assets import EVENTS, ROLLUPS


@dg.asset_check(asset=ROLLUPS, description="No hour that ended hours ago still waits to be summed up.")
def rollups_are_current(store: dg.ResourceParam[Store]) -> dg.AssetCheckResult:
    """Fail when refreshes are missing: metrics stay exact, and become slow."""
    with store.transaction() as tx:
        stale = rollups.staleness(tx)
    oldest = stale.oldest.isoformat() if stale.oldest else "none"
    return dg.AssetCheckResult(
        passed=not stale.is_behind(datetime.now(UTC)),
        metadata={"hours_waiting": stale.hours, "oldest": oldest},
    )


@dg.asset_check(asset=EVENTS, description="Tomorrow's rows have a partition to go to.")
def partitions_are_ahead(store: dg.ResourceParam[Store]) -> dg.AssetCheckResult:
    """Fail when partitions are missing: rows go to the default partition until they are made."""
    with store.transaction() as tx:
        missing = upkeep.missing_partitions(tx, datetime.now(UTC))
    return dg.AssetCheckResult(passed=not missing, metadata={"tables_without": ", ".join(missing) or "none"})
