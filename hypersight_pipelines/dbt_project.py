"""The dbt project beside the code, and how dbt is run on it.

dbt lives in an environment of its own (decision 15): what it pins is older than what the rest needs.
"""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from hypersight_core.errors import SetupFailed
from hypersight_core.store.engine import connection_facts

PROJECT_DIR = Path(__file__).parents[1] / "dbt_metrics"
DBT_ENVIRONMENT = Path(sys.prefix) / "dbt"
MANIFEST = DBT_ENVIRONMENT / "parsed" / "manifest.json"
"""What the project consists of, parsed at set-up: reading it needs no dbt and no database."""
NO_TELEMETRY = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
SESSION = "-c timezone=UTC -c jit=off"
"""For libpq: compiling takes longer than any of our statements gains."""


def dbt_command() -> Path:
    """Return the program.

    Raises:
        SetupFailed: it is not installed.
    """
    ours = DBT_ENVIRONMENT / "bin" / "dbt"
    found = ours if ours.is_file() else shutil.which("dbt")
    if found is None:
        raise SetupFailed(
            "dbt is not installed", hint="make setup, or put dbt-core 1.11 and dbt-postgres on PATH"
        )
    return Path(found)


def dbt_environ(database_url: str, var_dir: Path) -> Mapping[str, str]:
    """Return the variables that `dbt_metrics/profiles.yml` reads, and where dbt writes.

    Raises:
        InvalidInput: the URL is none of a PostgreSQL database.
    """
    database = connection_facts(database_url)
    return {
        **NO_TELEMETRY,
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_TARGET_PATH": str(var_dir / "dbt"),
        "DBT_LOG_PATH": str(var_dir / "logs"),
        "METRICS_DB_HOST": database.host,
        "METRICS_DB_PORT": str(database.port),
        "METRICS_DB_USER": database.user,
        "METRICS_DB_DATABASE": database.name,
        "DBT_ENV_SECRET_METRICS_DB_PASSWORD": database.password,
        "PGOPTIONS": SESSION,
        **({"PGSSLMODE": database.sslmode} if database.sslmode else {}),
    }
