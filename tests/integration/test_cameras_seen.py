"""What Dagster is told of cameras: a real database, a real instance, the resources of the code location."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from hypersight_core.domain.cameras import Camera, ConfigVersion
from hypersight_core.domain.events import Observation, Reason
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.health import read_health
from hypersight_core.store.leases import Lease, WatcherState
from hypersight_core.store.processors import change_processor, create_processor
from hypersight_pipelines.defs.cameras.sensors import camera_outages, cameras_seen
from hypersight_pipelines.defs.cameras.telling import CAMERAS_A_MINUTE, remembered
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.location import build_defs
from tests.builders import a_record, an_event, camera_settings, processor_settings
from tests.fakes.webhook_receiver import WebhookReceiver

pytestmark = [
    pytest.mark.integration,
    # Dagster warns about a parameter of its own that nobody here passes.
    pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition"),
]
RUN_ID = "7c6f0f2e-2f0e-4f49-9c6f-5d2b0a3f1c11"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def defs(database_url: str) -> dg.Definitions:
    return build_defs(
        Settings(database_url=database_url, page_url="http://page", dagster_url="http://dagster")
    )


def add(store: Store, name: str = "gate") -> Camera:
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings(name=name))
        create_processor(tx, camera.camera_id, processor_settings())
    return camera


def tick(defs: dg.Definitions, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    """Let the sensor look once, and have its result kept as the daemon keeps it."""
    with dg.build_sensor_context(
        instance=instance, repository_def=defs.get_repository_def(), resources=defs.resources, cursor=cursor
    ) as context:
        result = cameras_seen(context)
    assert isinstance(result, dg.SensorResult)
    for request in result.dynamic_partitions_requests or ():
        if isinstance(request, dg.AddDynamicPartitionsRequest):
            instance.add_dynamic_partitions("camera", list(request.partition_keys))
        else:
            for key in request.partition_keys:
                instance.delete_dynamic_partition("camera", key)
    for event in result.asset_events:
        instance.report_runless_asset_event(event)
    return result


def told(result: dg.SensorResult, kind: type) -> list[Any]:
    return [event for event in result.asset_events if isinstance(event, kind)]


def metadata(event: Any) -> dict[str, Any]:
    return {name: value.value for name, value in event.metadata.items()}


def watched(store: Store, camera_id: int, config: ConfigVersion | None = None) -> Lease:
    lease = Lease(store, camera_id, RUN_ID)
    lease.acquire()
    lease.beat(WatcherState(phase="watching", position_at=None, lag_s=1.25, config=config))
    return lease


def seen_lately(store: Store, camera_id: int, minutes: int) -> None:
    """Have the last minutes observed, up to now, the newest of them missed."""
    now = datetime.now(UTC)
    pieces = [
        Observation(
            camera_id=camera_id, from_at=now - timedelta(minutes=n + 1), to_at=now - timedelta(minutes=n),
            frames_wanted=60, frames_detected=60 if n else 50, reason=None if n else Reason.DETECTOR_ERROR,
        )
        for n in range(minutes)
    ]  # fmt: skip
    events = [an_event(processor_id=1, ts=now - timedelta(seconds=n)) for n in range(20)]
    with store.transaction() as tx:
        watching.add_observations(tx, pieces)
        watching.add_events(tx, events)


def test_a_watched_camera_is_materialized_with_all_an_operator_asks_for(store, defs, instance):
    camera = add(store)
    seen_lately(store, 1, minutes=90)
    lease = watched(store, 1, ConfigVersion(1, {"1": 1}))
    instance.create_run_for_job(
        watch_camera,
        run_config={"ops": {"watch": {"config": {"camera_id": 1}}}},
        tags={"kind": "watcher", "camera_id": "1"},
    )
    with store.transaction() as tx:
        cameras.change_camera(tx, 1, camera.settings(watch_fps=5))
    result = tick(defs, instance)
    lease.release("disabled")
    [event] = told(result, dg.AssetMaterialization)
    assert event.partition == "1 gate"
    said = metadata(event)
    assert said | {"last_observation": 0, "coverage_last_hour": 0} == {
        "state": "Watching", "last_observation": 0, "lag_s": 1.2, "coverage_last_hour": 0,
        "events_a_minute": 2.0, "watcher_starts_24h": 1, "frames_detector_error_10_min": 10,
        "config": "camera version 1, processor 1 version 1",
        "edit_waits_for_next_segment": "camera version 2, processor 1 version 1",
        "page": "http://page/cameras/1", "run": f"http://dagster/runs/{RUN_ID}", "log": "logs/watcher-1.log",
    }  # fmt: skip
    assert datetime.now(UTC).timestamp() - said["last_observation"] < 60
    assert instance.get_dynamic_partitions("camera") == ["1 gate"]
    assert instance.get_materialized_partitions(dg.AssetKey("camera")) == {"1 gate"}


def test_a_camera_nobody_watches_is_observed_not_materialized(store, defs, instance):
    add(store)
    result = tick(defs, instance)
    [event] = told(result, dg.AssetObservation)
    assert (event.partition, metadata(event)["state"]) == ("1 gate", "Not watched")
    assert told(result, dg.AssetMaterialization) == []


def test_partitions_follow_the_cameras_in_the_database(store, defs, instance):
    add(store), add(store, "yard...\n[1,2]")
    cursor = tick(defs, instance).cursor
    assert instance.get_dynamic_partitions("camera") == ["1 gate", "2 yard… [1,2]"]
    with store.transaction() as tx:
        cameras.change_camera(tx, 1, camera_settings(name="door"))
        cameras.delete_camera(tx, 2)
    again = tick(defs, instance, cursor)
    assert instance.get_dynamic_partitions("camera") == ["1 door"]
    assert [event.partition for event in told(again, dg.AssetObservation)] == ["1 door"]


def test_a_camera_is_told_of_once_a_minute_at_most_and_many_take_turns(store, defs, instance):
    for number in range(CAMERAS_A_MINUTE + 10):
        add(store, f"camera {number}")
    first = tick(defs, instance)
    second = tick(defs, instance, first.cursor)
    said = [[event.partition for event in told(one, dg.AssetObservation)] for one in (first, second)]
    assert [len(one) for one in said] == [CAMERAS_A_MINUTE] * 2
    assert len(set(said[0]) | set(said[1])) == CAMERAS_A_MINUTE + 10
    assert [len(set(one)) for one in said] == [CAMERAS_A_MINUTE] * 2


def test_checks_are_written_when_they_come_to_something_else(store, defs, instance):
    add(store)
    first = tick(defs, instance)
    assert {one.check_name: one.passed for one in told(first, dg.AssetCheckEvaluation)} == {
        "cameras_are_fresh": True, "cameras_are_covered": True, "cameras_keep_up": True,
        "detectors_answer": True,
    }  # fmt: skip
    assert told(tick(defs, instance, first.cursor), dg.AssetCheckEvaluation) == []
    with store.transaction() as tx:
        tx.exec_driver_sql("UPDATE camera SET changed_at = now() - interval '2 hours'")
        tx.exec_driver_sql("UPDATE processor_version SET created_at = now() - interval '2 hours'")
    written = told(tick(defs, instance, first.cursor), dg.AssetCheckEvaluation)
    assert {one.check_name: (one.passed, one.severity.value) for one in written} == {
        "cameras_are_fresh": (False, "ERROR"), "cameras_are_covered": (False, "ERROR"),
    }  # fmt: skip
    fresh = next(one for one in written if one.check_name == "cameras_are_fresh")
    assert "1 of 1 cameras. 1 gate: not seen for a day or longer. Not watched." in str(fresh.description)
    assert "watcher_supervisor" in str(fresh.description)
    [row] = fresh.metadata["problems"].records
    assert row.data["camera"] == "1 gate"


def test_the_checks_run_by_hand_too(store, defs, instance):
    add(store)
    cursor = tick(defs, instance).cursor
    job = defs.resolve_job_def("check_cameras")
    result = job.execute_in_process(instance=instance)
    assert {one.check_name: one.passed for one in result.get_asset_check_evaluations()} == {
        "cameras_are_fresh": True, "cameras_are_covered": True, "cameras_keep_up": True,
        "detectors_answer": True,
    }  # fmt: skip
    # Dagster calls them outdated after the next materialization: they are written again before.
    written = tick(defs, instance, cursor)
    assert len(told(written, dg.AssetCheckEvaluation)) == 4
    assert told(tick(defs, instance, written.cursor), dg.AssetCheckEvaluation) == []


def test_a_cursor_of_another_version_is_forgotten():
    assert remembered('{"cameras": 3}').cameras == {}


def test_health_names_the_config_that_runs_and_the_one_that_is_wanted(store):
    add(store)
    lease = watched(store, 1, ConfigVersion(1, {"1": 1}))
    with store.transaction() as tx:
        change_processor(tx, 1, processor_settings(threshold=0.7))
        [one] = read_health(tx, datetime.now(UTC))
    lease.release("disabled")
    assert (one.config, one.wanted_config) == (ConfigVersion(1, {"1": 1}), ConfigVersion(1, {"1": 2}))
    assert one.is_edit_waiting


def test_settings_saved_again_unchanged_are_no_edit(store):
    camera = add(store)
    with store.transaction() as tx:
        assert cameras.change_camera(tx, 1, camera.settings()).camera_version == 1
        assert cameras.change_camera(tx, 1, camera.settings(name="door")).camera_version == 2


def test_the_newest_record_and_time_seen_are_told_apart(store):
    add(store)
    lease = watched(store, 1)
    now = datetime.now(UTC)
    gap = Observation(
        camera_id=1, from_at=now - timedelta(minutes=5), to_at=now, frames_wanted=300, frames_detected=0,
        reason=Reason.STREAM_DOWN,
    )  # fmt: skip
    with store.transaction() as tx:
        watching.record_segment(tx, a_record(position_at=now, observations=(gap,)), token=1)
        [one] = read_health(tx, datetime.now(UTC))
    lease.release("disabled")
    assert one.seen_until is None
    assert one.written_at is not None
    assert one.frames_missed == {"stream_down": 300}


def test_the_sensor_of_outages_tells_and_says_what_it_told(store, database_url):
    add(store)
    with WebhookReceiver() as receiver:
        settings = Settings(database_url=database_url, notify_urls=receiver.url, notify_after_s=0)
        said = []
        for _ in range(2):
            result = camera_outages(store=store, settings=settings)
            assert isinstance(result, dg.SkipReason)
            said.append(str(result.skip_message))
    assert said[0] == "nothing new"
    assert said[1].startswith("Camera 1 (gate) is not watched since ")
    assert [message["type"] for message in receiver.messages] == ["camera.down"]
