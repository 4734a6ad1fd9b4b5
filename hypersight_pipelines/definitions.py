"""Where Dagster enters: `dagster … -m hypersight_pipelines.definitions` loads `defs` from here."""

import os

from hypersight_core.settings import Settings
from hypersight_pipelines.location import build_defs

defs = build_defs(Settings.from_environ(os.environ))  # noqa: TID251 - an entry point: Dagster imports it by name
