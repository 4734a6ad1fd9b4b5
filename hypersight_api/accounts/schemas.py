"""Request and reply bodies for accounts, tokens and the audit log."""

from datetime import datetime
from typing import Annotated, Self

import msgspec
from msgspec import UNSET, UnsetType

from hypersight_api.bodies import GroupName, Name
from hypersight_core.domain.access import AccessToken, Account, AuditEntry, Principal, Role, Scope
from hypersight_core.domain.groups import MOST_GROUPS
from hypersight_core.passwords import LONGEST, SHORTEST

Password = Annotated[
    str, msgspec.Meta(min_length=SHORTEST, max_length=LONGEST, description="Ten characters at least")
]
Groups = Annotated[
    tuple[GroupName, ...],
    msgspec.Meta(
        max_length=MOST_GROUPS,
        description="Limited to cameras of these groups; empty: not limited. Left out by whoever is limited: "
        "their own",
    ),
]
Days = Annotated[int, msgspec.Meta(ge=1, le=3650, description="Days until it expires")]


class AccountOut(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in."""

    account_id: int
    name: str
    role: Role
    enabled: bool
    created_at: datetime
    groups: tuple[str, ...]
    signed_in_at: datetime | None
    """When the person signed in last."""

    @classmethod
    def of(cls, account: Account) -> Self:
        """Copy what may be shown."""
        return cls(**{name: getattr(account, name) for name in cls.__struct_fields__})


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account."""

    name: Name
    password: Password
    role: Role
    groups: Groups | UnsetType = UNSET


class AccountChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of an account; its sessions are over then."""

    password: Password | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    groups: Groups | UnsetType = UNSET


class TokenOut(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a program, without its secret."""

    token_id: int
    name: str
    scopes: tuple[Scope, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    groups: tuple[str, ...]

    @classmethod
    def of(cls, token: AccessToken) -> Self:
        """Copy what may be shown."""
        values = {name: getattr(token, name) for name in cls.__struct_fields__}
        return cls(**values | {"scopes": tuple(sorted(token.scopes))})


class TokenMade(msgspec.Struct, frozen=True):
    """A new token."""

    token: TokenOut
    secret: str
    """Send it as `Authorization: Bearer`; it is shown this once."""


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1)]
    expires_in_days: Days | None = None
    """Null: never."""
    groups: Groups | UnsetType = UNSET


class AuditOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody did."""

    audit_id: int
    done_at: datetime
    actor: str
    address: str
    action: str
    subject: str
    fields: tuple[str, ...]
    camera_id: int | None

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Copy it."""
        return cls(**{name: getattr(entry, name) for name in cls.__struct_fields__})


class Me(msgspec.Struct, frozen=True):
    """Who asks."""

    name: str
    scopes: tuple[Scope, ...]
    groups: tuple[str, ...]
    """The groups of cameras they are limited to; empty: they are not limited."""

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Copy it."""
        return cls(principal.name, tuple(sorted(principal.scopes)), principal.groups)
