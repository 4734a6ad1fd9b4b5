"""Who may do what: roles of persons, scopes of tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from hypersight_core.errors import InvalidInput

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

    def may(self, scope: Scope) -> bool:
        """Return whether they may do this."""
        return scope in self.scopes


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

    @property
    def principal(self) -> Principal:
        """Who they are to the rest."""
        return Principal(f"account {self.name}", SCOPES[self.role])


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

    @property
    def principal(self) -> Principal:
        """Who it is to the rest."""
        return Principal(f"token {self.name}", self.scopes)


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


def checked_name(name: str) -> str:
    """Return the name of an account or a token.

    Raises:
        InvalidInput: it is empty, too long, or holds what cannot be seen.
    """
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"a name has 1 to {LONGEST_NAME} visible characters, spaces only between them")
    return name
