"""HEAD: what GET would answer, without its body."""

from typing import cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send


def answering_heads(app: ASGIApp) -> ASGIApp:
    """Return `app`, answering HEAD wherever it answers GET (RFC 9110, section 9.3.2)."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "HEAD":  # a websocket has none
            await app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await app(cast("Scope", {**scope, "method": "GET"}), receive, send_without_body)

    return answered
