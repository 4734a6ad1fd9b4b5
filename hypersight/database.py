"""Which database a command talks to: the configured one, the running stack's, or the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypersight import endpoints
from hypersight.postgres import EmbeddedPostgres
from hypersight_core.settings import Settings
from hypersight_core.store import schema
from hypersight_core.store.engine import Store


def embedded_postgres(settings: Settings) -> EmbeddedPostgres:
    """Return the manager of the embedded server, not started."""
    return EmbeddedPostgres(
        settings.var_dir / "postgres", bin_dir=Path(settings.pg_bin) if settings.pg_bin else None
    )


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Yield a database URL that answers; an embedded server started for it ends with the block."""
    if settings.database_url:
        yield settings.database_url
        return
    running = endpoints.read(settings.var_dir)
    if running is not None:
        yield running.database
        return
    server = embedded_postgres(settings)
    was_running = server.is_running()
    url = server.start()
    try:
        yield url
    finally:
        if not was_running:
            server.stop()


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Yield a store on the newest schema."""
    with database(settings) as url:
        schema.upgrade(url)
        store = Store(url, application_name="hypersight cli", pool_size=1)
        try:
            yield store
        finally:
            store.close()
