"""Whether faces that a watcher brings reach those who look, whichever process of the API each of them met."""

import json
from datetime import UTC, datetime

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from hypersight_core.domain.faces import Face, FacesInFrame
from hypersight_core.live.wire import faces_message, message_text

CAMERAS = range(1_000_001, 1_000_009)
"""There are none of these. So many calls, each on a connection of its own, meet every process of the API."""
ARRIVES_WITHIN_S = 1.0


def faces_arrive(api_url: str, token: str, live_token: str) -> bool:
    """Bring one frame a call, and say whether one viewer sees all."""
    told = {"authorization": f"Bearer {token}"}
    address = api_url.replace("http", "ws", 1) + "/faces"
    try:
        with connect(address, additional_headers=told, compression=None, proxy=None) as viewer:
            viewer.send("client")
            viewer.recv(timeout=ARRIVES_WITHIN_S)
            for camera_id in CAMERAS:
                _bring(camera_id, api_url, live_token)
            waited_for = set(CAMERAS)
            while waited_for:
                seen = json.loads(viewer.recv(timeout=ARRIVES_WITHIN_S))
                waited_for.discard(int(seen["camera_id"]))
    except (OSError, WebSocketException, httpx.HTTPError):  # a time-out is an OSError
        return False
    return True


def _bring(camera_id: int, api_url: str, live_token: str) -> None:
    face = Face((10.0, 20.0, 30.0, 40.0), 0.9, b"\xff\xd8face")
    body = message_text(faces_message(FacesInFrame(camera_id, "http://camera", datetime.now(UTC), (face,))))
    told = {"authorization": f"Bearer {live_token}"}
    httpx.post(
        f"{api_url}/live/faces", content=body, headers=told, timeout=5.0, trust_env=False
    ).raise_for_status()
