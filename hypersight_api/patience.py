"""How long a client may take to send a request."""

import asyncio

from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.status_codes import HTTP_408_REQUEST_TIMEOUT
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

BODY_WITHIN_S = 15.0


class BodyInTime(ASGIMiddleware):
    """Answers 408 where a request's body does not come in time: nobody holds a connection for nothing."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, within_s: float = BODY_WITHIN_S) -> None:
        self._within_s = within_s

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass on, with a body that comes in time or not at all."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._within_s
        is_whole = False

        async def receive_in_time() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout_at(until_s):
                    message = await receive()
            except TimeoutError as error:
                raise ClientException(
                    detail="the request's body did not come in time",
                    status_code=HTTP_408_REQUEST_TIMEOUT,
                    headers={"connection": "close"},
                ) from error
            is_whole = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        await next_app(scope, receive_in_time, send)
