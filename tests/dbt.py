"""dbt as users run it: a process of its own on a real database."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypersight_pipelines.dbt_project import dbt_command, dbt_environ


@dataclass(frozen=True)
class Ran:
    """How a run of dbt ended."""

    returncode: int
    said: str
    target: Path

    def results(self) -> dict[str, str]:
        """Return how each node fared, by its id."""
        found = json.loads((self.target / "run_results.json").read_text())
        return {one["unique_id"]: one["status"] for one in found["results"]}


@dataclass(frozen=True)
class Dbt:
    """The project on one database."""

    database_url: str
    folder: Path

    def __call__(self, *arguments: str, variables: dict[str, Any] | None = None, threads: int = 1) -> Ran:
        """Run it; one thread, since WebAssembly has one server process."""
        environ = {**os.environ, **dbt_environ(self.database_url, self.folder)}  # noqa: TID251
        given = [] if variables is None else ["--vars", json.dumps(variables)]
        ended = subprocess.run(
            [dbt_command(), "--warn-error", *arguments, *given],
            env=environ | {"METRICS_DB_THREADS": str(threads)},
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        return Ran(ended.returncode, ended.stdout + ended.stderr, self.folder / "dbt")

    def build(self, *arguments: str, **options: Any) -> Ran:
        """Build everything, or what `arguments` select; it must succeed."""
        ran = self("build", *arguments, **options)
        assert ran.returncode == 0, ran.said
        return ran
