"""HTTP for streams: every request ends in time, and every failure says what to do about it."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.redaction import redacted
from hypersight_core.tls import http1_context
from hypersight_core.video.access import Access, Secrets, refusing

CONNECT_S = 5.0
MAX_BYTES = 512 << 20
"""No media segment is larger; an endless answer is cut off here."""
MAX_TEXT_BYTES = 16 << 20
"""No playlist is larger."""
HEADERS = {"User-Agent": "hypersight", "Accept-Encoding": "identity"}
"""Nothing is unpacked: a kilobyte that unpacks to a gigabyte would be in memory before anybody counts."""
FAULTS = {
    401: StreamFault.REFUSED,
    403: StreamFault.REFUSED,
    404: StreamFault.NOT_FOUND,
    410: StreamFault.NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer came from in the end, and whether all of it came."""

    url: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Body:
    """An answer in memory, or the part of it that came."""

    url: str
    data: bytes
    is_whole: bool


class Web:
    """Fetches bytes with the camera's user, password and headers, which go to the camera's host only."""

    def __init__(self, url: str, access: Access, stop: Callable[[], bool]) -> None:
        parsed = httpx.URL(url)
        self.url = str(parsed.copy_with(username=None, password=None, fragment=None))
        self.access, self._stop = access, stop
        self._secrets = Secrets(parsed, access.headers)
        self._host = parsed.host
        self._client = httpx.Client(
            follow_redirects=True,
            headers=HEADERS,
            verify=http1_context(),
            # A proxy would connect where our rules do not see it.
            trust_env=False,
            event_hooks={"request": [self._check_host, self._secrets.add_headers]},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, url: str, *, within_s: float | None = None, most_bytes: int = MAX_TEXT_BYTES) -> Body:
        """Fetch `url` into memory; see `fetch`."""
        data = bytearray()
        answer = self.fetch(url, data.extend, within_s=within_s, most_bytes=most_bytes)
        return Body(answer.url, bytes(data), answer.is_whole)

    def fetch(
        self,
        url: str,
        take: Callable[[bytes], object],
        *,
        within_s: float | None = None,
        most_bytes: int = MAX_BYTES,
        first_byte: int = 0,
        length: int | None = None,
    ) -> Answer:
        """Give what `url` answers to `take`, piece by piece.

        What is cut off, by the server, by time or by `most_bytes`, comes with `is_whole` false.

        Args:
            first_byte: the part to fetch begins here and is `length` bytes long (None: all of it).

        Raises:
            SourceUnavailable: nothing came; the message says why and what to do.
        """
        timeout_s = self.access.timeout_s
        within_s = min(timeout_s, within_s or timeout_s)
        exchange = _Exchange(_Part(first_byte, length), take, most_bytes)
        try:
            return self._exchanged(url, exchange, within_s)
        except httpx.HTTPError as error:
            if exchange.taken_bytes:
                return Answer(url, is_whole=False)
            raise unavailable(url, error, within_s) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise SourceUnavailable(f"{redacted(url)} is no usable address: {error}") from error

    @contextmanager
    def opened(self, url: str, within_s: float) -> Iterator[httpx.Response]:
        """Begin an answer whose body is read by the caller; no pause in it may be longer than `within_s`.

        Raises:
            SourceUnavailable: nothing came; the message says why and what to do.
        """
        try:
            with self._asked(url, within_s, {}) as response:
                yield response
        except httpx.HTTPError as error:
            raise unavailable(url, error, within_s) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise SourceUnavailable(f"{redacted(url)} is no usable address: {error}") from error

    @contextmanager
    def _asked(self, url: str, within_s: float, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        timeout = httpx.Timeout(max(0.1, within_s), connect=min(CONNECT_S, max(0.1, within_s)))
        login = self._secrets.login(httpx.URL(url))
        more: Any = {"timeout": timeout, "auth": login, "headers": headers}
        with self._client.stream("GET", url, extensions={"trace": self._check_peer}, **more) as response:
            _refuse_errors(response)
            yield response

    def _check_host(self, request: httpx.Request) -> None:
        """Refuse where a request must not go, before anybody is connected to; redirected ones, too."""
        self._host = request.url.host
        with refusing():
            self.access.reach.check_host(self._host)

    def _check_peer(self, event: str, facts: Mapping[str, Any]) -> None:
        """Refuse who is really connected to: a name may lead elsewhere when it is looked up once more."""
        if event == "connection.connect_tcp.complete":
            stream = facts["return_value"]
            try:
                with refusing():
                    self.access.reach.check_address(self._host, stream.get_extra_info("server_addr")[0])
            except SourceUnavailable:
                stream.close()
                raise

    def _exchanged(self, url: str, exchange: "_Exchange", within_s: float) -> Answer:
        ends_s = time.monotonic() + within_s
        with self._asked(url, within_s, exchange.part.headers()) as response:
            exchange.part.answered(response.status_code)
            for chunk in response.iter_raw():  # as it comes: waiting for more would outwait the time-out
                if exchange.is_done(chunk):
                    break
                if exchange.is_too_much or time.monotonic() > ends_s or self._stop():
                    return Answer(str(response.url), is_whole=False)
            return Answer(str(response.url), is_whole=exchange.part.is_all_there)


class _Exchange:
    """One answer on its way to who wants it."""

    def __init__(self, part: "_Part", take: Callable[[bytes], object], most_bytes: int) -> None:
        self.part, self._take, self._most_bytes = part, take, most_bytes
        self.taken_bytes = 0

    @property
    def is_too_much(self) -> bool:
        return self.taken_bytes >= self._most_bytes

    def is_done(self, chunk: bytes) -> bool:
        wanted = self.part.wanted(chunk)[: self._most_bytes - self.taken_bytes]
        self.taken_bytes += len(wanted)
        self._take(wanted)
        return self.part.is_complete


class _Part:
    """Picks a range of bytes out of an answer, whether the server knows ranges or sends everything."""

    def __init__(self, first_byte: int, length: int | None) -> None:
        self._first_byte, self._length = first_byte, length
        self._before, self._left = first_byte, length

    @property
    def is_complete(self) -> bool:
        return self._left == 0

    @property
    def is_all_there(self) -> bool:
        return self._length is None or self.is_complete

    def headers(self) -> dict[str, str]:
        if self._length is None:
            return {}
        return {"Range": f"bytes={self._first_byte}-{self._first_byte + self._length - 1}"}

    def answered(self, status: int) -> None:
        if status == httpx.codes.PARTIAL_CONTENT:
            self._before = 0

    def wanted(self, chunk: bytes) -> bytes:
        if self._left is None:
            return chunk
        skipped = min(self._before, len(chunk))
        self._before -= skipped
        piece = chunk[skipped : skipped + self._left]
        self._left -= len(piece)
        return piece


def _refuse_errors(response: httpx.Response) -> None:
    status = response.status_code
    if status < 400:
        return
    hints = {
        401: "user or password is missing or wrong: write user:password@ before the host name",
        403: "access is refused: check user, password and the camera's access rules",
        404: "there is no such stream: check the path in the URL",
        410: "the stream is gone: check the path in the URL",
    }
    hint = hints.get(status, "the server has a problem" if status >= 500 else "the request is refused")
    raise SourceUnavailable(
        f"{redacted(str(response.url))} answers {status}: {hint}", FAULTS.get(status, StreamFault.OTHER)
    )


def unavailable(url: str, error: httpx.HTTPError, within_s: float) -> SourceUnavailable:
    """Say in words why an answer did not come."""
    where = redacted(url)
    if isinstance(error, httpx.TimeoutException):
        late = f"{where} did not answer within {within_s:g} s: is the camera reachable from here?"
        return SourceUnavailable(late, StreamFault.TIMED_OUT)
    cause = _root(error)
    if isinstance(cause, socket.gaierror):
        unknown = f"{where}: the host name is not known; check its spelling"
        return SourceUnavailable(unknown, StreamFault.UNREACHABLE)
    if isinstance(cause, ConnectionRefusedError):
        refused = f"{where}: connection refused; check address and port, and that the camera is switched on"
        return SourceUnavailable(refused, StreamFault.UNREACHABLE)
    return SourceUnavailable(f"{where} broke off: {type(error).__name__}")


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
