"""HTTP for streams: every request ends in time, and every failure says what to do about it."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import httpx

from hypersight_core.errors import SourceUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.tls import tls_context

CONNECT_S = 5.0
MAX_BYTES = 256 << 20
"""No media segment is larger; an endless answer is cut off here."""
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Body:
    """An answer, or the part of it that came."""

    url: str
    data: bytes
    is_whole: bool


class Web:
    """Fetches bytes with the user and password of the camera's URL, which go to the camera's host only."""

    def __init__(self, url: str, timeout_s: float, stop: Callable[[], bool]) -> None:
        parsed = httpx.URL(url)
        self.url = str(parsed.copy_with(username=None, password=None, fragment=None))
        self._host = parsed.host
        self._auth = (
            httpx.BasicAuth(unquote(parsed.username), unquote(parsed.password)) if parsed.userinfo else None
        )
        self._timeout_s, self._stop = timeout_s, stop
        self._client = httpx.Client(
            follow_redirects=True, headers={"User-Agent": "hypersight"}, verify=tls_context()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(
        self,
        url: str,
        *,
        within_s: float | None = None,
        most_bytes: int = MAX_BYTES,
        first_byte: int = 0,
        length: int | None = None,
    ) -> Body:
        """Fetch `url`; what is cut off, by the server or by `most_bytes`, comes with `is_whole` false.

        Args:
            first_byte: the part to fetch begins here and is `length` bytes long (None: all of it).

        Raises:
            SourceUnavailable: nothing came; the message says why and what to do.
        """
        within_s = min(self._timeout_s, within_s or self._timeout_s)
        ends_s = time.monotonic() + within_s
        timeout = httpx.Timeout(max(0.1, within_s), connect=min(CONNECT_S, max(0.1, within_s)))
        auth = self._auth if httpx.URL(url).host == self._host else None
        data, part = bytearray(), _Part(first_byte, length)
        try:
            with self._client.stream(
                "GET", url, timeout=timeout, auth=auth, headers=part.headers()
            ) as response:
                _refuse_errors(response)
                part.answered(response.status_code)
                for chunk in response.iter_bytes(CHUNK_BYTES):
                    data += part.wanted(chunk)
                    if part.is_complete:
                        break
                    if len(data) >= most_bytes or time.monotonic() > ends_s or self._stop():
                        return Body(str(response.url), bytes(data), is_whole=False)
                return Body(str(response.url), bytes(data), is_whole=part.is_complete or length is None)
        except httpx.HTTPError as error:
            if data:
                return Body(url, bytes(data), is_whole=False)
            raise SourceUnavailable(_reason(url, error, within_s)) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise SourceUnavailable(f"{redacted(url)} is no usable address: {error}") from error


class _Part:
    """Picks a range of bytes out of an answer, whether the server knows ranges or sends everything."""

    def __init__(self, first_byte: int, length: int | None) -> None:
        self._first_byte, self._length = first_byte, length
        self._before, self._left = first_byte, length

    @property
    def is_complete(self) -> bool:
        return self._left == 0

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
    raise SourceUnavailable(f"{redacted(str(response.url))} answers {status}: {hint}")


def _reason(url: str, error: httpx.HTTPError, within_s: float) -> str:
    where = redacted(url)
    if isinstance(error, httpx.TimeoutException):
        return f"{where} did not answer within {within_s:g} s: is the camera reachable from here?"
    cause = _root(error)
    if isinstance(cause, socket.gaierror):
        return f"{where}: the host name is not known; check its spelling"
    if isinstance(cause, ConnectionRefusedError):
        return f"{where}: connection refused; check address and port, and that the camera is switched on"
    return f"{where} broke off: {type(error).__name__}"


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
