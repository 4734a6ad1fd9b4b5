"""`var/endpoints.json`: where each part of the running local stack answers."""

import os
from pathlib import Path

import msgspec

from hypersight_core.errors import SetupFailed

FILE_NAME = "endpoints.json"


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of a running stack; holds the database password, so only its owner may read the file."""

    api: str
    dagster: str
    detector: str
    faces: str
    database: str
    pid: int
    """The process that runs the stack."""

    def write(self, var_dir: Path) -> None:
        """Publish the addresses; readers never see half a file."""
        path = var_dir / FILE_NAME
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        part.replace(path)


def read(var_dir: Path) -> Endpoints | None:
    """Return the addresses of the stack that runs from `var_dir`; None when none does."""
    path = var_dir / FILE_NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Endpoints)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, OSError) as error:
        raise SetupFailed(f"{path} cannot be read: {error}", hint="delete it and start again") from error
    return found if Path(f"/proc/{found.pid}").exists() else None


def remove(var_dir: Path) -> None:
    """Say that nothing runs any more."""
    (var_dir / FILE_NAME).unlink(missing_ok=True)
