"""The audit log: who did what, and who looked at faces; entries are never changed, and kept for a year."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.access import AuditEntry
from hypersight_core.store.tables import audit_entry

KEPT = timedelta(days=365)


def record(tx: Connection, entry: AuditEntry) -> None:
    """Add an entry."""
    tx.execute(
        sa.insert(audit_entry).values(
            done_at=entry.done_at,
            actor=entry.actor,
            address=entry.address,
            action=entry.action,
            subject=entry.subject,
            fields=list(entry.fields),
        )
    )


def list_entries(tx: Connection, limit: int, before_id: int | None = None) -> list[AuditEntry]:
    """Return the newest entries first; those before `before_id`, to page on."""
    query = sa.select(audit_entry).order_by(audit_entry.c.audit_id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(audit_entry.c.audit_id < before_id)
    return [AuditEntry(**{**row._mapping, "fields": tuple(row.fields)}) for row in tx.execute(query)]


def forget_old(tx: Connection, now: datetime) -> int:
    """Remove entries older than `KEPT`; return how many."""
    return tx.execute(sa.delete(audit_entry).where(audit_entry.c.done_at < now - KEPT)).rowcount
