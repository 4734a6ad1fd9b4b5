"""Decides whether somebody may come in: by name and password, or by the API token."""

import asyncio
import time

from hypersight_api.access import same
from hypersight_api.deeds import record
from hypersight_api.principals import OWNER, Principals
from hypersight_api.services import now
from hypersight_api.sessions import Guesses, Sessions, Visitor
from hypersight_core import passwords
from hypersight_core.domain.access import LONGEST_NAME, Account, AuditEntry
from hypersight_core.errors import NotFound
from hypersight_core.settings import Settings
from hypersight_core.store import accounts
from hypersight_core.store.engine import Store


class Door:
    """Opens sessions, counts wrong guesses, and records both."""

    def __init__(self, settings: Settings, store: Store, sessions: Sessions, principals: Principals) -> None:
        self._api_token, self._store, self._sessions = settings.api_token, store, sessions
        self._principals = principals
        self._guesses = Guesses()

    def wait_s(self, address: str) -> float:
        """Return how long an address has to wait before its next guess; 0: not at all."""
        return self._guesses.wait_s(address, time.monotonic())

    async def opened(self, name: str, secret: str, address: str) -> tuple[str, Visitor] | None:
        """Return a new session's cookie and its visitor; None: they do not know the secret.

        Args:
            name: of the account; empty: the secret is the API token.

        Raises:
            DatabaseUnavailable: the account cannot be looked up.
        """
        if name:
            account = await asyncio.to_thread(self._account, name, secret)
            is_right, actor = account is not None, f"account {name[:LONGEST_NAME]}"
        else:
            account, actor = None, OWNER.name
            is_right = bool(self._api_token) and same(secret, self._api_token)
        if not is_right:
            self._guesses.wrong(address, time.monotonic())
        action = "signed in" if is_right else "sign-in refused"
        await record(self._store, _entry(actor, address, action, account))
        return self._sessions.begin(now(), account) if is_right else None

    async def closed(self, cookie: str, address: str) -> None:
        """End all sessions of the account that a session's cookie is of.

        That of the API token's owner is forgotten by the browser alone: it is no account's.
        """
        visitor = self._sessions.visitor(cookie, now())
        if visitor is None or visitor.account_id == 0:
            return
        account = await asyncio.to_thread(self._ended, visitor.account_id)
        self._principals.forget()
        if account is not None:
            await record(self._store, _entry(account.principal.name, address, "signed out", account))

    def _account(self, name: str, password: str) -> Account | None:
        with self._store.transaction() as tx:
            found = accounts.account_named(tx, name)
        account, stored = found or (None, None)
        is_right = passwords.is_right(password, stored)
        if not is_right or account is None or not account.enabled:
            return None
        with self._store.transaction() as tx:
            accounts.note_sign_in(tx, account.account_id, now())
        return account

    def _ended(self, account_id: int) -> Account | None:
        try:
            with self._store.transaction() as tx:
                accounts.end_sessions(tx, account_id)
                return accounts.get_account(tx, account_id)
        except NotFound:
            return None


def _entry(actor: str, address: str, action: str, account: Account | None) -> AuditEntry:
    return AuditEntry(
        done_at=now(),
        actor=actor,
        address=address,
        action=action,
        subject="",
        fields=(),
        groups=account.groups if account is not None else (),
    )
