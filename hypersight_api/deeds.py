"""Writes into the audit log what somebody did, whichever handler did it."""

import asyncio
import json
import logging

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from hypersight_api.access import LIVE_PATH, READING_POSTS, SAFE_METHODS, SIGN_IN, SIGN_OUT, Asked
from hypersight_api.principals import principal_of
from hypersight_api.services import now
from hypersight_core.domain.access import AuditEntry
from hypersight_core.errors import HypersightError
from hypersight_core.store import audit
from hypersight_core.store.engine import Store

logger = logging.getLogger(__name__)

NO_DEEDS = (*READING_POSTS, LIVE_PATH, SIGN_IN, SIGN_OUT)
TRIALS = ("/test-connection", "/zones/check", "/try-zones")
"""What changes nothing, by its whole path or its end; signing in is recorded where it is decided."""
MOST_FIELDS, LONGEST = 50, 200


class RecordDeeds(ASGIMiddleware):
    """Records every successful write over HTTP, and everybody who followed faces."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer, and record it."""
        if scope["type"] == ScopeType.WEBSOCKET:
            await self._record(scope, "faces", ())
            await next_app(scope, receive, send)
        elif scope.get("method") in SAFE_METHODS or _changes_nothing(scope["path"]):
            await next_app(scope, receive, send)
        else:
            await self._watched(scope, receive, send, next_app)

    async def _watched(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        body, status = bytearray(), 0

        async def heard() -> ReceiveMessage:
            message = await receive()
            body.extend(message.get("body", b""))  # type: ignore[arg-type]
            return message

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await next_app(scope, heard, answered)
        if 200 <= status < 300:
            action = f"{scope.get('method')} {scope.get('path_template') or scope['path']}"
            await self._record(scope, action, _fields(bytes(body)))

    async def _record(self, scope: Scope, action: str, fields: tuple[str, ...]) -> None:
        asked: Asked = ASGIConnection(scope)
        numbers, principal = asked.path_params, principal_of(scope)
        entry = AuditEntry(
            done_at=now(),
            actor=principal.name,
            address=asked.client.host if asked.client else "",
            action=action[:LONGEST],
            subject=" ".join(f"{name}={value}" for name, value in numbers.items())[:LONGEST],
            fields=fields,
            camera_id=numbers.get("camera_id"),
            groups=principal.groups,
        )
        await record(self._store, entry, processor_id=numbers.get("processor_id"))


async def record(store: Store, entry: AuditEntry, *, processor_id: int | None = None) -> None:
    """Write an entry; while the database is away the log has it instead."""
    try:
        await asyncio.to_thread(_written, store, entry, processor_id)
    except HypersightError as error:
        facts = {"actor": entry.actor, "action": entry.action, "subject": entry.subject}
        logger.warning("not in the audit log", extra={**facts, "reason": str(error)})


def _changes_nothing(path: str) -> bool:
    return path in NO_DEEDS or path.endswith(TRIALS)


def _written(store: Store, entry: AuditEntry, processor_id: int | None) -> None:
    with store.transaction() as tx:
        audit.record(tx, entry, processor_id=processor_id)


def _fields(body: bytes) -> tuple[str, ...]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    names = sorted(said) if isinstance(said, dict) else ()
    return tuple(name[:LONGEST] for name in names[:MOST_FIELDS])
