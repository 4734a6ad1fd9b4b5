"""Who may do what: roles of persons, scopes of tokens."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from hypersight_core.domain.groups import checked_groups
from hypersight_core.errors import InvalidInput, NotAllowed

LONGEST_NAME = 100


class Scope(StrEnum):
    """One thing that somebody may do."""

    METRICS_READ = "metrics:read"
    """See cameras, pictures, figures and events."""
    FACES_READ = "faces:read"
    """Follow the faces websocket."""
    CAMERAS_WRITE = "cameras:write"
    """Add, change and delete cameras and processors, restart watchers."""
    EVENTS_INGEST = "events:ingest"
    """Bring faces, as watchers do."""
    ACCOUNTS_WRITE = "accounts:write"
    """Manage accounts and tokens, and read the audit log."""


class Role(StrEnum):
    """What a person may do."""

    ADMIN = "admin"
    OPERATOR = "operator"
    """Everything but accounts, tokens and the audit log."""
    VIEWER = "viewer"
    """See cameras and figures; no faces."""


SCOPES: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Scope.METRICS_READ}),
        Role.OPERATOR: frozenset({Scope.METRICS_READ, Scope.FACES_READ, Scope.CAMERAS_WRITE}),
        Role.ADMIN: frozenset(set(Scope) - {Scope.EVENTS_INGEST}),
    }
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks, known by a session or a token."""

    name: str
    """For the audit log: `account ada`, `token dashboard`, `API token`."""
    scopes: frozenset[Scope]
    groups: tuple[str, ...] = ()
    """The groups of cameras they are limited to; empty: they are not limited."""

    @property
    def is_limited(self) -> bool:
        """Whether there may be cameras that do not exist for them."""
        return bool(self.groups)

    def may(self, scope: Scope) -> bool:
        """Return whether they may do this."""
        return scope in self.scopes

    def granted(self, groups: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the groups of something new of theirs: a camera, an account, a token.

        Args:
            groups: those asked for; None: nothing was said, which means their own.

        Raises:
            NotAllowed: they are limited, and this is not.
            InvalidInput: one has no possible name.
        """
        wanted = self.groups if groups is None else checked_groups(groups)
        if self.is_limited and not (wanted and set(wanted) <= set(self.groups)):
            raise NotAllowed(f"{self.name} is limited to {', '.join(self.groups)}: take some of these groups")
        return wanted

    def regrouped(self, before: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
        """Return the groups of a camera after a change of theirs; groups of others stay as they are.

        Raises:
            NotAllowed: they are limited, and would add another group or take the camera from themselves.
            InvalidInput: one has no possible name.
        """
        new, old = set(checked_groups(wanted)), set(before)
        if not self.is_limited:
            return tuple(sorted(new))
        others = old - set(self.groups)
        return tuple(sorted(others | set(self.granted(new - others))))

    def check_passes_on(self, scopes: Iterable[Scope]) -> None:
        """Let nobody who is limited hand out what they may not do themselves.

        Raises:
            NotAllowed: they would.
        """
        beyond = sorted(set(scopes) - self.scopes)
        if self.is_limited and beyond:
            raise NotAllowed(f"{self.name} may not do this: {', '.join(beyond)}")


@dataclass(frozen=True, slots=True)
class Account:
    """A person who signs in by name and password."""

    account_id: int
    name: str
    role: Role
    enabled: bool
    version: int
    """Counts its changes from 1; a session of an older one is over."""
    created_at: datetime
    groups: tuple[str, ...] = ()
    """The groups of cameras it is limited to; empty: to none."""
    signed_in_at: datetime | None = None
    """When the person signed in last; None: never, or not since this is kept."""

    @property
    def principal(self) -> Principal:
        """Who they are to the rest."""
        return Principal(f"account {self.name}", SCOPES[self.role], self.groups)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A program's credential; the secret itself is stored nowhere."""

    token_id: int
    name: str
    scopes: frozenset[Scope]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
    groups: tuple[str, ...] = ()
    """The groups of cameras it is limited to; empty: to none."""

    @property
    def principal(self) -> Principal:
        """Who it is to the rest."""
        return Principal(f"token {self.name}", self.scopes, self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Something that somebody did."""

    audit_id: int = 0
    """0: not written yet."""
    done_at: datetime
    actor: str
    address: str
    """Where they asked from; empty: unknown."""
    action: str
    """Method and route: `PATCH /api/v1/cameras/{camera_id}`; or `signed in`, `sign-in refused`, `faces`."""
    subject: str
    """What it was done to: `camera_id=3`."""
    fields: tuple[str, ...]
    """Names of the fields that were sent, never their values."""
    camera_id: int | None = None
    """The camera it was about; None: none, or it is not known which."""
    groups: tuple[str, ...] = ()
    """The groups of cameras whoever did it was limited to."""


def checked_name(name: str) -> str:
    """Return the name of an account or a token.

    Raises:
        InvalidInput: it is empty, too long, or holds what cannot be seen.
    """
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"a name has 1 to {LONGEST_NAME} visible characters, spaces only between them")
    return name
