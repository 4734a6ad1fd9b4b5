"""Accounts of persons: add, change, delete, look up."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from hypersight_core.domain.access import Account, Role, checked_name
from hypersight_core.domain.groups import checked_groups
from hypersight_core.errors import Conflict, NotFound
from hypersight_core.store.tables import account

COLUMNS = tuple(column for column in account.c if column.name != "password_hash")


def list_accounts(tx: Connection) -> list[Account]:
    """Return all accounts by name."""
    return [_account(row) for row in tx.execute(sa.select(*COLUMNS).order_by(account.c.name))]


def get_account(tx: Connection, account_id: int) -> Account:
    """Return one account.

    Raises:
        NotFound: there is none of that id.
    """
    row = tx.execute(sa.select(*COLUMNS).where(account.c.account_id == account_id)).first()
    if row is None:
        raise NotFound("account", account_id)
    return _account(row)


def account_named(tx: Connection, name: str) -> tuple[Account, str] | None:
    """Return an account and the hash of its password; upper and lower case are the same."""
    named = sa.func.lower(account.c.name) == name.lower()
    row: Row[Any] | None = tx.execute(sa.select(account).where(named)).first()
    return None if row is None else (_account(row), str(row.password_hash))


def create_account(
    tx: Connection, name: str, password_hash: str, role: Role, groups: Collection[str] = ()
) -> Account:
    """Add an account.

    Args:
        groups: of cameras it is limited to; none: it is not limited.

    Raises:
        Conflict: there is one of that name.
        InvalidInput: that is no name.
    """
    values = {
        "name": checked_name(name),
        "password_hash": password_hash,
        "role": role.value,
        "groups": list(checked_groups(groups)),
    }
    try:
        with tx.begin_nested():
            row = tx.execute(sa.insert(account).values(values).returning(*COLUMNS)).one()
    except IntegrityError as error:
        raise Conflict(f"there is an account {name} already") from error
    return _account(row)


def change_account(tx: Connection, account_id: int, changes: Mapping[str, Any]) -> Account:
    """Change `role`, `enabled`, `groups` or `password_hash`; its sessions are over then.

    Raises:
        NotFound: there is none of that id.
    """
    if not changes:
        return get_account(tx, account_id)
    change = sa.update(account).where(account.c.account_id == account_id)
    change = change.values(**changes, version=account.c.version + 1)
    row = tx.execute(change.returning(*COLUMNS)).first()
    if row is None:
        raise NotFound("account", account_id)
    return _account(row)


def end_sessions(tx: Connection, account_id: int) -> None:
    """Have everybody who is signed in by this account sign in again."""
    change = sa.update(account).where(account.c.account_id == account_id)
    tx.execute(change.values(version=account.c.version + 1))


def note_sign_in(tx: Connection, account_id: int, now: datetime) -> None:
    """Remember when somebody signed in last."""
    tx.execute(sa.update(account).where(account.c.account_id == account_id).values(signed_in_at=now))


def delete_account(tx: Connection, account_id: int) -> None:
    """Delete an account; what it did stays in the audit log.

    Raises:
        NotFound: there is none of that id.
    """
    if not tx.execute(sa.delete(account).where(account.c.account_id == account_id)).rowcount:
        raise NotFound("account", account_id)


def _account(row: Row[Any]) -> Account:
    return Account(
        row.account_id,
        row.name,
        Role(row.role),
        row.enabled,
        row.version,
        row.created_at,
        tuple(row.groups),
        row.signed_in_at,
    )
