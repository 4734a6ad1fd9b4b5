"""Hands faces to the API, which broadcasts them; whoever publishes never waits."""

import logging
import queue
import threading

import httpx

from hypersight_core.domain.faces import FacesInFrame
from hypersight_core.errors import LiveUnavailable
from hypersight_core.live.wire import faces_message, message_text
from hypersight_core.redaction import redacted_text
from hypersight_core.tls import http1_context

logger = logging.getLogger(__name__)

WAITING_FRAMES = 32
TIMEOUT_S = 3.0
CLOSE_WITHIN_S = 2.0


class FacesPublisher:
    """Posts frames with faces from a background thread, keeping the newest.

    When the API is slow or away the oldest waiting frames are dropped: faces are live or nothing.
    """

    def __init__(self, api_url: str, token: str) -> None:
        self._url = api_url.rstrip("/") + "/live/faces"
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._frames: queue.Queue[FacesInFrame | None] = queue.Queue(WAITING_FRAMES)
        self._is_away = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faces", daemon=True)
        self._thread.start()

    def publish(self, seen: FacesInFrame) -> None:
        """Have one frame's faces broadcast soon; never blocks, never raises."""
        if not self._closing.is_set():
            self._put(seen)

    def close(self) -> None:
        """Send what waits, for two seconds at most, and end."""
        self._closing.set()
        self._put(None)
        self._thread.join(timeout=CLOSE_WITHIN_S)

    def _put(self, item: FacesInFrame | None) -> None:
        while True:
            try:
                self._frames.put_nowait(item)
            except queue.Full:
                self._drop_oldest()
            else:
                return

    def _drop_oldest(self) -> None:
        try:
            self._frames.get_nowait()
        except queue.Empty:
            return

    def _run(self) -> None:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=http1_context()) as http:
            while (seen := self._frames.get()) is not None:
                self._deliver(http, seen)

    def _deliver(self, http: httpx.Client, seen: FacesInFrame) -> None:
        try:
            self._send(http, seen)
        except LiveUnavailable as error:
            if not self._is_away:
                logger.warning("faces are not broadcast for now", extra={"reason": str(error)})
            self._is_away = True
        except Exception:
            logger.exception("faces of one frame could not be sent")
        else:
            if self._is_away:
                logger.info("faces are broadcast again")
            self._is_away = False

    def _send(self, http: httpx.Client, seen: FacesInFrame) -> None:
        try:
            reply = http.post(self._url, content=message_text(faces_message(seen)), headers=self._headers)
            reply.raise_for_status()
        except httpx.HTTPError as error:
            raise LiveUnavailable(redacted_text(str(error) or type(error).__name__)) from error
