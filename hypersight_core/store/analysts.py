"""The role analysts and dashboards read with: figures, and nothing secret."""

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import Connection

ROLE = "hypersight_analyst"
READABLE: dict[str, tuple[str, ...]] = {
    "camera": (
        "camera_id", "name", "watch_fps", "watch_rows", "watch_cols", "time_zone", "enabled", "created_at",
        "changed_at", "deleted_at",
    ),
    "processor": (), "processor_version": (), "processor_event": (), "observation": (), "kept_from": (),
    "presence_now": (), "traffic_hour": (), "traffic_day": (), "coverage_hour": (), "coverage_day": (),
    "validation": (
        "validation_id", "processor_id", "processor_version", "length_s", "watch_fps", "tolerance_s",
        "true_count", "counted", "matched", "created_at",
    ),
    "watcher_lease": (
        "camera_id", "acquired_at", "heartbeat_at", "state", "position_at", "lag_s", "released_at",
        "release_reason", "figures",
    ),
    "watcher_failure": ("camera_id", "failed_at", "bad_ends", "next_try_at"),
}  # fmt: skip
"""What may be read: the columns named, or all. Addresses and headers hold passwords, pictures show people."""
SCHEMAS = ("public", "rollup")
MODELS = "analytics"
"""Schema of the dbt models; dbt grants those made later (`dbt_metrics/macros`)."""


def allow_analysts(tx: Connection, password: str) -> None:
    """Make the role, or give it another password, and let it read what it may and nothing else."""
    if not tx.scalar(_KNOWS_ROLE, {"role": ROLE}):
        tx.exec_driver_sql(f"CREATE ROLE {ROLE}")
    words = sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 50 PASSWORD {}")
    for statement in (
        words.format(sql.Identifier(ROLE), sql.Literal(password)).as_string(None).replace("%", "%%"),
        f"ALTER ROLE {ROLE} SET default_transaction_read_only = on",
        f"ALTER ROLE {ROLE} SET statement_timeout = '60s'",
        f"ALTER ROLE {ROLE} SET jit = off",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {', '.join(SCHEMAS)} FROM {ROLE}",
        f"GRANT USAGE ON SCHEMA {', '.join(SCHEMAS)} TO {ROLE}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA rollup TO {ROLE}",
        *(f"GRANT SELECT {_columns(columns)} ON {table} TO {ROLE}" for table, columns in READABLE.items()),
    ):
        tx.exec_driver_sql(statement)
    if tx.scalar(_KNOWS_SCHEMA, {"schema": MODELS}):
        tx.exec_driver_sql(f"GRANT USAGE ON SCHEMA {MODELS} TO {ROLE}")
        tx.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {MODELS} TO {ROLE}")


def _columns(names: tuple[str, ...]) -> str:
    return f"({', '.join(names)})" if names else ""


_KNOWS_ROLE = sa.text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
_KNOWS_SCHEMA = sa.text("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema)")
