"""HTTP clients of the two detectors."""

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Self, TypeVar

from hypersight_core.detection import exchange
from hypersight_core.detection.breaker import spread
from hypersight_core.detection.contract import FaceBoxes, parse_faces, parse_objects
from hypersight_core.detection.counter import CallCounter
from hypersight_core.detection.exchange import Trouble
from hypersight_core.detection.places import CallLimit, machine_limit
from hypersight_core.detection.pool import Server, ServerPool, Turn
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.figures import DetectorFigures, Outcome
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.settings import Settings
from hypersight_core.traces import spans

TRIES = 3
BACKOFF_S = 0.2
LONGEST_REST_S = 60.0
"""A server that asks for more is asked again after so long all the same."""
WAIT_IN_LINE_S = 2.5
"""A call waits so long for a server that rests; if all rest longer, the caller is told."""
FULL_S, LONGEST_FULL_S = 0.03, 0.5
"""Pauses between two looks for a free place at a server, the first and the longest."""
STOP_S = 0.25
"""A call that waits notices that nobody wants it any more within so long."""
Answer = TypeVar("Answer")


def never() -> bool:
    """Return False: nobody wants the calls to end."""
    return False


class _Poster:
    """Posts pictures, with bounded retries, to the server that is least busy.

    Retries go to another server where there is one. Where there is none: after time-outs, lost connections,
    5xx and 429; anything else a server says is final. A server that hangs is not waited for the whole
    time-out where another could answer.
    """

    def __init__(
        self, urls: str, timeout_s: float, stop: Callable[[], bool], limit: CallLimit | None
    ) -> None:
        self._pool, self._timeout_s, self._stop = ServerPool(urls, limit), timeout_s, stop
        self._connections = exchange.Connections(urls)
        self._counter = CallCounter()
        self._last_problem = ""

    def post(self, jpeg: bytes, parse: Callable[[bytes], Answer]) -> Answer:
        """Return the answer as `parse` reads it.

        Raises:
            DetectorUnavailable: no usable answer within all tries.
        """
        failed: list[Server] = []
        try:
            for tried in range(1, TRIES + 1):
                with self._turn(failed) as turn:
                    try:
                        return self._asked(turn.server, jpeg, parse, failed)
                    except Trouble as trouble:
                        self._take_note(turn.server, trouble, BACKOFF_S * 2 ** (tried - 1))
                        failed.append(turn.server)
                        if tried == TRIES or not self._is_retried(turn.server, trouble, failed):
                            raise _away(turn.server, str(trouble)) from trouble
                self._counter.retried()
            raise AssertionError("the last try returns or raises")
        except DetectorUnavailable:
            self._counter.gave_up()
            raise

    def figures(self) -> DetectorFigures:
        """Return what was counted so far."""
        return self._counter.figures(self._pool.newest_answers_s(), self._pool.figures())

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _turn(self, failed: Collection[Server]) -> Turn:
        """Wait for a server that may be asked.

        Raises:
            DetectorUnavailable: none can be in time.
        """
        until_s = time.monotonic() + self._timeout_s
        full_s = FULL_S
        while (turn := self._pool.take(failed)) is None:
            free_in_s = self._pool.free_in_s()
            if free_in_s is None:
                raise self._left_alone("is left alone for a moment")
            if free_in_s > WAIT_IN_LINE_S:
                raise self._left_alone(f"asks to be left alone for {free_in_s:.0f} s")
            if time.monotonic() > until_s:
                raise self._left_alone("has no place free for one more call")
            if not self._paused(free_in_s or spread(full_s)):
                raise self._left_alone("is not asked any more")
            full_s = min(1.5 * full_s, LONGEST_FULL_S)
        return turn

    def _asked(
        self, server: Server, jpeg: bytes, parse: Callable[[bytes], Answer], failed: Collection[Server]
    ) -> Answer:
        patience_s = self._pool.patience_s(server, failed, self._timeout_s)
        began_s = time.monotonic()
        outcome = Outcome.BROKEN_OFF
        self._counter.began()
        with spans.span("detector call") as span:
            try:
                with self._connections.one() as client:
                    answer = parse(exchange.body(client, server.url, jpeg, patience_s))
                outcome = Outcome.ANSWERED
            except Trouble as trouble:
                outcome = trouble.outcome
                raise
            except DetectorUnavailable as error:
                outcome = Outcome.GARBAGE
                raise Trouble(outcome, str(error)) from error
            finally:
                took_s = time.monotonic() - began_s
                self._counter.ended(outcome, took_s)
                span.say(detector=redacted(server.url), outcome=outcome.value, jpeg_bytes=len(jpeg))
        self._pool.answered(server, took_s)
        return answer

    def _is_retried(self, server: Server, trouble: Trouble, failed: Collection[Server]) -> bool:
        if trouble.is_final and not self._pool.has_stand_in(server, failed):
            return False
        return not self._stop()

    def _take_note(self, server: Server, trouble: Trouble, backoff_s: float) -> None:
        self._last_problem = str(trouble)
        if not trouble.is_final:
            server.rest(min(max(trouble.wait_s, backoff_s), LONGEST_REST_S))
        if trouble.outcome is not Outcome.BUSY:
            server.breaker.failed(is_grave=trouble.outcome is Outcome.TIMED_OUT and len(self._pool) > 1)

    def _paused(self, pause_s: float) -> bool:
        """Wait; False when somebody wants an end."""
        until_s = time.monotonic() + pause_s
        while (left_s := until_s - time.monotonic()) > 0:
            if self._stop():
                return False
            time.sleep(min(STOP_S, left_s))
        return not self._stop()

    def _left_alone(self, why: str) -> DetectorUnavailable:
        last = f" (last: {self._last_problem})" if self._last_problem else ""
        return _away(self._pool.first, f"it {why}{last}")


def _away(server: Server, problem: str) -> DetectorUnavailable:
    return DetectorUnavailable(f"the detector at {redacted(server.url)} gives no usable answer: {problem}")


class ObjectDetector:
    """Finds persons on pictures; safe to call from several threads.

    Args:
        urls: of one detector, or of several that do the same, parted by commas.
        timeout_s: how long one answer may take.
        person_class: rows of other classes are left out.
        stop: asked while waiting for a retry; True ends it.
        limit: of calls to one server, shared with other processes; None: there is none.
    """

    def __init__(
        self,
        urls: str,
        *,
        timeout_s: float = 10.0,
        person_class: int = 0,
        stop: Callable[[], bool] = never,
        limit: CallLimit | None = None,
    ) -> None:
        self._poster = _Poster(urls, timeout_s, stop, limit)
        self._person_class = person_class

    @classmethod
    def of(cls, settings: Settings, urls: str = "", *, stop: Callable[[], bool] = never) -> Self:
        """Return a client of the configured detector, or of another one in its place."""
        return cls(
            urls or settings.object_detector_url,
            timeout_s=settings.detector_timeout_s,
            person_class=settings.person_class,
            stop=stop,
            limit=machine_limit(settings),
        )

    def detect(self, jpeg: bytes) -> Detections:
        """Return the persons on a picture, in coordinates relative to it.

        Raises:
            DetectorUnavailable: no answer, or one that the contract does not allow.
        """
        return self._poster.post(jpeg, partial(parse_objects, person_class=self._person_class))

    def figures(self) -> DetectorFigures:
        """Return what was counted so far."""
        return self._poster.figures()

    def close(self) -> None:
        """Close the connections."""
        self._poster.close()


class FaceDetector:
    """Finds faces on crops of upper bodies; safe to call from several threads.

    Args:
        urls: as those of an `ObjectDetector`; so are the others.
    """

    def __init__(
        self,
        urls: str,
        *,
        timeout_s: float = 10.0,
        stop: Callable[[], bool] = never,
        limit: CallLimit | None = None,
    ) -> None:
        self._poster = _Poster(urls, timeout_s, stop, limit)

    @classmethod
    def of(cls, settings: Settings, *, stop: Callable[[], bool] = never) -> Self:
        """Return a client of the configured detector."""
        timeout_s, limit = settings.detector_timeout_s, machine_limit(settings)
        return cls(settings.face_detector_url, timeout_s=timeout_s, stop=stop, limit=limit)

    def find(self, jpeg: bytes) -> FaceBoxes:
        """Return the faces on a crop, in its pixels.

        Raises:
            DetectorUnavailable: no answer, or one that the contract does not allow.
        """
        return self._poster.post(jpeg, parse_faces)

    def figures(self) -> DetectorFigures:
        """Return what was counted so far."""
        return self._poster.figures()

    def close(self) -> None:
        """Close the connections."""
        self._poster.close()
