"""One request and its answer: over kept-alive connections, within a time, of a bounded size."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx

from hypersight_core.domain.figures import Outcome
from hypersight_core.redaction import redacted_text
from hypersight_core.tls import http2_context
from hypersight_core.traces import spans

CONNECT_S = 3.0
KEPT_ALIVE_S = 75.0
"""Longer than the pause between two segments of any camera, so that no handshake delays a call."""
MAX_ANSWER_BYTES = 8 * 1024 * 1024
HEADERS = {"content-type": "image/jpeg", "accept": "application/json", "accept-encoding": "identity"}
"""Nothing is unpacked: a kilobyte that unpacks to a gigabyte would be in memory before anybody counts."""


class Trouble(Exception):
    """A request that went wrong."""

    def __init__(self, outcome: Outcome, problem: str, *, wait_s: float = 0.0) -> None:
        super().__init__(problem)
        self.outcome = outcome
        self.wait_s = wait_s
        """How long the server asks to be left alone."""

    @property
    def is_final(self) -> bool:
        """Whether asking the same server again would not help."""
        return self.outcome in (Outcome.REFUSED, Outcome.GARBAGE)


class Connections:
    """Kept-alive connections, as many as there were calls at a time; safe to use from several threads.

    No connection is shared by two calls under way: threads that open streams on one connection of HTTP/2 do
    so out of order now and then, and the server ends it.
    """

    def __init__(self, urls: str) -> None:
        self._urls = urls
        self._free: list[httpx.Client] = []
        self._is_closed = False
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[httpx.Client]:
        """Lend a client for one call, the one used last if it is free."""
        with self._lock:
            client = self._free.pop() if self._free else None
        client = client or _connected(self._urls)
        try:
            yield client
        finally:
            with self._lock:
                is_kept = not self._is_closed
                if is_kept:
                    self._free.append(client)
            if not is_kept:
                client.close()

    def close(self) -> None:
        """Close the connections; one in use when its call ends."""
        with self._lock:
            self._is_closed = True
            free, self._free = self._free, []
        for client in free:
            client.close()


def _connected(urls: str) -> httpx.Client:
    has_tls = "https://" in urls.lower()
    return httpx.Client(
        headers=HEADERS,
        trust_env=False,
        # reading the authorities takes longer than all else a watcher does at its start
        verify=http2_context() if has_tls else SSLContext(PROTOCOL_TLS_CLIENT),
        limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE_S),
        http2=has_tls,  # without TLS nobody negotiates it
    )


def body(client: httpx.Client, url: str, jpeg: bytes, within_s: float) -> bytes:
    """Post a picture and return the whole answer.

    Args:
        within_s: for all of it: a server that sends a byte now and then is as good as silent.

    Raises:
        Trouble: there is none, or it says that something is wrong.
    """
    try:
        reply, answer = _exchanged(client, url, jpeg, within_s)
    except httpx.TimeoutException as error:
        raise Trouble(Outcome.TIMED_OUT, f"no whole answer within {within_s:.3g} s") from error
    except httpx.ConnectError as error:
        raise Trouble(Outcome.UNREACHABLE, _said(error)) from error
    except httpx.HTTPError as error:
        raise Trouble(Outcome.BROKEN_OFF, _said(error)) from error
    if not reply.is_success:
        raise _unwelcome(reply)
    return answer


def _exchanged(client: httpx.Client, url: str, jpeg: bytes, within_s: float) -> tuple[httpx.Response, bytes]:
    until_s = time.monotonic() + within_s
    answer = bytearray()
    timeout = httpx.Timeout(within_s, connect=min(within_s, CONNECT_S))
    with client.stream("POST", url, content=jpeg, headers=spans.headers(), timeout=timeout) as reply:
        for block in reply.iter_raw():
            answer += block
            if len(answer) > MAX_ANSWER_BYTES:
                raise Trouble(Outcome.GARBAGE, f"more than {MAX_ANSWER_BYTES} bytes in one answer")
            if time.monotonic() > until_s:
                raise httpx.ReadTimeout("it drips")
    return reply, bytes(answer)


def _unwelcome(reply: httpx.Response) -> Trouble:
    status, wait_s = reply.status_code, _retry_after_s(reply)
    if status == httpx.codes.TOO_MANY_REQUESTS or (status == httpx.codes.SERVICE_UNAVAILABLE and wait_s):
        outcome = Outcome.BUSY
    else:
        outcome = Outcome.ERROR if reply.is_server_error else Outcome.REFUSED
    return Trouble(outcome, f"HTTP {status}", wait_s=wait_s)


def _retry_after_s(reply: httpx.Response) -> float:
    """Return the seconds a server asks for, as a number or as a date; 0: none that can be understood."""
    said = reply.headers.get("retry-after", "")
    if said.isdecimal() and said.isascii():
        return float(said[:6])
    try:
        now = parsedate_to_datetime(reply.headers.get("date", ""))
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _said(error: httpx.HTTPError) -> str:
    return redacted_text(str(error)) or type(error).__name__
