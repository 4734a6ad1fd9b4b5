"""Who may ask: strangers, other web sites and borrowed host names are turned away."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from hypersight_core.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_PATHS = ("/healthz", "/readyz")
LIVE_PATH = "/live/faces"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CHALLENGE = {"www-authenticate": 'Basic realm="hypersight", charset="UTF-8"'}


class Access(ASGIMiddleware):
    """Lets a request through, or answers 401 or 403.

    Without an API token everything is open to programs on this machine, so the danger is a web page in a
    browser on it: requests must name a loopback host and must not come from another site. With a token
    it is `Authorization: Bearer <token>`, or the token as the password a browser asks for (any user name);
    websockets also take `?token=`, since scripts in browsers cannot send headers with them.
    """

    def __init__(self, settings: Settings) -> None:
        self._api_token = settings.api_token
        self._live_token = settings.live_token
        self._hosts = {*LOOPBACK, settings.api_host.lower()}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check, then pass on."""
        self.check(ASGIConnection(scope, receive, send))
        await next_app(scope, receive, send)

    def check(self, asked: ASGIConnection) -> None:  # type: ignore[type-arg]
        """Do nothing if the request may pass.

        Raises:
            NotAuthorizedException: it shows no token, or a wrong one.
            PermissionDeniedException: it comes from another site, or under a borrowed host name.
        """
        path = asked.url.path
        if path == LIVE_PATH:
            self._check_watcher(asked.headers)
            return
        if path in OPEN_PATHS:
            return
        if not self._api_token and _host_name(asked.headers.get("host", "")) not in self._hosts:
            raise PermissionDeniedException(
                detail="without an API token this server answers under its loopback names only"
            )
        if not _is_safe(asked) and _is_foreign(asked.headers):
            raise PermissionDeniedException(detail="requests from other web sites are refused")
        if self._api_token and not self._is_known(asked):
            raise NotAuthorizedException(detail="send the API token", headers=CHALLENGE)

    def _check_watcher(self, headers: Mapping[str, str]) -> None:
        if not self._live_token:
            raise PermissionDeniedException(detail="broadcasting is switched off: no live token is set")
        if not same(_bearer(headers), self._live_token):
            raise PermissionDeniedException(detail="that is not the live token")

    def _is_known(self, asked: ASGIConnection) -> bool:  # type: ignore[type-arg]
        shown = [_bearer(asked.headers), _basic_password(asked.headers)]
        if asked.scope["type"] == ScopeType.WEBSOCKET:
            shown += parse_qs(asked.scope["query_string"].decode("latin-1")).get("token", [])
        return any(same(one, self._api_token) for one in shown)


def same(shown: str, secret: str) -> bool:
    """Compare in a time that says nothing about where they differ."""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), secret.encode("utf-8", "replace"))


def _is_safe(asked: ASGIConnection) -> bool:  # type: ignore[type-arg]
    return asked.scope["type"] == ScopeType.HTTP and asked.scope["method"] in SAFE_METHODS


def _is_foreign(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") in {"cross-site", "same-site"}
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        return True


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _basic_password(headers: Mapping[str, str]) -> str:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
