"""The faces websocket, and the door through which watchers bring faces in."""

import asyncio
from typing import Any

from litestar import WebSocket, post, websocket
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import RawBody, SkipValidation
from litestar.status_codes import HTTP_204_NO_CONTENT

from hypersight_api.bodies import understood
from hypersight_api.faces.hub import FacesHub, Publish, Viewer
from hypersight_api.faces.schemas import FacesMessage
from hypersight_api.health.prometheus import Figures

GREETING, WELCOME = "client", "OK"
GREETING_WITHIN_S = 10.0
POLICY_VIOLATION = 1008
MAX_MESSAGE_BYTES = 8_000_000


@websocket(["/", "/faces"])
async def watch_faces(
    socket: WebSocket[Any, Any, Any],
    hub: NamedDependency[FacesHub],
    figures: NamedDependency[SkipValidation[Figures]],
) -> None:
    """Greet with the text `client`, receive `OK`, then one JSON message per frame that holds faces."""
    await socket.accept()
    if not await _is_greeted(socket):
        if socket.connection_state != "disconnect":
            await socket.close(code=POLICY_VIOLATION, reason=f"say {GREETING!r} first")
        return
    with hub.join() as viewer, figures.viewers.track_inprogress():
        await socket.send_text(WELCOME)
        await _until_gone(socket, viewer)


@post(
    "/live/faces",
    status_code=HTTP_204_NO_CONTENT,
    request_max_body_size=MAX_MESSAGE_BYTES,
    include_in_schema=False,
)
async def bring_faces(state: State, body: RawBody) -> None:
    """Broadcast the faces of one frame; for watchers only."""
    publish: Publish = state.publish
    await publish(understood(body, FacesMessage).text())


async def _is_greeted(socket: WebSocket[Any, Any, Any]) -> bool:
    try:
        message = await asyncio.wait_for(socket.receive(), GREETING_WITHIN_S)
    except (TimeoutError, WebSocketDisconnect):
        return False
    return message["type"] == "websocket.receive" and message.get("text") == GREETING


async def _until_gone(socket: WebSocket[Any, Any, Any], viewer: Viewer) -> None:
    listening = asyncio.create_task(_drain(socket))
    sending = asyncio.create_task(_forward(socket, viewer))
    try:
        await asyncio.wait((listening, sending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        listening.cancel()
        sending.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)


async def _drain(socket: WebSocket[Any, Any, Any]) -> None:
    """Read, so that a client's leaving is noticed; what it says no longer matters."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _forward(socket: WebSocket[Any, Any, Any], viewer: Viewer) -> None:
    while True:
        await socket.send_text(await viewer.next())
