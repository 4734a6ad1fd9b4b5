"""Decides whether somebody may come in: by name and password, or by the API token."""

import asyncio
import time

from hypersight_api.access import same
from hypersight_api.deeds import record
from hypersight_api.principals import OWNER
from hypersight_api.services import now
from hypersight_api.sessions import Guesses, Sessions, Visitor
from hypersight_core import passwords
from hypersight_core.domain.access import LONGEST_NAME, Account, AuditEntry
from hypersight_core.settings import Settings
from hypersight_core.store import accounts
from hypersight_core.store.engine import Store


class Door:
    """Opens sessions, counts wrong guesses, and records both."""

    def __init__(self, settings: Settings, store: Store, sessions: Sessions) -> None:
        self._api_token, self._store, self._sessions = settings.api_token, store, sessions
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
        entry = AuditEntry(done_at=now(), actor=actor, address=address, action=action, subject="", fields=())
        await record(self._store, entry)
        return self._sessions.begin(now(), account) if is_right else None

    def _account(self, name: str, password: str) -> Account | None:
        with self._store.transaction() as tx:
            found = accounts.account_named(tx, name)
        account, stored = found or (None, None)
        is_right = passwords.is_right(password, stored)
        return account if is_right and account is not None and account.enabled else None
