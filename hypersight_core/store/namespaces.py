"""Schemas of the same database for programs that bring their own tables."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.schema import CreateSchema


def ensure_namespace(tx: sa.Connection, name: str) -> None:
    """Create schema `name` if it is missing."""
    tx.execute(CreateSchema(name, if_not_exists=True))


def has_tables(tx: sa.Connection, namespace: str, names: Iterable[str]) -> bool:
    """Return whether schema `namespace` has all these tables."""
    return set(names) <= set(sa.inspect(tx).get_table_names(schema=namespace))
