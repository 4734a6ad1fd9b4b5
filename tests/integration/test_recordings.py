"""Films through the counters: the Dagster asset, and comparisons with the truth."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from hypersight_core.domain.events import Observation
from hypersight_core.domain.zones import Zone
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, processors, validations, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import observation, processor_event
from hypersight_core.video.jpeg import decode_jpeg
from hypersight_pipelines.defs.recordings.sensors import recordings_found
from hypersight_pipelines.location import build_defs
from tests.builders import an_event, camera_settings, processor_settings
from tests.clips import SQUARE_PX, Film, write_film
from tests.fakes.detector_server import FakeDetector
from tests.fakes.square_finder import squares
from tests.serving import api

# Dagster warns about a parameter of its own that nobody here passes.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition"),
]
MIDDLE = Zone(((0.35, 0.0), (0.6, 0.0), (0.6, 1.0), (0.35, 1.0)), "middle")
FILM = Film(seconds=5.0, fps=10, gop_s=1.0)
"""The square walks from the left to the right in 4.5 s, then begins anew."""
NAME = "2026-03-02T12-00-00Z.mp4"
STARTS_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def settings(store: Store, database_url: str, tmp_path: Path) -> Iterator[Settings]:
    """A camera with a traffic processor, switched off, one film of it, and a detector."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(watch_fps=5.0, enabled=False))
        processors.create_processor(tx, 1, processor_settings(zones=(MIDDLE,)))
        processors.create_processor(tx, 1, processor_settings(kind="objects", zones=(MIDDLE,)))
    folder = tmp_path / "recordings" / "1"
    folder.mkdir(parents=True)
    write_film(folder / NAME, FILM)
    long_ago_s = (STARTS_AT - timedelta(days=1)).timestamp()
    os.utime(folder / NAME, (long_ago_s, long_ago_s))
    with FakeDetector(answers=squares) as detector:
        yield Settings(database_url=database_url, var_dir=tmp_path, object_detector_url=detector.url)


def _materialized(settings: Settings, *, raise_on_error: bool = True) -> Any:
    repository = build_defs(settings).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("recording", [f"1/{NAME}"])
        job = repository.get_implicit_job_def_for_assets([dg.AssetKey("recording")])
        assert job is not None
        return job.execute_in_process(
            instance=instance, partition_key=f"1/{NAME}", raise_on_error=raise_on_error
        )


def _rows(store: Store, table: sa.Table) -> list[Any]:
    with store.transaction() as tx:
        return list(tx.execute(sa.select(table).order_by(*table.primary_key.columns)))


def test_a_film_is_counted_with_its_own_times_and_again_changes_nothing(settings: Settings, store: Store):
    done = _materialized(settings)
    [event] = [row for row in _rows(store, processor_event) if row.kind == "enter"]
    went_in_s = (MIDDLE.corners_rel[0][0] * FILM.width_px - SQUARE_PX / 2) / 3 / FILM.fps
    assert (event.ts - STARTS_AT).total_seconds() == pytest.approx(went_in_s, abs=0.2)
    seen = _rows(store, observation)
    assert seen[0].from_at == STARTS_AT
    assert seen[-1].to_at == STARTS_AT + timedelta(seconds=FILM.seconds)
    [made] = done.asset_materializations_for_node("recording")
    assert made.metadata["events_enter"].value == 1
    before = (_rows(store, processor_event), seen)
    _materialized(settings)
    assert (_rows(store, processor_event), _rows(store, observation)) == before


def test_a_film_takes_the_place_of_what_other_zones_found_in_its_time_and_of_nothing_else(
    settings: Settings, store: Store
):
    around = [STARTS_AT - timedelta(seconds=1), STARTS_AT + timedelta(seconds=6)]
    with store.transaction() as tx:
        watching.add_events(tx, [an_event(processor_id=1, ts=at, track_id=900) for at in around])
        watching.add_observations(
            tx,
            [
                Observation(
                    camera_id=1,
                    from_at=at,
                    to_at=at + timedelta(seconds=1),
                    frames_wanted=5,
                    frames_detected=5,
                )
                for at in around
            ],
        )
    _materialized(settings)
    first = _rows(store, processor_event)
    narrow = Zone(((0.7, 0.0), (0.8, 0.0), (0.8, 1.0), (0.7, 1.0)), "far")
    with store.transaction() as tx:
        processors.change_processor(tx, 1, processor_settings(zones=(narrow,)))
    _materialized(settings)
    again = _rows(store, processor_event)
    kept = [row for row in again if row.track_id == 900]
    assert [row.ts for row in kept] == around
    mine = [row for row in again if row.processor_id == 1 and row.track_id != 900]
    assert mine
    assert {row.processor_version for row in mine} == {2}
    assert not {row.ts for row in mine} & {
        row.ts for row in first if row.processor_id == 1 and row.track_id != 900
    }
    assert len([row for row in _rows(store, observation) if row.from_at in around]) == 2


def test_a_film_that_cannot_be_counted_to_its_end_changes_nothing(settings: Settings, store: Store):
    _materialized(settings)
    before = (_rows(store, processor_event), _rows(store, observation))
    path = settings.var_dir / "recordings" / "1" / NAME
    path.write_bytes(b"no film at all")
    failed = _materialized(settings, raise_on_error=False)
    [failure] = [event for event in failed.all_events if event.is_step_failure]
    assert "is no video file" in str(failure.step_failure_data.user_failure_data)
    assert (_rows(store, processor_event), _rows(store, observation)) == before


def test_the_sensor_asks_once_for_each_film_that_is_written_to_its_end(settings: Settings):
    folder = settings.var_dir / "recordings" / "1"
    (folder / "growing.mp4").write_bytes(b"still being written")
    (folder / "notes.txt").write_text("no film")
    (folder.parent / "shop").mkdir()
    (folder.parent / "shop" / "film.mp4").write_bytes(b"of no camera")
    with dg.DagsterInstance.ephemeral() as instance:

        def tick() -> Any:
            with dg.build_sensor_context(instance=instance, resources={"settings": settings}) as context:
                return recordings_found(context)

        asked = tick()
        assert [one.partition_key for one in asked.run_requests] == [f"1/{NAME}"]
        for wanted in asked.dynamic_partitions_requests:
            instance.add_dynamic_partitions(wanted.partitions_def_name, wanted.partition_keys)
        assert not tick().run_requests


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """MOTChallenge ground truth of the film: a person a lap."""
    lines = []
    for index in range(FILM.frames):
        left = FILM.square_left_px(index)
        lap = index * 3 // (FILM.width_px - SQUARE_PX)
        lines.append(
            f"{index + 1},{lap + 1},{left},{FILM.height_px // 2},{SQUARE_PX},{FILM.height_px // 2},1,1,1"
        )
    path = tmp_path / "gt.txt"
    path.write_text("\n".join(lines))
    return path


def _compared(settings: Settings, truth: Path, **config: Any) -> Any:
    repository = build_defs(settings).get_repository_def()
    clip = settings.var_dir / "recordings" / "1" / NAME
    given = {"camera_id": 1, "clip": str(clip), "truth": str(truth), **config}
    with dg.DagsterInstance.ephemeral() as instance:
        return repository.get_job("validate_counting").execute_in_process(
            instance=instance,
            run_config={"ops": {"compare_with_truth": {"config": given}}},
            raise_on_error=False,
        )


def test_a_comparison_is_kept_and_shown(settings: Settings, store: Store, truth: Path):
    assert _compared(settings, truth).success
    hand = truth.with_name("hand.csv")
    hand.write_text("time,direction\n1.5,in\n4.0,in\n")
    assert _compared(settings, hand).success
    assert _rows(store, processor_event) == []
    with api(settings.database_url, settings.var_dir) as client:
        by_hand, by_boxes = client.get("/api/v1/cameras/1/validations").json()
        assert (by_boxes["true_count"], by_boxes["counted"], by_boxes["matched"]) == (2, 2, 2)
        assert (by_boxes["precision"], by_boxes["recall"], by_boxes["count_error"]) == (1.0, 1.0, 0.0)
        assert (by_hand["true_count"], by_hand["counted"], by_hand["matched"]) == (2, 1, 1)
        assert (by_hand["recall"], by_hand["count_error"], by_hand["clip"]) == (0.5, -0.5, NAME)
        [missed] = client.get(f"/api/v1/validations/{by_hand['validation_id']}/mistakes").json()
        assert missed == {"at_s": 4.0, "zone": 0, "direction": "in", "mistake": "missed"}
        picture = client.get(by_hand["picture_url"])
        assert picture.headers["content-type"] == "image/jpeg"
        with_mistake = decode_jpeg(picture.content).shape[0]
        without = decode_jpeg(client.get(by_boxes["picture_url"]).content).shape[0]
        assert with_mistake > without
        [camera] = client.get("/api/v1/status").json()["cameras"]
        shown = camera["processors"][0]
        assert shown["validation_text"] == f"Compared with {NAME}: 1 counted, 2 true; 50 % found, 100 % right"
        assert shown["validation_url"] == by_hand["picture_url"]
        assert shown["validation_text"] in client.get("/").text
        assert client.get("/api/v1/cameras/9/validations").status_code == 404
        assert client.get("/api/v1/validations/99/picture.jpg").status_code == 404


def test_a_truth_that_means_nothing_keeps_nothing_and_says_why(settings: Settings, store: Store, truth: Path):
    truth.write_text("time,zone\n1.5,cellar\n")
    failed = _compared(settings, truth)
    [failure] = [event for event in failed.all_events if event.is_step_failure]
    assert "zone 'cellar' is none of: 0 middle" in str(failure.step_failure_data.user_failure_data)
    with store.transaction() as tx:
        assert validations.list_validations(tx, 1) == []


def test_purging_a_camera_takes_its_comparisons_along(settings: Settings, store: Store, truth: Path):
    assert _compared(settings, truth).success
    with store.transaction() as tx:
        cameras.delete_camera(tx, 1, purge=True)
    with store.transaction() as tx:
        assert validations.newest_validations(tx) == {}
