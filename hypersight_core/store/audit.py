"""The audit log: who did what, and who looked at faces; entries are never changed, and kept for a year."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from hypersight_core.domain.access import AuditEntry
from hypersight_core.store.tables import audit_entry, processor

KEPT = timedelta(days=365)


def record(tx: Connection, entry: AuditEntry, *, processor_id: int | None = None) -> None:
    """Add an entry.

    Args:
        processor_id: the processor it was about, whose camera is looked up.
    """
    of_processor = sa.select(processor.c.camera_id).where(processor.c.processor_id == processor_id)
    tx.execute(
        sa.insert(audit_entry).values(
            done_at=entry.done_at,
            actor=entry.actor,
            address=entry.address,
            action=entry.action,
            subject=entry.subject,
            fields=list(entry.fields),
            camera_id=entry.camera_id if processor_id is None else of_processor.scalar_subquery(),
            groups=list(entry.groups),
        )
    )


def list_entries(
    tx: Connection, limit: int, before_id: int | None = None, *, actor: str = "", action: str = ""
) -> list[AuditEntry]:
    """Return the newest entries first; those before `before_id`, to page on.

    Args:
        actor: a part of who did it, whatever the case; empty: anybody.
        action: a part of what was done; empty: anything.
    """
    query = sa.select(audit_entry).order_by(audit_entry.c.audit_id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(audit_entry.c.audit_id < before_id)
    if actor:
        query = query.where(audit_entry.c.actor.icontains(actor, autoescape=True))
    if action:
        query = query.where(audit_entry.c.action.icontains(action, autoescape=True))
    return [_entry(row) for row in tx.execute(query)]


def forget_old(tx: Connection, now: datetime) -> int:
    """Remove entries older than `KEPT`; return how many."""
    return tx.execute(sa.delete(audit_entry).where(audit_entry.c.done_at < now - KEPT)).rowcount


def _entry(row: Row[Any]) -> AuditEntry:
    lists = {"fields": tuple(row.fields), "groups": tuple(row.groups)}
    return AuditEntry(**{**row._mapping, **lists})
