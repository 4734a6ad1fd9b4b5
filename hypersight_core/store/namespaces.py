"""Schemas of the same database for programs that bring their own tables."""

import sqlalchemy as sa
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.schema import CreateSchema, SetTableComment


def ensure_namespace(tx: sa.Connection, name: str) -> None:
    """Create schema `name` if it is missing."""
    tx.execute(CreateSchema(name, if_not_exists=True))


def note_on(tx: sa.Connection, namespace: str, table: str) -> str | None:
    """Return the comment on a table, which backups keep; None where there is none, or no such table."""
    try:
        return sa.inspect(tx).get_table_comment(table, schema=namespace)["text"]
    except NoSuchTableError:
        return None


def write_note_on(tx: sa.Connection, namespace: str, table: str, note: str) -> None:
    """Set the comment on a table, which only its owner may."""
    tx.execute(SetTableComment(sa.Table(table, sa.MetaData(), schema=namespace, comment=note)))
