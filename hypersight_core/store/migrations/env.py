"""Run by alembic for each command: migrate over the connection the caller opened."""

from alembic import context

from hypersight_core.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, compare_server_default=True
)
with context.begin_transaction():
    context.run_migrations()
