"""Video in one long HTTP answer, handed to FFmpeg as a file.

FFmpeg itself opens no HTTP address: it would follow redirects wherever they lead, with the camera's secrets.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import httpx

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.redaction import redacted
from hypersight_core.video.access import Access
from hypersight_core.video.web import Web, unavailable

MULTIPART = "multipart/x-mixed-replace"


class LongAnswer:
    """An answer while it comes; reading ends in time however slowly it drips."""

    def __init__(
        self, response: httpx.Response, url: str, timeout_s: float, asked_s: Callable[[], float]
    ) -> None:
        self._chunks = response.iter_raw()  # as they come
        self._url, self._timeout_s, self._asked_s = url, timeout_s, asked_s
        self._began_s = time.monotonic()
        self._left = b""
        self.form = "mpjpeg" if MULTIPART in response.headers.get("content-type", "").lower() else None
        """FFmpeg's name of what it is, where the server tells."""

    @classmethod
    @contextmanager
    def opened(cls, url: str, access: Access, asked_s: Callable[[], float]) -> Iterator[Self]:
        """Ask for `url`; see `opened_stream`.

        Raises:
            SourceUnavailable: it is refused, or may not be asked for.
        """
        with Web(url, access, lambda: False) as web, web.opened(web.url, access.timeout_s) as response:
            yield cls(response, url, access.timeout_s, asked_s)

    def read(self, size: int) -> bytes:
        """Return the next bytes, `size` at most; none at the end.

        Raises:
            SourceUnavailable: it broke off, or no whole picture came in time.
        """
        if not self._left:
            self._check_time()
            try:
                self._left = next(self._chunks, b"")
            except httpx.HTTPError as error:
                raise unavailable(self._url, error, self._timeout_s) from error
        data, self._left = self._left[:size], self._left[size:]
        return data

    def _check_time(self) -> None:
        if time.monotonic() - max(self._began_s, self._asked_s()) > self._timeout_s:
            late = f"no picture within {self._timeout_s:g} s: is the camera reachable from here?"
            raise SourceUnavailable(f"{redacted(self._url)}: {late}", StreamFault.TIMED_OUT)
