"""What those see who are limited to groups of cameras; decided here for every route, whoever writes it.

Handlers are given a store that knows nothing but these groups, and no handler is asked about a number
that does not exist for whoever asks: they get the answer of one that exists for nobody.
"""

import asyncio
from collections.abc import Callable

from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from hypersight_api.access import FIGURES_PATH, Asked
from hypersight_api.principals import known_principal
from hypersight_api.services import checked_id
from hypersight_core.domain.access import Principal
from hypersight_core.errors import NotFound
from hypersight_core.store.engine import Store
from hypersight_core.store.numbers import is_known

NUMBERS = {
    "camera_id": "camera",
    "processor_id": "processor",
    "proc_id": "processor",
    "validation_id": "validation",
    "account_id": "account",
    "token_id": "token",
}
"""Parts of addresses that mean something somebody may not see; a test refuses routes with others."""
WHOLE_SERVER = (FIGURES_PATH,)
"""What tells of all cameras together, and cannot be told of some."""


class Limits(ASGIMiddleware):
    """Answers 404 about whatever lies outside the groups of whoever asks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Look, then pass on."""
        principal = known_principal(scope)
        if principal is not None and principal.is_limited:
            asked: Asked = ASGIConnection(scope)
            if asked.url.path in WHOLE_SERVER:
                raise PermissionDeniedException(detail=f"{principal.name} is limited, and this tells of all")
            for name in asked.path_params.keys() & NUMBERS.keys():
                await asyncio.to_thread(_look_up, self._store, principal, name, asked.path_params[name])
        await next_app(scope, receive, send)


def limited(choice: Callable[[], Store]) -> Provide:
    """Return a dependency: the store chosen for a request, knowing as much as whoever asks may see."""

    def provided(scope: Scope) -> Store:
        return store_of(choice(), known_principal(scope))

    return Provide(provided, sync_to_thread=False)


def store_of(store: Store, principal: Principal | None) -> Store:
    """Return the store as somebody sees it; None: nobody is asked who they are there."""
    return store.limited_to(principal.groups) if principal is not None and principal.is_limited else store


def _look_up(store: Store, principal: Principal, name: str, number: int) -> None:
    kind = NUMBERS[name]
    with store_of(store, principal).transaction() as tx:
        if not is_known(tx, kind, checked_id(kind, number)):
            raise NotFound(kind, number)
