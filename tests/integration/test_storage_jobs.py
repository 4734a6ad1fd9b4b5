"""The jobs that keep the database small and quick, run by Dagster on a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from hypersight_core.settings import Settings
from hypersight_core.store import cameras, processors, rollups, watching
from hypersight_core.store.engine import Store
from hypersight_pipelines.location import build_defs
from tests.builders import an_event, camera_settings, processor_settings

# Dagster warns about a parameter of its own that nobody here passes.
pytestmark = pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition")
LONG_AGO = timedelta(days=40)


@pytest.fixture
def waiting(store: Store) -> Store:
    """Return a store in which an hour of weeks ago is not summed up."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    for _ in range(2):
        rollups.refresh(store)
    with store.transaction() as tx:
        watching.add_events(tx, [an_event(processor_id=1, ts=datetime.now(UTC) - LONG_AGO)])
    return store


def test_the_check_fails_until_a_refresh_was_run(database_url: str, waiting: Store):
    settings = Settings(database_url=database_url)
    assert _checks(_run(settings, "check_storage")) == {
        "rollups_are_current": False, "partitions_are_ahead": True,
    }  # fmt: skip
    refreshed = _run(settings, "refresh_rollups")
    told = {
        one.asset_key.to_user_string(): one for one in refreshed.asset_materializations_for_node("rollups")
    }
    assert set(told) == {"rollups", "processor_event", "observation"}
    done = told["rollups"]
    figures = {name: done.metadata[name].value for name in done.metadata if name.startswith("hours")}
    assert figures == {"hours_summed_up": 1, "hours_refused": 0, "hours_left": 0}
    assert _checks(refreshed) == {"rollups_are_current": True}


def test_retention_waits_for_the_refresh_and_says_so(database_url: str, waiting: Store):
    settings = Settings(database_url=database_url, events_kept_days=2, observations_kept_days=2)
    failed = _run(settings, "keep_up_storage", raise_on_error=False)
    assert not failed.success
    [failure] = [event for event in failed.all_events if event.is_step_failure]
    assert "materialize rollups first" in str(failure.step_failure_data.user_failure_data)
    assert _run(settings, "refresh_rollups").success
    assert _run(settings, "keep_up_storage").success
    with waiting.transaction() as tx:
        # Dropped, and refused from now on.
        assert watching.add_events(tx, [an_event(processor_id=1, ts=datetime.now(UTC) - LONG_AGO)]) == 0


def _run(settings: Settings, job: str, *, raise_on_error: bool = True) -> Any:
    repository = build_defs(settings).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        return repository.get_job(job).execute_in_process(instance=instance, raise_on_error=raise_on_error)


def _checks(result: Any) -> dict[str, bool]:
    return {found.check_name: found.passed for found in result.get_asset_check_evaluations()}
