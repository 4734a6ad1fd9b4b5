"""`hypersight account …` and `hypersight token …`."""

import getpass
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from hypersight.database import opened_store
from hypersight_core import passwords
from hypersight_core.domain.access import Account, Role, Scope
from hypersight_core.domain.groups import checked_groups
from hypersight_core.errors import InvalidInput, NotFound
from hypersight_core.settings import Settings
from hypersight_core.store import access_tokens, accounts

WHO = "command line"
NoGroups = Annotated[bool, Parameter(negative="")]
ScopeName = Literal["metrics:read", "faces:read", "cameras:write", "events:ingest", "accounts:write"]


class AccountCommands:
    """Accounts: persons who sign in by name and password."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def add(self, name: str, /, *, role: Role = Role.VIEWER, group: tuple[str, ...] = ()) -> None:
        """Add an account; its password is asked for, or read from standard input.

        Args:
            name: what the person signs in by.
            role: `viewer` sees figures, `operator` also faces, and changes cameras, `admin` does all.
            group: of cameras the account is limited to; once for each; left out: not limited.
        """
        password_hash = passwords.hashed(_password())
        with opened_store(self._settings) as store, store.transaction() as tx:
            account = accounts.create_account(tx, name, password_hash, role, group)
        self._console.print(f"account {account.name} ({account.role}) may sign in")

    def list(self) -> None:
        """Show all accounts."""
        table = Table("id", "name", "role", "groups", "may sign in", "since", "signed in")
        with opened_store(self._settings) as store, store.transaction() as tx:
            for one in accounts.list_accounts(tx):
                may, since = "yes" if one.enabled else "no", f"{one.created_at:%Y-%m-%d}"
                words = str(one.account_id), one.name, one.role, _groups(one.groups), may, since
                table.add_row(*words, _day(one.signed_in_at))
        self._console.print(table)

    def change(
        self,
        name: str,
        /,
        *,
        role: Role | None = None,
        enabled: bool | None = None,
        password: bool = False,
        group: tuple[str, ...] = (),
        no_groups: NoGroups = False,
    ) -> None:
        """Change an account; its sessions are over then.

        Args:
            name: of the account.
            role: viewer, operator or admin.
            enabled: whether it may sign in.
            password: ask for a new password, or read it from standard input.
            group: of cameras the account is limited to from now on, in the place of others; once for each.
            no_groups: limit it no more.
        """
        changes: dict[str, object] = {} if role is None else {"role": role.value}
        changes |= {} if enabled is None else {"enabled": enabled}
        changes |= {"password_hash": passwords.hashed(_password())} if password else {}
        changes |= {"groups": list(checked_groups(group))} if group or no_groups else {}
        if not changes:
            options = "--role, --enabled, --no-enabled, --password, --group or --no-groups"
            raise InvalidInput(f"say what to change: {options}")
        with opened_store(self._settings) as store, store.transaction() as tx:
            known = accounts.account_named(tx, name)
            accounts.change_account(tx, _found(known, name).account_id, changes)
        self._console.print(f"account {name} was changed")

    def delete(self, name: str, /) -> None:
        """Delete an account; what it did stays in the audit log.

        Args:
            name: of the account.
        """
        with opened_store(self._settings) as store, store.transaction() as tx:
            accounts.delete_account(tx, _found(accounts.account_named(tx, name), name).account_id)
        self._console.print(f"account {name} is gone")


class TokenCommands:
    """Tokens: credentials of programs."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def add(
        self,
        name: str,
        /,
        *,
        scope: tuple[ScopeName, ...],
        days: int | None = None,
        group: tuple[str, ...] = (),
    ) -> None:
        """Make a token and print it, this once.

        Args:
            name: what it is for.
            scope: what it may do; once for each.
            days: until it expires; left out: never.
            group: of cameras the token is limited to; once for each; left out: not limited.
        """
        expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
        with opened_store(self._settings) as store, store.transaction() as tx:
            scopes = set(map(Scope, scope))
            _, secret = access_tokens.create_token(tx, name, scopes, WHO, expires_at, group)
        self._console.print(secret, soft_wrap=True)

    def list(self) -> None:
        """Show all tokens, without their secrets."""
        table = Table("id", "name", "may", "groups", "made by", "expires", "last used")
        with opened_store(self._settings) as store, store.transaction() as tx:
            for one in access_tokens.list_tokens(tx):
                may = " ".join(sorted(one.scopes))
                expires, used = _day(one.expires_at), _day(one.last_used_at)
                words = str(one.token_id), one.name, may, _groups(one.groups), one.created_by
                table.add_row(*words, expires, used)
        self._console.print(table)

    def revoke(self, token_id: int, /) -> None:
        """Make a token worthless.

        Args:
            token_id: as `hypersight token list` shows it.
        """
        with opened_store(self._settings) as store, store.transaction() as tx:
            access_tokens.revoke_token(tx, token_id)
        self._console.print(f"token {token_id} is worth nothing any more")


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _found(known: tuple[Account, str] | None, name: str) -> Account:
    if known is None:
        raise NotFound("account", name)
    return known[0]


def _groups(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "all cameras"


def _day(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d}"
