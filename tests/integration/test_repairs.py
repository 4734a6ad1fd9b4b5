"""Jobs an operator launches: sums made anew, records left on disk written, Dagster's own tables tidied."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from hypersight_core.domain.events import SegmentRecord
from hypersight_core.operations.replay import replay_spool
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, metrics, processors, rollups
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease, WatcherState, read_leases
from hypersight_core.store.spool import Spool, spooled_cameras
from hypersight_pipelines.defs.cameras.assets import CAMERA
from hypersight_pipelines.defs.cameras.checks import QUESTIONS
from hypersight_pipelines.defs.dagster_log.tidying import remove_old_entries, remove_old_evaluations
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.location import build_defs
from tests.builders import an_event, camera_settings, noon, processor_settings

pytestmark = [
    pytest.mark.integration,
    # Dagster warns about a parameter of its own that nobody here passes.
    pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition"),
]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, var_dir=tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(
    settings: Settings, instance: dg.DagsterInstance, job: str, config: dict[str, Any] | None = None
) -> dg.ExecuteInProcessResult:
    resolved = build_defs(settings).resolve_job_def(job)
    [node] = resolved.graph.nodes
    run_config = {"ops": {node.name: {"config": config}}} if config else None
    return resolved.execute_in_process(instance=instance, run_config=run_config, raise_on_error=False)


def figures(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    [output] = [event for event in result.all_events if event.is_successful_output]
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def why(result: dg.ExecuteInProcessResult) -> str:
    [failure] = [event for event in result.all_events if event.is_step_failure]
    return str(failure.step_failure_data.user_failure_data)


def add_camera(store: Store) -> None:
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, camera.camera_id, processor_settings())


def leave(settings: Settings, seqs: range, camera_id: int = 1) -> None:
    """Leave records on disk, as a watcher does whose database was away when it was killed."""
    spool = Spool(settings.var_dir / "spool", camera_id, max_bytes=10**8)
    for seq in seqs:
        event = an_event(processor_id=camera_id, ts=noon(seq))
        spool.append(SegmentRecord(camera_id=camera_id, seq=seq, position_at=noon(seq), events=(event,)))
    spool.close()


def entries(store: Store) -> int:
    with store.transaction() as tx:
        return metrics.traffic_total(tx, 1, noon(-1), noon(10_000)).value


class TestReplay:
    def test_what_a_dead_watcher_left_is_written_once_however_often(self, store, settings, instance):
        add_camera(store)
        leave(settings, range(1, 31))
        said = [figures(run(settings, instance, "replay_spool")) for _ in range(2)]
        assert [one["records_written"] for one in said] == [30, 0]
        assert "| 1 | 30 written, 0 known already |" in said[0]["cameras"]
        assert entries(store) == 30
        assert spooled_cameras(settings.var_dir / "spool") == []

    def test_records_of_a_camera_switched_off_or_deleted_since_are_written_too(self, store, settings):
        add_camera(store)
        leave(settings, range(1, 4))
        with store.transaction() as tx:
            cameras.delete_camera(tx, 1)
        assert replay_spool(settings, "test")[1].written == 3
        assert entries(store) == 3

    def test_what_a_successor_has_counted_meanwhile_is_left_out(self, store, settings):
        add_camera(store)
        leave(settings, range(1, 11))
        replay_spool(settings, "test")
        leave(settings, range(6, 16))
        done = replay_spool(settings, "test")[1]
        assert (done.written, done.known) == (5, 5)
        assert entries(store) == 15

    def test_a_live_watcher_keeps_its_records(self, store, settings, instance):
        add_camera(store)
        leave(settings, range(1, 4))
        lease = Lease(store, 1, "a watcher")
        lease.acquire()
        said = figures(run(settings, instance, "replay_spool"))
        lease.release("stopped")
        assert "a live watcher writes the rest itself" in said["cameras"]
        assert entries(store) == 0
        assert replay_spool(settings, "test")[1].written == 3

    def test_files_of_a_purged_camera_are_removed(self, store, settings, instance):
        leave(settings, range(1, 4), camera_id=9)
        said = figures(run(settings, instance, "replay_spool"))
        assert "| 9 | the camera was purged: its files were removed |" in said["cameras"]
        assert list((settings.var_dir / "spool").iterdir()) == []

    def test_a_record_nobody_understands_stays_and_ends_nothing(self, store, settings):
        add_camera(store)
        leave(settings, range(1, 3))
        [file] = (settings.var_dir / "spool").iterdir()
        file.write_bytes(file.read_bytes() + b"00000000 damaged\n")
        done = replay_spool(settings, "test")[1]
        assert (done.written, done.is_unreadable) == (2, False)

    def test_nobody_is_said_to_watch_meanwhile(self, store):
        add_camera(store)
        lease = Lease(store, 1, "replay")
        lease.acquire()
        lease.beat(WatcherState(phase="replaying", position_at=None, lag_s=None))
        with store.transaction() as tx:
            [seen] = read_leases(tx)
        lease.release("replayed")
        assert seen.is_locked
        assert not seen.is_live

    def test_a_database_that_is_away_is_said_and_the_records_stay(self, settings, instance, tmp_path):
        leave(settings, range(1, 4))
        away = Settings(database_url="postgresql://nobody:secret@127.0.0.1:9/none", var_dir=tmp_path)
        said = why(run(away, instance, "replay_spool"))
        assert "its records stay on disk: the database at 127.0.0.1:9/none is not available" in said
        assert "secret" not in said
        assert spooled_cameras(settings.var_dir / "spool") == [1]


class TestRebuilding:
    def test_without_config_the_last_week_is_summed_up_again(self, store, settings, instance):
        add_camera(store)
        rollups.refresh(store)
        at = datetime.now(UTC) - timedelta(days=2)
        with store.transaction() as tx:
            tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
            add = "INSERT INTO processor_event VALUES (1, 1, :at, 7, 1, 0, 'enter')"
            tx.execute(sa.text(add), {"at": at})
        said = figures(run(settings, instance, "rebuild_rollups"))
        assert (said["hours_read_again"], said["hours_summed_up"], said["hours_refused"]) == (1, 1, 0)

    def test_a_time_that_is_none_is_said_with_an_example(self, store, settings, instance):
        failed = run(settings, instance, "rebuild_rollups", {"start": "yesterday"})
        assert "'yesterday' is no time: write 2026-03-01" in why(failed)

    def test_an_interval_that_ends_before_it_starts_is_refused(self, store, settings, instance):
        failed = run(settings, instance, "rebuild_rollups", {"start": "2026-03-02", "stop": "2026-03-01"})
        assert "ends" in why(failed)


class TestTidying:
    KEY = dg.AssetKey(CAMERA)

    def tell(self, instance: dg.DagsterInstance, partition: str) -> None:
        instance.report_runless_asset_event(dg.AssetMaterialization(CAMERA, partition=partition))
        instance.report_runless_asset_event(dg.AssetObservation(CAMERA, partition=partition))

    def left(self, instance: dg.DagsterInstance, partition: str) -> list[int]:
        of = dg.AssetRecordsFilter(asset_key=self.KEY, asset_partitions=[partition])
        found = (instance.fetch_materializations(of, limit=99), instance.fetch_observations(of, limit=99))
        return [len(one.records) for one in found]

    def test_the_newest_entry_of_each_partition_stays(self, instance):
        instance.add_dynamic_partitions(CAMERA, ["1 gate", "2 yard"])
        for _ in range(5):
            self.tell(instance, "1 gate")
        self.tell(instance, "2 yard")
        soon = datetime.now(UTC) + timedelta(minutes=1)
        assert remove_old_entries(instance, self.KEY, ["1 gate", "2 yard"], soon) == 8
        assert (self.left(instance, "1 gate"), self.left(instance, "2 yard")) == ([1, 1], [1, 1])
        assert instance.get_materialized_partitions(self.KEY) == {"1 gate", "2 yard"}

    def test_what_is_not_old_stays_unless_its_partition_is_gone(self, instance):
        for _ in range(3):
            self.tell(instance, "1 gate")
        self.tell(instance, "1 old name")
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        assert remove_old_entries(instance, self.KEY, ["1 gate"], long_ago) == 2
        assert (self.left(instance, "1 gate"), self.left(instance, "1 old name")) == ([3, 3], [0, 0])

    def test_the_newest_evaluation_of_each_check_stays(self, instance):
        for passed in (True, True, False):
            for question in QUESTIONS:
                instance.report_runless_asset_event(
                    dg.AssetCheckEvaluation(
                        asset_key=self.KEY, check_name=question.name, passed=passed, metadata={}
                    )
                )
        keys = [dg.AssetCheckKey(self.KEY, question.name) for question in QUESTIONS]
        soon = datetime.now(UTC) + timedelta(minutes=1)
        assert remove_old_evaluations(instance, keys, soon) == 8
        newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        assert {key.name: one.status.value for key, one in newest.items()} == {
            question.name: "FAILED" for question in QUESTIONS
        }

    def test_old_runs_of_watchers_go_and_those_of_films_stay(self, settings, instance):
        for _ in range(7):
            watch_camera.execute_in_process(
                run_config={"ops": {"watch": {"config": {"camera_id": 1}}}},
                instance=instance,
                resources={"watch": lambda *_: "disabled"},
            )
        films = instance.create_run_for_job(
            build_defs(settings).resolve_job_def("count_recording"), status=dg.DagsterRunStatus.SUCCESS
        )
        config = {"watcher_runs_kept": 3, "watcher_runs_kept_days": 30}
        said = figures(run(settings, instance, "tidy_dagster", config))
        assert said["watcher_runs_removed"] == 4
        assert instance.get_runs_count(dg.RunsFilter(job_name="watch_camera")) == 3
        at_once = {"watcher_runs_kept_days": 1e-9, "other_runs_kept_days": 1e-9}
        assert figures(run(settings, instance, "tidy_dagster", at_once))["watcher_runs_removed"] == 3
        assert instance.get_run_by_id(films.run_id) is not None
