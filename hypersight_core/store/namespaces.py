"""Schemas of the same database for programs that bring their own tables."""

from sqlalchemy.schema import CreateSchema

from hypersight_core.store.engine import Store


def ensure_namespace(database_url: str, name: str) -> None:
    """Create schema `name` if it is missing.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    store = Store(database_url, application_name="hypersight namespaces", pool_size=1)
    try:
        with store.transaction() as tx:
            tx.execute(CreateSchema(name, if_not_exists=True))
    finally:
        store.close()
