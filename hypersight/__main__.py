"""The command line: `hypersight …` or `python -m hypersight …`."""

import os
import sys

from rich.console import Console

from hypersight.cli import build_app
from hypersight_core import logs
from hypersight_core.errors import HypersightError
from hypersight_core.redaction import redacted_text
from hypersight_core.settings import Settings


def main() -> None:
    """Run one command; a deliberate error is one clear message and exit code 1."""
    errors = Console(stderr=True)
    try:
        settings = Settings.from_environ(os.environ)
        logs.configure(settings.log_level, settings.log_format)
        build_app(settings)()
    except HypersightError as error:
        errors.print(f"[red]hypersight:[/red] {redacted_text(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
