"""The errors hypersight raises on purpose; the class decides the reaction.

* HypersightError                                                  HTTP status   does a retry help?
  + NotFound             the caller named something that is not there   404      no
  + NotAllowed           it leads beyond what the caller may            403      no
  + Conflict             it contradicts what is already there           409      no
  + InvalidInput         the value cannot be understood or used         400      no
    - UnusableZone         a shape that encloses nothing or crosses itself
  + SetupFailed          this machine lacks something to run            -        after doing what it says
  + LeaseLost            another watcher owns the camera now            -        no: stop
  + Unavailable          something outside did not answer               503      yes
    - SourceUnavailable    a camera's stream
      · SecretUnreadable     its password, for want of the right key
    - DetectorUnavailable  a detector: down, slow, refusing, garbage
    - DatabaseUnavailable  the database
    - LiveUnavailable      the faces hub
    - TargetUnavailable    whoever wants to hear of outages or events
"""

from collections.abc import Iterable
from enum import StrEnum


class StreamFault(StrEnum):
    """Why a stream cannot be read, as far as it can be told."""

    REFUSED = "refused"
    """User or password is missing or wrong."""
    NOT_FOUND = "not_found"
    """The host answers, but has no such stream."""
    UNREACHABLE = "unreachable"
    """No such host, or nobody listens there."""
    TIMED_OUT = "timed_out"
    NO_VIDEO = "no_video"
    """It can be read, and has no video in it."""
    NOT_ALLOWED = "not_allowed"
    """The rules of this installation let no stream lead there."""
    KEY_MISSING = "key_missing"
    """Its password is encrypted by a key that is not here."""
    UNSUPPORTED = "unsupported"
    """What comes is nothing that can be decoded."""
    OTHER = "other"


class HypersightError(Exception):
    """Base of every deliberate error; anything else reaching a boundary is a bug."""


class NotFound(HypersightError):
    """The caller named something that does not exist."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} {key!r} does not exist")
        self.kind = kind
        self.key = key


class NotAllowed(HypersightError):
    """The caller is limited to groups of cameras, and this leads beyond them."""


class Conflict(HypersightError):
    """What is asked for contradicts what is already there."""


class InvalidInput(HypersightError):
    """The value cannot be understood, or means nothing here.

    Args:
        field: the one it is about, where there is one.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnusableZone(InvalidInput):
    """A zone that means nothing.

    Args:
        fault: `corners` (too few or many), `outside`, `repeated`, `tiny` or `crossing`.
        places_rel: where, in coordinates of the frame.
    """

    def __init__(self, message: str, fault: str, places_rel: Iterable[tuple[float, float]] = ()) -> None:
        super().__init__(message, field="zones")
        self.fault = fault
        self.places_rel = tuple(places_rel)


class SetupFailed(HypersightError):
    """This machine lacks something; `hint` says what to do about it."""

    def __init__(self, problem: str, *, hint: str) -> None:
        super().__init__(f"{problem}\n  → {hint}")
        self.problem = problem
        self.hint = hint


class LeaseLost(HypersightError):
    """Another watcher owns the camera now, or this one was asked to stop."""


class Unavailable(HypersightError):
    """Something outside did not answer; trying again may help."""


class SourceUnavailable(Unavailable):
    """A camera's stream cannot be read."""

    def __init__(self, message: str, fault: StreamFault = StreamFault.OTHER) -> None:
        super().__init__(message)
        self.fault = fault


class SecretUnreadable(SourceUnavailable):
    """A camera's password or headers are encrypted by a key that is not here; nothing of them is lost.

    Args:
        who: the camera.
        source: where keys are looked for.
    """

    def __init__(self, who: str, source: str) -> None:
        super().__init__(
            f"the password or headers of {who} cannot be decrypted by any key of {source}: "
            "add the key they were encrypted with, or give the camera's stream_url and headers anew",
            StreamFault.KEY_MISSING,
        )


class DetectorUnavailable(Unavailable):
    """A detector is down, too slow, refusing, or answers what its contract does not allow."""


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached."""


class LiveUnavailable(Unavailable):
    """The faces hub cannot be reached."""


class TargetUnavailable(Unavailable):
    """Whoever wants to hear of outages or events does not take the message."""
