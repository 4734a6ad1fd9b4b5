"""Cameras: list, read, add, edit, delete."""

from dataclasses import fields

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DataError

from hypersight_core.domain.cameras import Camera, CameraSettings
from hypersight_core.errors import InvalidInput, NotFound
from hypersight_core.redaction import redacted
from hypersight_core.store import processors
from hypersight_core.store.tables import (
    camera,
    camera_outage,
    heat_cell,
    observation,
    processor,
    watcher_checkpoint,
    watcher_failure,
    watcher_lease,
)

COLUMNS = tuple(camera.c[field.name] for field in fields(Camera))
IN_USE = camera.c.deleted_at.is_(None)


def list_cameras(tx: Connection) -> list[Camera]:
    """Return all cameras, in the order they were added."""
    rows = tx.execute(sa.select(*COLUMNS).where(IN_USE).order_by(camera.c.camera_id)).mappings()
    return [Camera(**row) for row in rows]


def camera_names(tx: Connection) -> dict[int, str]:
    """Return what cameras are called, deleted ones too, by id."""
    return {row.camera_id: row.name for row in tx.execute(sa.select(camera.c.camera_id, camera.c.name))}


def get_camera(tx: Connection, camera_id: int, *, for_change: bool = False) -> Camera:
    """Return one camera.

    Args:
        for_change: nobody else changes it until the transaction ends.

    Raises:
        NotFound: it does not exist, or was deleted.
    """
    if for_change:
        tx.execute(sa.select(camera.c.camera_id).where(camera.c.camera_id == camera_id).with_for_update())
    row = tx.execute(sa.select(*COLUMNS).where(IN_USE, camera.c.camera_id == camera_id)).mappings().first()
    if row is None:
        raise NotFound("camera", camera_id)
    return Camera(**row)


def create_camera(tx: Connection, settings: CameraSettings) -> Camera:
    """Add a camera.

    Raises:
        InvalidInput: the database knows no such time zone.
    """
    _check_time_zone(tx, settings.time_zone)
    row = tx.execute(sa.insert(camera).values(**_values(settings)).returning(*COLUMNS)).mappings().one()
    return Camera(**row)


def change_camera(tx: Connection, camera_id: int, settings: CameraSettings) -> Camera:
    """Replace a camera's settings; equal settings make no new version.

    Raises:
        NotFound: it does not exist, or was deleted.
        InvalidInput: the database knows no such time zone.
    """
    now = get_camera(tx, camera_id, for_change=True)
    if settings.time_zone != now.time_zone:
        _check_time_zone(tx, settings.time_zone)
    counted = int(_values(settings) != _values(now.settings()))
    values = _values(settings) | {"changed_at": sa.func.now(), "camera_version": now.camera_version + counted}
    change = sa.update(camera).where(IN_USE, camera.c.camera_id == camera_id)
    row = tx.execute(change.values(**values).returning(*COLUMNS)).mappings().one()
    return Camera(**row)


def delete_camera(tx: Connection, camera_id: int, *, purge: bool = False) -> None:
    """Take a camera and its processors out of use; their events stay, unless purged, its secrets never do.

    Args:
        purge: remove every trace of it as well; also of a camera deleted before.

    Raises:
        NotFound: there is no such camera.
    """
    known = sa.select(camera.c.stream_url).where(camera.c.camera_id == camera_id).with_for_update()
    stream_url = tx.scalar(known if purge else known.where(IN_USE))
    if stream_url is None:
        raise NotFound("camera", camera_id)
    if purge:
        _purge(tx, camera_id)
        return
    now = {"deleted_at": sa.func.now()}
    of_camera = (processor.c.camera_id == camera_id, processor.c.deleted_at.is_(None))
    tx.execute(sa.update(processor).where(*of_camera).values(**now))
    no_secrets = {"stream_url": redacted(stream_url), "http_headers": {}}
    tx.execute(sa.update(camera).where(camera.c.camera_id == camera_id).values(**now, **no_secrets))


def _check_time_zone(tx: Connection, name: str) -> None:
    """Refuse what only this machine knows (`localtime`, `right/UTC`): days are counted in the database."""
    try:
        tx.execute(sa.select(sa.func.timezone(name, sa.func.now())))
    except DataError as error:
        raise InvalidInput(
            f"the database knows no time zone {name!r} (example: Europe/Paris)", field="time_zone"
        ) from error


def _purge(tx: Connection, camera_id: int) -> None:
    ids = tx.scalars(sa.select(processor.c.processor_id).where(processor.c.camera_id == camera_id)).all()
    for processor_id in ids:
        processors.delete_processor(tx, processor_id, purge=True)
    tables = (
        observation,
        heat_cell,
        camera_outage,
        watcher_checkpoint,
        watcher_failure,
        watcher_lease,
        camera,
    )
    for table in tables:
        tx.execute(sa.delete(table).where(table.c.camera_id == camera_id))


def _values(settings: CameraSettings) -> dict[str, object]:
    values = {one.name: getattr(settings, one.name) for one in fields(CameraSettings)}
    return values | {"groups": list(settings.groups)}
