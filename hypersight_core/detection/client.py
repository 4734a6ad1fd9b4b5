"""HTTP clients of the two detectors."""

import random
import time
from collections.abc import Callable

import httpx

from hypersight_core.detection.breaker import CircuitBreaker
from hypersight_core.detection.contract import FaceBoxes, parse_faces, parse_objects
from hypersight_core.domain.detections import Detections
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.redaction import redacted, redacted_text

TRIES = 3
BACKOFF_S = 0.2
MAX_RETRY_AFTER_S = 2.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024
HEADERS = {"content-type": "image/jpeg", "accept": "application/json"}


def never() -> bool:
    """Return False: nobody wants the calls to end."""
    return False


class _Poster:
    """Posts pictures to one URL over kept-alive connections, with bounded retries.

    Retries: no connection, time-outs, 5xx and 429. Anything else the server says is final.
    `timeout_s` bounds a whole answer: a server that sends a byte now and then is as good as silent.
    """

    def __init__(self, url: str, timeout_s: float, stop: Callable[[], bool]) -> None:
        self._url, self._timeout_s, self._stop = url, timeout_s, stop
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 3.0)), headers=HEADERS, trust_env=False
        )
        self._breaker = CircuitBreaker()
        self._jitter = random.Random()  # noqa: S311 - spreads retries, keeps no secret

    def post(self, jpeg: bytes) -> bytes:
        """Return the answer's body.

        Raises:
            DetectorUnavailable: no usable answer within all tries.
        """
        if not self._breaker.allows():
            raise self._away("it failed several times in a row and is left alone for a moment")
        problem = ""
        for tried in range(1, TRIES + 1):
            try:
                reply, body = self._exchange(jpeg)
            except httpx.HTTPError as error:
                problem, wait_s = redacted_text(str(error)) or type(error).__name__, 0.0
            else:
                if reply.is_success:
                    return body
                problem, wait_s = f"HTTP {reply.status_code}", _retry_after_s(reply)
                if not (reply.status_code >= 500 or reply.status_code == 429):
                    break
            if tried == TRIES or not self._paused(max(wait_s, BACKOFF_S * 2 ** (tried - 1))):
                break
        self._breaker.failed()
        raise self._away(problem)

    def _exchange(self, jpeg: bytes) -> tuple[httpx.Response, bytes]:
        until_s = time.monotonic() + self._timeout_s
        body = bytearray()
        with self._http.stream("POST", self._url, content=jpeg) as reply:
            for block in reply.iter_bytes():
                body += block
                if len(body) > MAX_ANSWER_BYTES:
                    raise httpx.DecodingError(f"more than {MAX_ANSWER_BYTES} bytes in one answer")
                if time.monotonic() > until_s:
                    raise httpx.ReadTimeout(f"no whole answer within {self._timeout_s:g} s")
        return reply, bytes(body)

    def answered(self) -> None:
        """Say that the body made sense."""
        self._breaker.succeeded()

    def garbled(self) -> None:
        """Say that it did not."""
        self._breaker.failed()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _paused(self, pause_s: float) -> bool:
        """Wait about `pause_s`; False when somebody wants an end."""
        until_s = time.monotonic() + pause_s * self._jitter.uniform(0.5, 1.5)
        while (left_s := until_s - time.monotonic()) > 0:
            if self._stop():
                return False
            time.sleep(min(0.1, left_s))
        return not self._stop()

    def _away(self, problem: str) -> DetectorUnavailable:
        return DetectorUnavailable(f"the detector at {redacted(self._url)} gives no answer: {problem}")


class ObjectDetector:
    """Finds persons on pictures; safe to call from several threads.

    Args:
        timeout_s: how long one answer may take.
        person_class: rows of other classes are left out.
        stop: asked while waiting for a retry; True ends it.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 10.0, person_class: int = 0, stop: Callable[[], bool] = never
    ) -> None:
        self._poster = _Poster(url, timeout_s, stop)
        self._person_class = person_class

    def detect(self, jpeg: bytes) -> Detections:
        """Return the persons on a picture, in coordinates relative to it.

        Raises:
            DetectorUnavailable: no answer, or one that the contract does not allow.
        """
        body = self._poster.post(jpeg)
        try:
            found = parse_objects(body, person_class=self._person_class)
        except DetectorUnavailable:
            self._poster.garbled()
            raise
        self._poster.answered()
        return found

    def close(self) -> None:
        """Close the connections."""
        self._poster.close()


class FaceDetector:
    """Finds faces on crops of upper bodies; safe to call from several threads."""

    def __init__(self, url: str, *, timeout_s: float = 10.0, stop: Callable[[], bool] = never) -> None:
        self._poster = _Poster(url, timeout_s, stop)

    def find(self, jpeg: bytes) -> FaceBoxes:
        """Return the faces on a crop, in its pixels.

        Raises:
            DetectorUnavailable: no answer, or one that the contract does not allow.
        """
        body = self._poster.post(jpeg)
        try:
            found = parse_faces(body)
        except DetectorUnavailable:
            self._poster.garbled()
            raise
        self._poster.answered()
        return found

    def close(self) -> None:
        """Close the connections."""
        self._poster.close()


def _retry_after_s(reply: httpx.Response) -> float:
    try:
        return min(MAX_RETRY_AFTER_S, float(reply.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0
