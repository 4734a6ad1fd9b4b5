"""Cameras and processors on a real database."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput, NotFound
from hypersight_core.store import cameras, metrics, processors, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import metadata, processor_version
from tests.builders import LEFT_HALF, an_event, camera_settings, noon, processor_settings

DOOR = Zone(((0.1, 0.2), (0.9, 0.8)), "door")


def test_a_camera_is_read_as_it_was_written(store: Store):
    with store.transaction() as tx:
        calls = {"watch_rows": 2, "jpeg_quality": 92, "motion_gate": True, "motion_recheck_s": 2.5}
        calls["blur_persons"] = True
        added = cameras.create_camera(tx, camera_settings(watch_fps=0.5, time_zone="Asia/Kolkata", **calls))
        assert {name: getattr(added, name) for name in calls} == calls
        assert cameras.get_camera(tx, added.camera_id) == added
        changed = cameras.change_camera(tx, added.camera_id, camera_settings(name="gate", enabled=False))
        assert (changed.name, changed.watch_fps, changed.enabled) == ("gate", 2.0, False)
        assert cameras.change_camera(tx, added.camera_id, changed) == changed
        assert cameras.list_cameras(tx) == [changed]


@pytest.mark.parametrize("name", ["localtime", "posixrules", "right/Europe/Paris"])
def test_a_time_zone_that_only_this_machine_knows_is_refused_before_days_are_counted_in_it(
    store: Store, name: str
):
    # Python reads any file of the system's folder; one such camera would break every series and dbt model.
    local_only = camera_settings()
    object.__setattr__(local_only, "time_zone", name)  # as on a machine that has such a file
    with pytest.raises(InvalidInput, match="time zone") as added, store.transaction() as tx:
        cameras.create_camera(tx, local_only)
    assert added.value.field == "time_zone"
    with store.transaction() as tx:
        camera_id = cameras.create_camera(tx, camera_settings(time_zone="Europe/Kyiv")).camera_id
    with pytest.raises(InvalidInput, match="time zone"), store.transaction() as tx:
        cameras.change_camera(tx, camera_id, local_only)


def test_each_edit_of_a_processor_is_a_version_and_the_former_ones_stay(store: Store):
    with store.transaction() as tx:
        camera_id = cameras.create_camera(tx, camera_settings()).camera_id
        added = processors.create_processor(tx, camera_id, processor_settings(zones=(LEFT_HALF, DOOR)))
        assert (added.version, added.zones) == (1, (LEFT_HALF, DOOR))
        settings = processor_settings(
            zones=(DOOR,), threshold=0.7, anchor=Anchor.FEET, output_hls=True, best_view=True, name="in"
        )
        changed = processors.change_processor(tx, added.processor_id, settings)
        assert (changed.version, changed.zones, changed.anchor) == (2, (DOOR,), Anchor.FEET)
        assert processors.change_processor(tx, added.processor_id, settings) == changed
        assert processors.list_processors(tx) == processors.list_processors(tx, camera_id) == [changed]
        former = tx.execute(sa.select(processor_version.c.threshold).order_by(processor_version.c.version))
        assert list(former.scalars()) == [0.4, 0.7]


def test_the_kind_of_a_processor_cannot_change(store: Store):
    with store.transaction() as tx:
        camera_id = cameras.create_camera(tx, camera_settings()).camera_id
        added = processors.create_processor(tx, camera_id, processor_settings())
        with pytest.raises(InvalidInput, match="traffic"):
            processors.change_processor(tx, added.processor_id, processor_settings(kind="objects"))


def test_a_deleted_camera_is_gone_with_its_processors_and_its_events_stay(store: Store):
    with store.transaction() as tx:
        _camera_with_event(tx)
        cameras.delete_camera(tx, 1)
        assert not cameras.list_cameras(tx)
        assert not processors.list_processors(tx)
        for call in (
            cameras.get_camera,
            cameras.delete_camera,
            processors.get_processor,
            processors.delete_processor,
        ):
            with pytest.raises(NotFound):
                call(tx, 1)
        assert len(metrics.latest_events(tx, 1).events) == 1


@pytest.mark.parametrize("is_deleted", [False, True], ids=["in use", "deleted before"])
def test_purging_a_camera_leaves_no_trace(store: Store, is_deleted: bool):
    with store.transaction() as tx:
        _camera_with_event(tx)
        if is_deleted:
            cameras.delete_camera(tx, 1)
        cameras.delete_camera(tx, 1, purge=True)
        for table in metadata.sorted_tables:
            assert tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda tx: cameras.get_camera(tx, 5),
        lambda tx: cameras.change_camera(tx, 5, camera_settings()),
        lambda tx: cameras.delete_camera(tx, 5),
        lambda tx: cameras.delete_camera(tx, 5, purge=True),
        lambda tx: processors.get_processor(tx, 5),
        lambda tx: processors.create_processor(tx, 5, processor_settings()),
        lambda tx: processors.change_processor(tx, 5, processor_settings()),
        lambda tx: processors.delete_processor(tx, 5),
        lambda tx: processors.delete_processor(tx, 5, purge=True),
    ],
)
def test_what_does_not_exist_is_said_to_be_missing(store: Store, call: Callable[[Connection], object]):
    with pytest.raises(NotFound, match="5"), store.transaction() as tx:
        call(tx)


@pytest.mark.parametrize(
    "call",
    [
        lambda tx: cameras.get_camera(tx, 2**40),
        lambda tx: cameras.create_camera(tx, camera_settings(name="a\0b")),
    ],
    ids=["too large a number", "zero byte"],
)
def test_what_no_column_can_hold_is_the_callers_mistake(store: Store, call: Callable[[Connection], object]):
    with pytest.raises(InvalidInput), store.transaction() as tx:
        call(tx)


def test_text_is_never_read_as_sql(store: Store):
    name = "'; DROP TABLE camera; -- %s %(x)s :name"
    with store.transaction() as tx:
        assert cameras.create_camera(tx, camera_settings(name=name)).name == name
        assert len(cameras.list_cameras(tx)) == 1


def test_listeners_hear_of_every_change_of_configuration(store: Store):
    with store.dedicated("listener", statement_timeout_s=5) as listener:
        listener.execute("LISTEN watch_change")
        for change in (
            lambda tx: cameras.create_camera(tx, camera_settings()),
            lambda tx: processors.create_processor(tx, 1, processor_settings()),
            lambda tx: processors.change_processor(tx, 1, processor_settings(threshold=0.9)),
            lambda tx: processors.delete_processor(tx, 1),
            lambda tx: cameras.delete_camera(tx, 1, purge=True),
        ):
            with store.transaction() as tx:
                change(tx)
            heard = next(listener.notifies(timeout=5, stop_after=1), None)
            assert heard is not None
            assert heard.payload == "1"
            list(listener.notifies(timeout=0.05))


def _camera_with_event(tx: Connection) -> None:
    camera = cameras.create_camera(tx, camera_settings())
    processors.create_processor(tx, camera.camera_id, processor_settings())
    assert watching.add_events(tx, [an_event(processor_id=1, ts=noon())]) == 1
