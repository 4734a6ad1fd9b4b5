"""`hypersight analyst` and `hypersight dbt …`."""

import os
import secrets
import subprocess
import sys
from contextlib import nullcontext
from typing import Annotated
from urllib.parse import quote

from cyclopts import Parameter
from rich.console import Console

from hypersight.database import database, opened_store
from hypersight_core.settings import Settings
from hypersight_core.store.analysts import ROLE, allow_analysts
from hypersight_core.store.engine import connection_facts
from hypersight_core.store.models import building
from hypersight_pipelines.dbt_project import dbt_command, dbt_environ

BUILDING = {"build", "clone", "retry", "run", "run-operation", "seed", "snapshot", "test"}
"""What dbt is told when it writes, or reads what must not be replaced meanwhile."""


class AnalysisCommands:
    """What analysts work with."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def analyst(self) -> None:
        """Make the read-only database role for SQL tools and dashboards, and say how to connect with it.

        Its password is HYPERSIGHT_ANALYST_PASSWORD, or a new one each time. It reads events, coverage,
        rollups and the dbt models; no camera's address, no picture, and it writes nothing.
        """
        password = self._settings.analyst_password or secrets.token_urlsafe(18)
        with opened_store(self._settings) as store, database(self._settings) as url:
            with store.transaction() as tx:
                allow_analysts(tx, password)
            facts = connection_facts(url)
        shown = "$HYPERSIGHT_ANALYST_PASSWORD" if self._settings.analyst_password else quote(password)
        self._console.print(
            f"postgresql://{ROLE}:{shown}@{facts.host}:{facts.port}/{facts.name}", soft_wrap=True
        )

    def dbt(self, *arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
        """Run dbt on the models in dbt_metrics/, on the database of hypersight.

        `hypersight dbt build` builds and tests them, `hypersight dbt docs generate` documents them, and
        `hypersight dbt docs serve` shows it.

        Args:
            arguments: what dbt is told, as it is.
        """
        command = dbt_command()
        with opened_store(self._settings) as store, database(self._settings) as url:
            environ = {**os.environ, **dbt_environ(url, self._settings.var_dir)}  # noqa: TID251 - for dbt
            with building(store, self._console.print) if BUILDING.intersection(arguments) else nullcontext():
                ended = subprocess.run([command, *arguments], env=environ, check=False)
        sys.exit(ended.returncode)
