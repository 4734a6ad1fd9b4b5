"""Finds out who asks: by the API token, a token of the database's, or a session."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from litestar import Request
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.types import Scope as AsgiScope

from hypersight_api.services import now
from hypersight_api.sessions import Visitor
from hypersight_core.domain.access import SCOPES, Principal, Role, Scope
from hypersight_core.errors import NotFound
from hypersight_core.store import access_tokens, accounts
from hypersight_core.store.engine import Store

AnyRequest = Request[Any, Any, Any]

KNOWN_FOR_S = 5.0
"""What was looked up holds so long: what is revoked is worthless after it at the latest."""
MOST_KNOWN = 10_000
OWNER = Principal("API token", SCOPES[Role.ADMIN])
"""Whoever runs this server, by HYPERSIGHT_API_TOKEN."""
NEIGHBOUR = Principal("this machine", SCOPES[Role.ADMIN])
"""Programs on a machine whose server is open to it alone."""
WATCHER = Principal("watcher", frozenset({Scope.EVENTS_INGEST}))
SCRAPER = Principal("metrics token", frozenset({Scope.METRICS_READ}))
"""Whoever shows HYPERSIGHT_METRICS_TOKEN at `/metrics`; anywhere else it is nobody. It needs no database,
so that a scrape can say that there is none."""

Key = tuple[str, object]


async def still(scope: AsgiScope) -> Principal | None:
    """Return who asks by what is known now; None: what they showed is worth nothing any more.

    Raises:
        DatabaseUnavailable: it cannot be looked up.
    """
    try:
        again: Principal | None = await scope["state"]["again"]()
    except (NotAuthorizedException, PermissionDeniedException):
        return None
    return again


def principal_of(scope: AsgiScope) -> Principal:
    """Return who asks, as the middleware found out."""
    principal: Principal = scope["state"]["principal"]
    return principal


def known_principal(scope: AsgiScope) -> Principal | None:
    """Return who asks; None where nobody is asked who they are."""
    return scope["state"].get("principal")


class Principals:
    """Looks up tokens and accounts, and remembers them for some seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Key, tuple[float, Principal | None]] = {}

    async def of_token(self, secret: str) -> Principal | None:
        """Return whose token this is; None: nobody's.

        Raises:
            DatabaseUnavailable: it cannot be looked up.
        """
        if not secret.startswith(access_tokens.PREFIX):
            return None
        return await self._looked_up(("token", secret), lambda: self._token(secret))

    async def of_visitor(self, visitor: Visitor) -> Principal | None:
        """Return whose session this is; None: of an account that was changed since, or is gone.

        Raises:
            DatabaseUnavailable: it cannot be looked up.
        """
        if visitor.account_id == 0:
            return OWNER
        key = ("account", (visitor.account_id, visitor.account_version))
        return await self._looked_up(key, lambda: self._account(visitor))

    def forget(self) -> None:
        """Look everybody up again: somebody's rights changed. Other processes notice after some seconds.

        Who is being looked up at the moment is not remembered: it may be from before the change.
        """
        self._known = {}

    async def _looked_up(self, key: Key, look: Callable[[], Principal | None]) -> Principal | None:
        known = self._known
        until_s, principal = known.get(key, (0.0, None))
        if time.monotonic() < until_s:
            return principal
        found = await asyncio.to_thread(look)
        known.pop(key, None)
        known[key] = (time.monotonic() + KNOWN_FOR_S, found)
        while len(known) > MOST_KNOWN:
            del known[next(iter(known))]
        return found

    def _token(self, secret: str) -> Principal | None:
        with self._store.transaction() as tx:
            token = access_tokens.token_of(tx, secret, now())
        return None if token is None else token.principal

    def _account(self, visitor: Visitor) -> Principal | None:
        try:
            with self._store.transaction() as tx:
                account = accounts.get_account(tx, visitor.account_id)
        except NotFound:
            return None
        is_current = account.enabled and account.version == visitor.account_version
        return account.principal if is_current else None
