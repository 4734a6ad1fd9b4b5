"""What is stored, and the sums kept of it."""

import dagster as dg

from hypersight_core.store import rollups
from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.cameras.assets import CAMERA

GROUP = "storage"
EVENTS, OBSERVATIONS, ROLLUPS = "processor_event", "observation", "rollups"

events = dg.AssetSpec(
    EVENTS, deps=[CAMERA], group_name=GROUP, description="What happened; written by the watchers."
)
observations = dg.AssetSpec(
    OBSERVATIONS,
    deps=[CAMERA],
    group_name=GROUP,
    description="What was really watched; written by the watchers.",
)


@dg.asset(
    name=ROLLUPS,
    deps=[events, observations],
    group_name=GROUP,
    description=(
        "Sums of whole hours and days of traffic, presence and coverage. Metrics are exact without them: "
        "hours that are not summed up yet are read row by row."
    ),
)
def rollup_tables(
    context: dg.AssetExecutionContext, store: dg.ResourceParam[Store]
) -> dg.MaterializeResult[None]:
    """Sum up the hours that have ended or changed since the last time."""
    done = rollups.refresh(store)
    if done.hours:  # whoever waits for new events (the dbt models) sees that there are some
        for written in (EVENTS, OBSERVATIONS):
            context.log_event(dg.AssetMaterialization(written, metadata={"hours_changed": done.hours}))
    with store.transaction() as tx:
        left = rollups.staleness(tx)
    return dg.MaterializeResult(
        metadata={
            "hours_summed_up": done.hours, "hours_refused": done.refused_hours, "hours_left": left.hours,
            "took_s": round(done.took_s, 3),
        }
    )  # fmt: skip
