from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from hypersight_pipelines.daemon import release

pytestmark = pytest.mark.integration
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def a_sensor(instance: dg.DagsterInstance, name: str, last_tick_at: datetime) -> None:
    target = LoadableTargetOrigin(module_name="hypersight_pipelines.definitions")
    code = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name="hypersight")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(code, "__repository__"), name)
    last_s = last_tick_at.timestamp()
    data = SensorInstigatorData(
        last_tick_timestamp=last_s, last_tick_start_timestamp=last_s, cursor="42", min_interval=1
    )
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
    instance.add_instigator_state(state)


def last_tick_s(instance: dg.DagsterInstance, name: str) -> float:
    [state] = [one for one in instance.all_instigator_state() if one.instigator_name == name]
    data = state.instigator_data
    assert isinstance(data, SensorInstigatorData)
    assert data.cursor == "42"
    assert state.status is InstigatorStatus.RUNNING
    return max(data.last_tick_timestamp or 0, data.last_tick_start_timestamp or 0)


def test_a_sensor_whose_last_tick_lies_in_the_future_ticks_again_and_keeps_its_cursor(instance):
    a_sensor(instance, "watcher_supervisor", NOW + timedelta(hours=1))
    a_sensor(instance, "recordings_found", NOW - timedelta(seconds=3))
    assert release(instance, NOW) == ["watcher_supervisor"]
    assert last_tick_s(instance, "watcher_supervisor") == NOW.timestamp()
    assert last_tick_s(instance, "recordings_found") == NOW.timestamp() - 3
    assert release(instance, NOW) == []
