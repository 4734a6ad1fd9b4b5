"""Which TimescaleDB a database has, if any."""

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.errors import SetupFailed

Version = tuple[int, ...]

OLDEST: Version = (2, 16)
"""Continuous aggregates with an offset, by_range, and triggers as we use them."""
STATEMENT_TRIGGERS_SINCE: Version = (2, 18)
FORCE_SINCE: Version = (2, 18)
"""`force` of refresh_continuous_aggregate."""
COLUMNSTORE_NAMES_SINCE: Version = (2, 18)


def timescale_version(tx: Connection) -> Version | None:
    """Return the extension's version as numbers, `(2, 24, 0)`; None on plain PostgreSQL.

    Raises:
        SetupFailed: it is older than `OLDEST`.
    """
    found = tx.execute(sa.text("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")).scalar()
    if found is None:
        return None
    version = tuple(int(part) for part in found.split("-")[0].split("."))
    if version < OLDEST:
        raise SetupFailed(
            f"TimescaleDB {found} is too old, {'.'.join(map(str, OLDEST))} is the oldest that works",
            hint="install a newer one and run: ALTER EXTENSION timescaledb UPDATE",
        )
    return version
