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
from hypersight_api.principals import KNOWN_FOR_S, AnyRequest, principal_of, still
from hypersight_api.services import checked_id
from hypersight_core.errors import DatabaseUnavailable
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store

GREETING, WELCOME = "client", "OK"
GREETING_WITHIN_S = 10.0
POLICY_VIOLATION = 1008
MAX_MESSAGE_BYTES = 8_000_000


@websocket(["/", "/faces"])
async def watch_faces(
    socket: WebSocket[Any, Any, Any],
    hub: NamedDependency[FacesHub],
    figures: NamedDependency[SkipValidation[Figures]],
    store: NamedDependency[Store],
) -> None:
    """Greet with the text `client`, receive `OK`, then one JSON message per frame that holds faces."""
    await socket.accept()
    if not await _is_greeted(socket):
        if socket.connection_state != "disconnect":
            await socket.close(code=POLICY_VIOLATION, reason=f"say {GREETING!r} first")
        return
    with hub.join(await _seen(socket, store)) as viewer, figures.viewers.track_inprogress():
        await socket.send_text(WELCOME)
        await _until_gone(socket, viewer, store)
    if socket.connection_state != "disconnect":
        await socket.close(code=POLICY_VIOLATION, reason="you may not see faces any more")


@post(
    "/live/faces",
    status_code=HTTP_204_NO_CONTENT,
    request_max_body_size=MAX_MESSAGE_BYTES,
    include_in_schema=False,
)
async def bring_faces(
    request: AnyRequest, state: State, body: RawBody, store: NamedDependency[Store]
) -> None:
    """Broadcast the faces of one frame; for watchers only."""
    publish: Publish = state.publish
    faces = understood(body, FacesMessage)
    if principal_of(request.scope).is_limited:
        await asyncio.to_thread(_check_camera, store, int(faces.camera_id))
    await publish(faces.text())


async def _is_greeted(socket: WebSocket[Any, Any, Any]) -> bool:
    try:
        message = await asyncio.wait_for(socket.receive(), GREETING_WITHIN_S)
    except (TimeoutError, WebSocketDisconnect):
        return False
    return message["type"] == "websocket.receive" and message.get("text") == GREETING


async def _until_gone(socket: WebSocket[Any, Any, Any], viewer: Viewer, store: Store) -> None:
    """Send until the client leaves, or may not see faces any more."""
    tasks = [
        asyncio.create_task(one)
        for one in (_drain(socket), _forward(socket, viewer), _while_allowed(socket, viewer, store))
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _while_allowed(socket: WebSocket[Any, Any, Any], viewer: Viewer, store: Store) -> None:
    """Return when the client's account or token is worth nothing any more; follow its cameras meanwhile."""
    while True:
        await asyncio.sleep(KNOWN_FOR_S)
        try:
            if await still(socket.scope) is None:
                return
            viewer.camera_ids = await _seen(socket, store)
        except DatabaseUnavailable:
            continue  # what was known holds


async def _seen(socket: WebSocket[Any, Any, Any], store: Store) -> frozenset[str] | None:
    """Return the cameras whose faces a client may see; None: all."""
    if not principal_of(socket.scope).is_limited:
        return None
    return await asyncio.to_thread(_camera_ids, store)


def _camera_ids(store: Store) -> frozenset[str]:
    with store.transaction() as tx:
        return frozenset(str(one.camera_id) for one in cameras.list_cameras(tx))


def _check_camera(store: Store, camera_id: int) -> None:
    with store.transaction() as tx:
        cameras.get_camera(tx, checked_id("camera", camera_id))


async def _drain(socket: WebSocket[Any, Any, Any]) -> None:
    """Read, so that a client's leaving is noticed; what it says no longer matters."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _forward(socket: WebSocket[Any, Any, Any], viewer: Viewer) -> None:
    while True:
        await socket.send_text(await viewer.next())
