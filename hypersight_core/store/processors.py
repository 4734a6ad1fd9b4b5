"""Processors: list, read, add, edit (each edit a new version), delete."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from hypersight_core.domain.cameras import Anchor, Processor, ProcessorSettings
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput, NotFound
from hypersight_core.store.tables import camera, processor, processor_event, processor_version

IN_USE = sa.and_(processor.c.deleted_at.is_(None), camera.c.deleted_at.is_(None))
VERSIONED = ("name", "zones", "threshold", "anchor", "enabled", "output_hls", "best_view")
CURRENT = (
    sa.select(
        *(processor.c[name] for name in ("processor_id", "camera_id", "kind", "version")),
        *(processor_version.c[name] for name in VERSIONED),
    )
    .join(camera, camera.c.camera_id == processor.c.camera_id)
    .join(
        processor_version,
        sa.and_(
            processor_version.c.processor_id == processor.c.processor_id,
            processor_version.c.version == processor.c.version,
        ),
    )
    .where(IN_USE)
    .order_by(processor.c.processor_id)
)


def list_processors(tx: Connection, camera_id: int | None = None) -> list[Processor]:
    """Return the processors of one camera, or of all, in the order they were added."""
    query = CURRENT if camera_id is None else CURRENT.where(processor.c.camera_id == camera_id)
    return [_processor(row) for row in tx.execute(query)]


def get_processor(tx: Connection, processor_id: int, *, for_change: bool = False) -> Processor:
    """Return one processor.

    Args:
        for_change: nobody else changes it until the transaction ends.

    Raises:
        NotFound: it does not exist, or was deleted.
    """
    if for_change:  # by a statement of its own: the newest version is read after the wait
        this = processor.c.processor_id == processor_id
        tx.execute(sa.select(processor.c.version).where(this).with_for_update())
    row = tx.execute(CURRENT.where(processor.c.processor_id == processor_id)).first()
    if row is None:
        raise NotFound("processor", processor_id)
    return _processor(row)


def create_processor(tx: Connection, camera_id: int, settings: ProcessorSettings) -> Processor:
    """Add a processor to a camera.

    Raises:
        NotFound: there is no such camera.
    """
    of_camera = sa.and_(camera.c.camera_id == camera_id, camera.c.deleted_at.is_(None))
    if (
        tx.execute(sa.select(camera.c.camera_id).where(of_camera).with_for_update(key_share=True)).first()
        is None
    ):
        raise NotFound("camera", camera_id)
    insert = sa.insert(processor).values(camera_id=camera_id, kind=settings.kind, version=1)
    processor_id = tx.execute(insert.returning(processor.c.processor_id)).scalar_one()
    _add_version(tx, processor_id, 1, settings)
    return get_processor(tx, processor_id)


def change_processor(tx: Connection, processor_id: int, settings: ProcessorSettings) -> Processor:
    """Replace a processor's settings by a new version; equal settings make none.

    Raises:
        NotFound: it does not exist, or was deleted.
        InvalidInput: the kind differs: what was counted so far would change its meaning.
    """
    now = get_processor(tx, processor_id, for_change=True)
    if settings.kind != now.kind:
        raise InvalidInput(
            f"processor {processor_id} is of kind {now.kind} for good; add another one instead"
        )
    if _values(settings) == _values(now):
        return now
    _add_version(tx, processor_id, now.version + 1, settings)
    change = sa.update(processor).where(processor.c.processor_id == processor_id)
    tx.execute(change.values(version=now.version + 1))
    return get_processor(tx, processor_id)


def delete_processor(tx: Connection, processor_id: int, *, purge: bool = False) -> None:
    """Take a processor out of use; its events stay, unless purged.

    Args:
        purge: remove its events and versions as well; also of a processor deleted before.

    Raises:
        NotFound: there is no such processor.
    """
    this = processor.c.processor_id == processor_id
    if purge:
        # Years of events take longer than any other statement: some ten seconds a million.
        tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
        found = tx.execute(sa.delete(processor).where(this)).rowcount
        tx.execute(sa.delete(processor_event).where(processor_event.c.processor_id == processor_id))
    else:
        in_use = sa.and_(this, processor.c.deleted_at.is_(None))
        found = tx.execute(sa.update(processor).where(in_use).values(deleted_at=sa.func.now())).rowcount
    if not found:
        raise NotFound("processor", processor_id)


def _add_version(tx: Connection, processor_id: int, version: int, settings: ProcessorSettings) -> None:
    row = {"processor_id": processor_id, "version": version} | _values(settings)
    tx.execute(sa.insert(processor_version).values(**row))


def _values(settings: ProcessorSettings) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(settings, name) for name in VERSIONED}
    zones = [
        {"name": zone.name, "corners": [list(corner) for corner in zone.corners_rel]}
        for zone in settings.zones
    ]
    return values | {"zones": zones, "anchor": settings.anchor.value}


def _processor(row: Row[Any]) -> Processor:
    values: dict[str, Any] = dict(row._mapping)
    return Processor(
        **values | {"zones": tuple(map(_zone, values["zones"])), "anchor": Anchor(values["anchor"])}
    )


def _zone(stored: Mapping[str, Any]) -> Zone:
    return Zone(tuple((float(x), float(y)) for x, y in stored["corners"]), stored["name"])
