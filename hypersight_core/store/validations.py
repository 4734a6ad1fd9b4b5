"""Counters compared with people who counted the same film."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import distinct_on

from hypersight_core.domain.validation import Comparison, Mistake, Passing, Tally
from hypersight_core.errors import NotFound
from hypersight_core.store.tables import processor, validation

PLAIN = tuple(column for column in validation.c if column.name not in ("mistakes", "picture"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """Who counted what."""

    processor_id: int
    processor_version: int
    clip: str
    """Name of the film."""
    truth_from: str
    """Name of the file with the true passings."""
    length_s: float
    watch_fps: float
    tolerance_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewValidation(_Compared):
    """A comparison to keep."""

    comparison: Comparison
    picture: bytes
    """JPEG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation(_Compared):
    """A comparison that was kept."""

    validation_id: int
    tally: Tally
    created_at: datetime


def add_validation(tx: Connection, new: NewValidation) -> int:
    """Keep a comparison; return its id.

    Raises:
        NotFound: the processor was purged meanwhile.
    """
    known = sa.select(processor.c.processor_id).where(processor.c.processor_id == new.processor_id)
    if tx.execute(known.with_for_update(key_share=True)).first() is None:
        raise NotFound("processor", new.processor_id)
    total = new.comparison.total
    row = {name: getattr(new, name) for name in _Compared.__dataclass_fields__} | {
        "picture": new.picture,
        "true_count": total.truth, "counted": total.counted, "matched": total.matched,
        "mistakes": [_json(mistake) for mistake in new.comparison.mistakes],
    }  # fmt: skip
    added = tx.execute(sa.insert(validation).values(**row).returning(validation.c.validation_id))
    return int(added.scalar_one())


def list_validations(tx: Connection, camera_id: int) -> list[Validation]:
    """Return the comparisons of a camera's processors in use, the newest first."""
    query = (
        sa.select(*PLAIN)
        .join(processor, processor.c.processor_id == validation.c.processor_id)
        .where(processor.c.camera_id == camera_id, processor.c.deleted_at.is_(None))
        .order_by(validation.c.validation_id.desc())
    )
    return [_validation(row) for row in tx.execute(query).mappings()]


def newest_validations(tx: Connection) -> dict[int, Validation]:
    """Return the newest comparison of each processor, by its id."""
    by_processor = (validation.c.processor_id, validation.c.validation_id.desc())
    query = sa.select(*PLAIN).ext(distinct_on(validation.c.processor_id)).order_by(*by_processor)
    return {row["processor_id"]: _validation(row) for row in tx.execute(query).mappings()}


def mistakes(tx: Connection, validation_id: int) -> list[Mistake]:
    """Return what was missed or counted though nobody passed, in order of time.

    Raises:
        NotFound: there is no such comparison.
    """
    return [
        Mistake(Passing(one["at_s"], one["zone"], one["is_in"]), one["is_missed"])
        for one in _one(tx, validation_id, validation.c.mistakes)
    ]


def picture(tx: Connection, validation_id: int) -> bytes:
    """Return the JPEG of a comparison.

    Raises:
        NotFound: there is no such comparison.
    """
    return bytes(_one(tx, validation_id, validation.c.picture))


def _one(tx: Connection, validation_id: int, column: sa.Column[Any]) -> Any:
    row = tx.execute(sa.select(column).where(validation.c.validation_id == validation_id)).first()
    if row is None:
        raise NotFound("validation", validation_id)
    return row[0]


def _validation(row: sa.RowMapping) -> Validation:
    same = {name: row[name] for name in Validation.__dataclass_fields__ if name != "tally"}
    return Validation(**same, tally=Tally(row["true_count"], row["counted"], row["matched"]))


def _json(mistake: Mistake) -> dict[str, object]:
    passing = mistake.passing
    return {
        "at_s": round(passing.at_s, 3), "zone": passing.zone, "is_in": passing.is_in,
        "is_missed": mistake.is_missed,
    }  # fmt: skip
