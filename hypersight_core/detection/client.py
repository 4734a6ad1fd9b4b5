"""HTTP clients of the two detectors."""

import random
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import httpx

from hypersight_core.detection.contract import FaceBoxes, parse_faces, parse_objects
from hypersight_core.detection.pool import Server, ServerPool
from hypersight_core.domain.detections import Detections
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.redaction import redacted, redacted_text

TRIES = 3
BACKOFF_S = 0.2
MAX_RETRY_AFTER_S = 2.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024
Answer = TypeVar("Answer")
HEADERS = {"content-type": "image/jpeg", "accept": "application/json"}


def never() -> bool:
    """Return False: nobody wants the calls to end."""
    return False


class _Poster:
    """Posts pictures over kept-alive connections, with bounded retries, to one of several servers in turn.

    Retries: no connection, time-outs, 5xx and 429. Anything else a server says is final.
    `timeout_s` bounds a whole answer: a server that sends a byte now and then is as good as silent.
    """

    def __init__(self, urls: str, timeout_s: float, stop: Callable[[], bool]) -> None:
        self._pool, self._timeout_s, self._stop = ServerPool(urls), timeout_s, stop
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 3.0)),
            headers=HEADERS,
            trust_env=False,
            http2="https://" in urls,  # without TLS nobody negotiates it
        )
        self._jitter = random.Random()  # noqa: S311 - spreads retries, keeps no secret

    def post(self, jpeg: bytes, parse: Callable[[bytes], Answer]) -> Answer:
        """Return the answer as `parse` reads it.

        Raises:
            DetectorUnavailable: no usable answer within all tries.
        """
        failed: set[Server] = set()
        try:
            for tried in range(1, TRIES + 1):
                server = self._pool.take()
                if server is None:
                    raise self._left_alone()
                try:
                    answer = parse(self._body(server, jpeg))
                except _Trouble as trouble:
                    failed.add(server)
                    if trouble.is_final or tried == TRIES or not self._is_retried(tried, trouble.wait_s):
                        raise _away(server, str(trouble)) from trouble
                except DetectorUnavailable:
                    failed.add(server)
                    raise
                else:
                    server.breaker.succeeded()
                    failed.discard(server)
                    return answer
            raise AssertionError("the last try returns or raises")
        finally:
            for server in failed:
                server.breaker.failed()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _body(self, server: Server, jpeg: bytes) -> bytes:
        try:
            reply, body = self._exchange(server, jpeg)
        except httpx.HTTPError as error:
            raise _Trouble(redacted_text(str(error)) or type(error).__name__) from error
        if reply.is_success:
            return body
        is_final = not (reply.status_code >= 500 or reply.status_code == 429)
        raise _Trouble(f"HTTP {reply.status_code}", wait_s=_retry_after_s(reply), is_final=is_final)

    def _exchange(self, server: Server, jpeg: bytes) -> tuple[httpx.Response, bytes]:
        until_s = time.monotonic() + self._timeout_s
        body = bytearray()
        with self._http.stream("POST", server.url, content=jpeg) as reply:
            for block in reply.iter_bytes():
                body += block
                if len(body) > MAX_ANSWER_BYTES:
                    raise httpx.DecodingError(f"more than {MAX_ANSWER_BYTES} bytes in one answer")
                if time.monotonic() > until_s:
                    raise httpx.ReadTimeout(f"no whole answer within {self._timeout_s:g} s")
        return reply, bytes(body)

    def _is_retried(self, tried: int, wait_s: float) -> bool:
        """Wait for the next try, unless it goes to another server; False when somebody wants an end."""
        if tried % len(self._pool):
            return not self._stop()
        return self._paused(max(wait_s, BACKOFF_S * 2 ** (tried - 1)))

    def _paused(self, pause_s: float) -> bool:
        """Wait about `pause_s`; False when somebody wants an end."""
        until_s = time.monotonic() + pause_s * self._jitter.uniform(0.5, 1.5)
        while (left_s := until_s - time.monotonic()) > 0:
            if self._stop():
                return False
            time.sleep(min(0.1, left_s))
        return not self._stop()

    def _left_alone(self) -> DetectorUnavailable:
        return _away(self._pool.first, "it failed several times in a row and is left alone for a moment")


class _Trouble(Exception):
    """A call that went wrong."""

    def __init__(self, problem: str, *, wait_s: float = 0.0, is_final: bool = False) -> None:
        super().__init__(problem)
        self.wait_s, self.is_final = wait_s, is_final


def _away(server: Server, problem: str) -> DetectorUnavailable:
    return DetectorUnavailable(f"the detector at {redacted(server.url)} gives no answer: {problem}")


class ObjectDetector:
    """Finds persons on pictures; safe to call from several threads.

    Args:
        urls: of one detector, or of several that do the same, parted by commas.
        timeout_s: how long one answer may take.
        person_class: rows of other classes are left out.
        stop: asked while waiting for a retry; True ends it.
    """

    def __init__(
        self, urls: str, *, timeout_s: float = 10.0, person_class: int = 0, stop: Callable[[], bool] = never
    ) -> None:
        self._poster = _Poster(urls, timeout_s, stop)
        self._person_class = person_class

    def detect(self, jpeg: bytes) -> Detections:
        """Return the persons on a picture, in coordinates relative to it.

        Raises:
            DetectorUnavailable: no answer, or one that the contract does not allow.
        """
        return self._poster.post(jpeg, partial(parse_objects, person_class=self._person_class))

    def close(self) -> None:
        """Close the connections."""
        self._poster.close()


class FaceDetector:
    """Finds faces on crops of upper bodies; safe to call from several threads."""

    def __init__(self, urls: str, *, timeout_s: float = 10.0, stop: Callable[[], bool] = never) -> None:
        self._poster = _Poster(urls, timeout_s, stop)

    def find(self, jpeg: bytes) -> FaceBoxes:
        """Return the faces on a crop, in its pixels.

        Raises:
            DetectorUnavailable: no answer, or one that the contract does not allow.
        """
        return self._poster.post(jpeg, parse_faces)

    def close(self) -> None:
        """Close the connections."""
        self._poster.close()


def _retry_after_s(reply: httpx.Response) -> float:
    try:
        return min(MAX_RETRY_AFTER_S, float(reply.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0
