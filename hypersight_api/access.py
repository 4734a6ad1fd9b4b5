"""Who may ask: strangers, other web sites and borrowed host names are turned away."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from litestar.types import ASGIApp, Receive, Scope, Send

from hypersight_api.services import now
from hypersight_api.sessions import CSRF_HEADER, SESSION_COOKIE, Sessions, Visitor
from hypersight_core.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_PATHS = ("/healthz", "/readyz")
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
SIGN_IN_PATHS = (SIGN_IN, "/static/shell.css", "/static/theme.js", "/static/icon.svg")
"""What a browser needs to ask for the token; none of it tells anything about this installation."""
LIVE_PATH = "/live/faces"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CHALLENGE = {"www-authenticate": 'Basic realm="hypersight", charset="UTF-8"'}


class Access(ASGIMiddleware):
    """Lets a request through, or answers 401 or 403.

    Without an API token everything is open to programs on this machine, so the danger is a web page in a
    browser on it: requests must name a loopback host and must not come from another site. With a token
    it is `Authorization: Bearer <token>`, the token as the password of basic authentication (any user name),
    or the cookie of somebody who signed in. Websockets also take `?token=`, since scripts in browsers cannot
    send headers with them. Writes on the strength of a cookie must show the session's CSRF token, too.
    """

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self._api_token, self._sessions = settings.api_token, sessions
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
        if not self._api_token or self._is_known(asked) or path in SIGN_IN_PATHS:
            return
        visitor = self._signed_in(asked)
        if visitor is None:
            raise _who_are_you(asked)
        if not _is_safe(asked) and path != SIGN_OUT and not _shows_csrf_token(asked, visitor):
            raise PermissionDeniedException(detail=f"writes need the session's token as {CSRF_HEADER}")

    def _check_watcher(self, headers: Mapping[str, str]) -> None:
        if not self._live_token:
            raise PermissionDeniedException(detail="broadcasting is switched off: no live token is set")
        if not same(_bearer(headers), self._live_token):
            raise PermissionDeniedException(detail="that is not the live token")

    def _signed_in(self, asked: ASGIConnection) -> Visitor | None:  # type: ignore[type-arg]
        cookie = asked.cookies.get(SESSION_COOKIE, "")
        return self._sessions.visitor(cookie, now()) if cookie else None

    def _is_known(self, asked: ASGIConnection) -> bool:  # type: ignore[type-arg]
        shown = [_bearer(asked.headers), _basic_password(asked.headers)]
        if asked.scope["type"] == ScopeType.WEBSOCKET:
            shown += parse_qs(asked.scope["query_string"].decode("latin-1")).get("token", [])
        return any(same(one, self._api_token) for one in shown)


class SignInFirst(NotAuthorizedException):
    """A person with a browser has to sign in before this page."""


def to_sign_in(request: Request[Any, Any, Any], _: Exception) -> Redirect:
    """Send a browser to the page that asks for the token, and back afterwards."""
    query = request.scope["query_string"].decode("latin-1")
    wanted = request.url.path + (f"?{query}" if query else "")
    return Redirect(f"{SIGN_IN}?{urlencode({'next': wanted})}", status_code=HTTP_303_SEE_OTHER)


def _who_are_you(asked: ASGIConnection) -> NotAuthorizedException:  # type: ignore[type-arg]
    is_page = _is_safe(asked) and "text/html" in asked.headers.get("accept", "")
    if is_page and "hx-request" not in asked.headers:
        return SignInFirst(detail="sign in first")
    # A browser would ask for user and password by a window of its own, over a page that has a better way.
    is_browser = "mozilla" in asked.headers.get("user-agent", "").lower()
    return NotAuthorizedException(detail="send the API token", headers={} if is_browser else CHALLENGE)


def same(shown: str, secret: str) -> bool:
    """Compare in a time that says nothing about where they differ."""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), secret.encode("utf-8", "replace"))


def _shows_csrf_token(asked: ASGIConnection, visitor: Visitor) -> bool:  # type: ignore[type-arg]
    if asked.scope["type"] == ScopeType.WEBSOCKET:
        return True  # a script cannot send headers with it; where it comes from was checked
    return bool(visitor.csrf) and same(asked.headers.get(CSRF_HEADER, ""), visitor.csrf)


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
