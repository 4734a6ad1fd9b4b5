"""Who may ask what: strangers, other web sites and borrowed host names are turned away."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from litestar.types import ASGIApp, Receive, Send
from litestar.types import Scope as AsgiScope

from hypersight_api.principals import NEIGHBOUR, OWNER, SCRAPER, WATCHER, Principals
from hypersight_api.services import now
from hypersight_api.sessions import CSRF_HEADER, SESSION_COOKIE, Sessions, Visitor
from hypersight_core.domain.access import Principal, Scope
from hypersight_core.settings import Settings

Asked = ASGIConnection[Any, Any, Any, Any]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_PATHS = ("/healthz", "/readyz")
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
SIGN_IN_PATHS = (SIGN_IN, "/static/shell.css", "/static/theme.js", "/static/icon.svg")
"""What a browser needs to ask for the token; none of it tells anything about this installation."""
LIVE_PATH, FIGURES_PATH = "/live/faces", "/metrics"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CHALLENGE = {"www-authenticate": 'Basic realm="hypersight", charset="UTF-8"'}


READING_POSTS = ("/traffic", "/objects", "/getFrame")
"""Questions of the field's that are asked by POST."""
ADMIN_PATHS = ("/api/v1/accounts", "/api/v1/tokens", "/api/v1/audit", "/accounts")


def needed(kind: ScopeType, method: str, path: str) -> Scope:
    """Return what somebody must be allowed to do; what nobody thought of counts as a change."""
    if kind == ScopeType.WEBSOCKET:
        return Scope.FACES_READ
    if path == LIVE_PATH:
        return Scope.EVENTS_INGEST
    if path.startswith(ADMIN_PATHS):
        return Scope.ACCOUNTS_WRITE
    if method in SAFE_METHODS or path in READING_POSTS:
        return Scope.METRICS_READ
    return Scope.CAMERAS_WRITE


class Access(ASGIMiddleware):
    """Lets a request through, or answers 401 or 403.

    Without an API token everything is open to programs on this machine, so the danger is a web page in a
    browser on it: requests must name a loopback host and must not come from another site. With a token
    it is `Authorization: Bearer <token>` (that one, or one made for a program), the token as the password of
    basic authentication (any user name), or the cookie of somebody who signed in. Websockets also take
    `?token=`, since scripts in browsers cannot send headers with them. Writes on the strength of a cookie
    must show the session's CSRF token, too. What each may do is said by scopes.
    """

    def __init__(self, settings: Settings, sessions: Sessions, principals: Principals) -> None:
        self._api_token, self._live_token = settings.api_token, settings.live_token
        self._metrics_token = settings.metrics_token
        self._sessions, self._principals = sessions, principals
        self._hosts = {*LOOPBACK, settings.api_host.lower()}

    async def handle(self, scope: AsgiScope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check, then pass on."""
        asked: Asked = ASGIConnection(scope, receive, send)
        path = asked.url.path
        if path not in OPEN_PATHS:
            if path != LIVE_PATH:
                self._check_origin(asked)
            principal = await self._principal(asked)
            if principal is not None:
                asked.state.principal = principal
                asked.state.again = partial(self._principal, asked)
                _check_scope(principal, needed(scope["type"], str(scope.get("method", "")), path))
        await next_app(scope, receive, send)

    def _check_origin(self, asked: Asked) -> None:
        if not self._api_token and _host_name(asked.headers.get("host", "")) not in self._hosts:
            raise PermissionDeniedException(
                detail="without an API token this server answers under its loopback names only"
            )
        if not _is_safe(asked) and _is_foreign(asked.headers):
            raise PermissionDeniedException(detail="requests from other web sites are refused")

    async def _principal(self, asked: Asked) -> Principal | None:
        """Return who asks; None for strangers where they are welcome.

        Raises:
            NotAuthorizedException: they show nothing that is right.
            PermissionDeniedException: a write lacks the session's CSRF token, or only watchers may.
        """
        path = asked.url.path
        known = await self._of_token(asked)
        if path == LIVE_PATH:
            return known or self._refuse_watcher()
        if known is not None or path in SIGN_IN_PATHS:
            return known
        if not self._api_token:
            return NEIGHBOUR
        return await self._of_session(asked)

    async def _of_token(self, asked: Asked) -> Principal | None:
        for shown in _shown(asked):
            if self._api_token and asked.url.path != LIVE_PATH and same(shown, self._api_token):
                return OWNER
            if self._live_token and asked.url.path == LIVE_PATH and same(shown, self._live_token):
                return WATCHER
            if self._metrics_token and asked.url.path == FIGURES_PATH and same(shown, self._metrics_token):
                return SCRAPER
            if principal := await self._principals.of_token(shown):
                return principal
        return None

    async def _of_session(self, asked: Asked) -> Principal | None:
        path, cookie = asked.url.path, asked.cookies.get(SESSION_COOKIE, "")
        visitor = self._sessions.visitor(cookie, now()) if cookie else None
        principal = await self._principals.of_visitor(visitor) if visitor else None
        if visitor is None or principal is None:
            raise _who_are_you(asked)
        if path == SIGN_OUT:
            return None
        if not _is_safe(asked) and not _shows_csrf_token(asked, visitor):
            raise PermissionDeniedException(detail=f"writes need the session's token as {CSRF_HEADER}")
        return principal

    def _refuse_watcher(self) -> Principal:
        if not self._live_token:
            raise PermissionDeniedException(detail="broadcasting is switched off: no live token is set")
        raise PermissionDeniedException(detail="that is not the live token")


def _check_scope(principal: Principal, scope: Scope) -> None:
    if not principal.may(scope):
        raise PermissionDeniedException(detail=f"{principal.name} may not do this: it needs {scope}")


def _shown(asked: Asked) -> list[str]:
    shown = [_bearer(asked.headers), _basic_password(asked.headers)]
    if asked.scope["type"] == ScopeType.WEBSOCKET:
        shown += parse_qs(asked.scope["query_string"].decode("latin-1")).get("token", [])
    return [one for one in shown if one]


class SignInFirst(NotAuthorizedException):
    """A person with a browser has to sign in before this page."""


def to_sign_in(request: Request[Any, Any, Any], _: Exception) -> Redirect:
    """Send a browser to the page that asks for the token, and back afterwards."""
    query = request.scope["query_string"].decode("latin-1")
    wanted = request.url.path + (f"?{query}" if query else "")
    return Redirect(f"{SIGN_IN}?{urlencode({'next': wanted})}", status_code=HTTP_303_SEE_OTHER)


def _who_are_you(asked: Asked) -> NotAuthorizedException:
    is_page = _is_safe(asked) and "text/html" in asked.headers.get("accept", "")
    if is_page and "hx-request" not in asked.headers:
        return SignInFirst(detail="sign in first")
    # A browser would ask for user and password by a window of its own, over a page that has a better way.
    is_browser = "mozilla" in asked.headers.get("user-agent", "").lower()
    return NotAuthorizedException(detail="send the API token", headers={} if is_browser else CHALLENGE)


def same(shown: str, secret: str) -> bool:
    """Compare in a time that says nothing about where they differ."""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), secret.encode("utf-8", "replace"))


def _shows_csrf_token(asked: Asked, visitor: Visitor) -> bool:
    if asked.scope["type"] == ScopeType.WEBSOCKET:
        return True  # a script cannot send headers with it; where it comes from was checked
    return bool(visitor.csrf) and same(asked.headers.get(CSRF_HEADER, ""), visitor.csrf)


def _is_safe(asked: Asked) -> bool:
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
