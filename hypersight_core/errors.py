"""The errors hypersight raises on purpose; the class decides the reaction.

* HypersightError                                                  HTTP status   does a retry help?
  + NotFound             the caller named something that is not there   404      no
  + Conflict             it contradicts what is already there           409      no
  + InvalidInput         the value cannot be understood or used         400      no
  + SetupFailed          this machine lacks something to run            -        after doing what it says
  + LeaseLost            another watcher owns the camera now            -        no: stop
  + Unavailable          something outside did not answer               503      yes
    - SourceUnavailable    a camera's stream
    - DetectorUnavailable  a detector: down, slow, refusing, garbage
    - DatabaseUnavailable  the database
    - LiveUnavailable      the faces hub
"""


class HypersightError(Exception):
    """Base of every deliberate error; anything else reaching a boundary is a bug."""


class NotFound(HypersightError):
    """The caller named something that does not exist."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} {key!r} does not exist")
        self.kind = kind
        self.key = key


class Conflict(HypersightError):
    """What is asked for contradicts what is already there."""


class InvalidInput(HypersightError):
    """The value cannot be understood, or means nothing here."""


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


class DetectorUnavailable(Unavailable):
    """A detector is down, too slow, refusing, or answers what its contract does not allow."""


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached."""


class LiveUnavailable(Unavailable):
    """The faces hub cannot be reached."""
