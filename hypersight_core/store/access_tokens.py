"""Tokens of programs: make, look up, revoke; their SHA-256 is stored, enough for what is random."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from hypersight_core.domain.access import AccessToken, Scope, checked_name
from hypersight_core.domain.groups import checked_groups
from hypersight_core.errors import InvalidInput, NotFound
from hypersight_core.store.tables import access_token

PREFIX = "hs_"
"""So that people, and programs that look for lost secrets, see what it is."""
COLUMNS = tuple(column for column in access_token.c if column.name != "token_hash")
USED_AGAIN_AFTER = timedelta(minutes=1)


def list_tokens(tx: Connection) -> list[AccessToken]:
    """Return all tokens in the order they were made."""
    return [_token(row) for row in tx.execute(sa.select(*COLUMNS).order_by(access_token.c.token_id))]


def create_token(
    tx: Connection,
    name: str,
    scopes: Collection[Scope],
    created_by: str,
    expires_at: datetime | None,
    groups: Collection[str] = (),
) -> tuple[AccessToken, str]:
    """Make a token; return it and its secret, which nobody can be told again.

    Args:
        groups: of cameras it is limited to; none: it is not limited.

    Raises:
        InvalidInput: that is no name, or it may do nothing.
    """
    if not scopes:
        raise InvalidInput(f"say what the token may do: {', '.join(Scope)}")
    secret = PREFIX + secrets.token_urlsafe(32)
    values = {
        "name": checked_name(name),
        "token_hash": _hash(secret),
        "scopes": sorted(scope.value for scope in scopes),
        "created_by": created_by,
        "expires_at": expires_at,
        "groups": list(checked_groups(groups)),
    }
    row = tx.execute(sa.insert(access_token).values(values).returning(*COLUMNS)).one()
    return _token(row), secret


def token_of(tx: Connection, secret: str, now: datetime) -> AccessToken | None:
    """Return whose secret this is; None: nobody's, or of one that expired."""
    known = sa.select(*COLUMNS).where(access_token.c.token_hash == _hash(secret))
    row = tx.execute(known).first()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if row.last_used_at is None or now - row.last_used_at > USED_AGAIN_AFTER:
        used = sa.update(access_token).where(access_token.c.token_id == row.token_id)
        tx.execute(used.values(last_used_at=now))
    return _token(row)


def revoke_token(tx: Connection, token_id: int) -> None:
    """Make a token worthless.

    Raises:
        NotFound: there is none of that id.
    """
    if not tx.execute(sa.delete(access_token).where(access_token.c.token_id == token_id)).rowcount:
        raise NotFound("token", token_id)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _token(row: Row[Any]) -> AccessToken:
    return AccessToken(
        token_id=row.token_id,
        name=row.name,
        scopes=frozenset(Scope(one) for one in row.scopes),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        groups=tuple(row.groups),
    )
