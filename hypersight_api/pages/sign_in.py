"""`/sign-in` and `/sign-out`: the API token becomes a session cookie."""

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromQuery, RawBody, SkipValidation
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from hypersight_api.access import SIGN_IN, SIGN_OUT, same
from hypersight_api.pages.shell import Shell
from hypersight_api.services import now
from hypersight_api.sessions import CSRF_COOKIE, LASTS_S, SESSION_COOKIE, Guesses, Role, Sessions
from hypersight_core.settings import Settings

WRONG = "That is not the token. It is what HYPERSIGHT_API_TOKEN holds on the server"
AnyRequest = Request[Any, Any, Any]


@get(SIGN_IN, media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def get_sign_in(
    shell: NamedDependency[SkipValidation[Shell]],
    settings: NamedDependency[SkipValidation[Settings]],
    next: FromQuery[str] = "",  # noqa: A002 - the address has it,
) -> Response[str] | Redirect:
    """Ask for the token."""
    if not settings.api_token:
        return Redirect("/", status_code=HTTP_303_SEE_OTHER)
    return _form(shell, next)


@post(SIGN_IN, media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def post_sign_in(
    request: AnyRequest,
    body: RawBody,
    shell: NamedDependency[SkipValidation[Shell]],
    settings: NamedDependency[SkipValidation[Settings]],
    sessions: NamedDependency[SkipValidation[Sessions]],
    guesses: NamedDependency[SkipValidation[Guesses]],
) -> Response[str] | Redirect:
    """Begin a session for whoever knows the token; five wrong guesses a minute and address at most."""
    sent = parse_qs(body.decode("utf-8", "replace"))
    token, wanted = sent.get("token", [""])[0].strip(), sent.get("next", ["/"])[0]
    address = request.client.host if request.client else ""
    wait_s = guesses.wait_s(address, time.monotonic())
    if wait_s > 0:
        return _refused(shell, wanted, wait_s)
    if not settings.api_token or not same(token, settings.api_token):
        guesses.wrong(address, time.monotonic())
        return _form(shell, wanted, problem=WRONG, status=HTTPStatus.UNAUTHORIZED)
    return _begun(sessions, wanted, is_secure=request.url.scheme == "https")


@post(SIGN_OUT, include_in_schema=False, sync_to_thread=False)
def post_sign_out() -> Redirect:
    """Forget the session."""
    gone = [_cookie(name, "", lasts_s=0, is_secure=False) for name in (SESSION_COOKIE, CSRF_COOKIE)]
    return Redirect(SIGN_IN, status_code=HTTP_303_SEE_OTHER, cookies=gone)


def _form(
    shell: Shell, wanted: str, *, problem: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response[str]:
    page = shell.page("sign_in.html", status=status, next=_on_this_server(wanted), problem=problem)
    page.headers["cache-control"] = "no-store"
    return page


def _refused(shell: Shell, wanted: str, wait_s: float) -> Response[str]:
    problem = f"Too many wrong tokens. Try again in {wait_s:.0f} seconds"
    page = _form(shell, wanted, problem=problem, status=HTTPStatus.TOO_MANY_REQUESTS)
    page.headers["retry-after"] = str(round(wait_s))
    return page


def _begun(sessions: Sessions, wanted: str, *, is_secure: bool) -> Redirect:
    content, visitor = sessions.begin(Role.ADMIN, now())
    session = _cookie(SESSION_COOKIE, content, lasts_s=LASTS_S, is_secure=is_secure, is_for_scripts=False)
    csrf = _cookie(CSRF_COOKIE, visitor.csrf, lasts_s=LASTS_S, is_secure=is_secure)
    return Redirect(_on_this_server(wanted), status_code=HTTP_303_SEE_OTHER, cookies=[session, csrf])


def _cookie(name: str, value: str, *, lasts_s: int, is_secure: bool, is_for_scripts: bool = True) -> Cookie:
    return Cookie(
        name,
        value=value,
        max_age=lasts_s,
        samesite="strict",
        secure=is_secure,
        httponly=not is_for_scripts,
    )


def _on_this_server(wanted: str) -> str:
    """Return where to go afterwards: never to another site, whatever an address says."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\", SIGN_IN, SIGN_OUT))
    return wanted if is_ours and wanted.isprintable() else "/"
