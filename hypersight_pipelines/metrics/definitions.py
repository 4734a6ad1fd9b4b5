"""Where Dagster enters: `dagster … -m hypersight_pipelines.metrics.definitions` loads `defs` from here."""

import os

from hypersight_core.settings import Settings
from hypersight_pipelines.dbt_project import dbt_environ
from hypersight_pipelines.metrics.location import build_defs

settings = Settings.from_environ(os.environ)  # noqa: TID251 - an entry point: Dagster imports it by name
if settings.database_url:
    # The only way to tell the program that `dagster-dbt` starts.
    os.environ.update(dbt_environ(settings.database_url, settings.var_dir))  # noqa: TID251
defs = build_defs(settings)
