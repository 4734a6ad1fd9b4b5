"""How a camera is asked for its stream, and to whom its secrets may go."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

import httpx

from hypersight_core.errors import InvalidInput, SourceUnavailable, StreamFault
from hypersight_core.reach import Reach
from hypersight_core.video.spill import SegmentFolder


@dataclass(frozen=True, slots=True)
class Access:
    """What reading a stream takes beside its URL."""

    timeout_s: float = 10.0
    """How long one answer of the network may take."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every HTTP request to the camera's own host; may hold secrets."""
    folder: SegmentFolder = field(default_factory=SegmentFolder)
    """Where segments go that are too large for memory."""
    reach: Reach = field(default_factory=Reach)
    """Where it may lead; the usual one is for who has this machine's rights anyway."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what a rule of `Reach` refuses into a stream that cannot be read.

    Raises:
        SourceUnavailable: a rule refused.
    """
    try:
        yield
    except InvalidInput as error:
        raise SourceUnavailable(str(error), StreamFault.NOT_ALLOWED) from error


class Secrets:
    """User, password and headers of a camera: for its own host only, and never from TLS into the clear."""

    def __init__(self, url: httpx.URL, headers: Mapping[str, str]) -> None:
        self._url, self._headers = url, headers
        user, password = unquote(url.username), unquote(url.password)
        self._login = _Login(user, password) if url.userinfo else None

    def login(self, url: httpx.URL) -> httpx.Auth | None:
        """Return what answers a demand for user and password at `url`."""
        return self._login if self.may_go_to(url) else None

    def add_headers(self, request: httpx.Request) -> None:
        """Complete one request; redirected ones come here, too."""
        for name, value in self._headers.items():
            request.headers.pop(name, None)
            if self.may_go_to(request.url):
                request.headers[name] = value

    def may_go_to(self, url: httpx.URL) -> bool:
        """Say whether `url` is the camera's."""
        is_weaker = self._url.scheme == "https" and url.scheme != "https"
        return url.host == self._url.host and not is_weaker


class _Login(httpx.Auth):
    """Answers with what the server asks for: digest where it knows that, else basic."""

    def __init__(self, user: str, password: str) -> None:
        self._digest, self._basic = httpx.DigestAuth(user, password), httpx.BasicAuth(user, password)
        self._asked_for: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send nothing until asked; from then on what was asked for."""
        if self._asked_for is None:
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
            knows_digest = "digest" in response.headers.get("www-authenticate", "").lower()
            self._asked_for = self._digest if knows_digest else self._basic
        yield from self._asked_for.auth_flow(request)
