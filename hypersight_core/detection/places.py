"""How many calls all watchers of a machine may make to one server at a time."""

import fcntl
import hashlib
import logging
import os
import random
from dataclasses import dataclass
from pathlib import Path

from hypersight_core.settings import Settings

logger = logging.getLogger(__name__)

MOST_LOOKS = 4
"""Files tried in one go: hundreds of watchers that wait must not keep the machine busy with looking."""


@dataclass(frozen=True, slots=True)
class CallLimit:
    """How many calls to one server are made at a time by all processes that share a folder."""

    folder: Path
    calls: int


def machine_limit(settings: Settings) -> CallLimit:
    """Return the limit that all processes of an installation on this machine share."""
    return CallLimit(settings.var_dir / "detectors", settings.detector_max_calls)


class Places:
    """A file a place; who makes a call holds a lock on one.

    The kernel gives back the locks of a process that was killed, so no place is ever lost.
    Where files cannot be made (a full disk), calls go on without a limit.
    """

    def __init__(self, limit: CallLimit, server_url: str) -> None:
        digest = hashlib.sha256(server_url.encode()).hexdigest()[:16]  # the address may hold a password
        self._folder, self._count = limit.folder / digest, limit.calls
        self._is_failing = False

    def take(self) -> "Place | None":
        """Return a place, to be closed after the call; None when none was found free."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            first = random.randrange(self._count)  # noqa: S311 - spreads callers, keeps no secret
            for step in range(min(self._count, MOST_LOOKS)):
                number = (first + step) % self._count
                handle = os.open(self._folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                if _is_locked(handle):
                    return Place(handle)
        except OSError as error:
            return self._unlimited(error)
        return None

    def _unlimited(self, error: OSError) -> "Place":
        if not self._is_failing:
            logger.warning("calls to the detector are not limited", extra={"reason": str(error)})
        self._is_failing = True
        return Place(None)


class Place:
    """The right to make one call."""

    def __init__(self, handle: int | None) -> None:
        self._handle = handle

    def close(self) -> None:
        """Give it back."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def _is_locked(handle: int) -> bool:
    """Lock an open file for this process, or close it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    return True
