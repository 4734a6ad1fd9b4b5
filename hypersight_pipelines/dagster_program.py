"""Run a program of Dagster's on our database: `python -m hypersight_pipelines.dagster_program webserver …`.

Dagster reads the URL of its storage, password included, from the environment only; ours may stand in a file.
"""

import os
import sys

from hypersight_core.errors import HypersightError
from hypersight_pipelines.instance import with_storage

PROGRAMS = {"webserver": "dagster_webserver", "daemon": "hypersight_pipelines.daemon"}


def main(arguments: list[str]) -> int:
    """Become the program; return only when that cannot be."""
    if not arguments or arguments[0] not in PROGRAMS:
        return _refused(f"say which: {', '.join(PROGRAMS)}; what follows goes to it")
    try:
        environ = with_storage(os.environ)  # noqa: TID251 - an entry point
    except HypersightError as error:
        return _refused(str(error))
    name, *rest = arguments
    return os.execve(sys.executable, [sys.executable, "-m", PROGRAMS[name], *rest], environ)  # noqa: S606


def _refused(reason: str) -> int:
    print(f"hypersight_pipelines: {reason}", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
