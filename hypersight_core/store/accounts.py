"""Accounts of persons: add, change, delete, look up."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from hypersight_core.domain.access import Account, Role, checked_name
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


def create_account(tx: Connection, name: str, password_hash: str, role: Role) -> Account:
    """Add an account.

    Raises:
        Conflict: there is one of that name.
        InvalidInput: that is no name.
    """
    values = {"name": checked_name(name), "password_hash": password_hash, "role": role.value}
    try:
        with tx.begin_nested():
            row = tx.execute(sa.insert(account).values(values).returning(*COLUMNS)).one()
    except IntegrityError as error:
        raise Conflict(f"there is an account {name} already") from error
    return _account(row)


def change_account(tx: Connection, account_id: int, changes: Mapping[str, Any]) -> Account:
    """Change `role`, `enabled` or `password_hash`; its sessions are over then.

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


def delete_account(tx: Connection, account_id: int) -> None:
    """Delete an account; what it did stays in the audit log.

    Raises:
        NotFound: there is none of that id.
    """
    if not tx.execute(sa.delete(account).where(account.c.account_id == account_id)).rowcount:
        raise NotFound("account", account_id)


def _account(row: Row[Any]) -> Account:
    return Account(row.account_id, row.name, Role(row.role), row.enabled, row.version, row.created_at)
