"""Where Dagster keeps its runs: the same database as the events, in a schema of its own."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from hypersight_core.settings import Settings

SCHEMA = "dagster"
STORAGE_VARIABLE = "DAGSTER_POSTGRES_URL"


def storage_url(database_url: str) -> str:
    """Return `DAGSTER_POSTGRES_URL` of `deploy/dagster.yaml` for our own `database_url`.

    The driver is named because Dagster needs psycopg2's: with psycopg 3, which SQLAlchemy 2.1 takes when none
    is named, its NOTIFY of run events is a syntax error and no run gets beyond STARTING.
    """
    parts = urlsplit(database_url)
    options = f"options={quote(f'-csearch_path={SCHEMA}')}&application_name=dagster"
    query = f"{parts.query}&{options}" if parts.query else options
    return urlunsplit(("postgresql+psycopg2", parts.netloc, parts.path, query, ""))


def with_storage(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that tells Dagster where its storage is, as our own settings say unless it does.

    Raises:
        InvalidInput: the settings are malformed.
    """
    database_url = Settings.from_environ(environ).database_url
    known = {STORAGE_VARIABLE: storage_url(database_url)} if database_url else {}
    return {**known, **environ}
