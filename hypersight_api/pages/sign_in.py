"""`/sign-in` and `/sign-out`: a password, or the API token, becomes a session cookie."""

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

from hypersight_api.access import SIGN_IN, SIGN_OUT
from hypersight_api.door import Door
from hypersight_api.pages.shell import Shell
from hypersight_api.sessions import CSRF_COOKIE, LASTS_S, SESSION_COOKIE, Visitor
from hypersight_core.settings import Settings

WRONG_TOKEN = "That is not the token. It is what HYPERSIGHT_API_TOKEN holds on the server"  # noqa: S105 - a message
WRONG_PASSWORD = "Name and password do not belong together, or the account is disabled"  # noqa: S105 - a message
AnyRequest = Request[Any, Any, Any]


@get(SIGN_IN, media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def get_sign_in(
    shell: NamedDependency[SkipValidation[Shell]],
    settings: NamedDependency[SkipValidation[Settings]],
    next: FromQuery[str] = "",  # noqa: A002 - the address has it,
) -> Response[str] | Redirect:
    """Ask for name and password, or the token."""
    if not settings.api_token:
        return Redirect("/", status_code=HTTP_303_SEE_OTHER)
    return _form(shell, next)


@post(SIGN_IN, media_type=MediaType.HTML, include_in_schema=False)
async def post_sign_in(
    request: AnyRequest,
    body: RawBody,
    shell: NamedDependency[SkipValidation[Shell]],
    door: NamedDependency[SkipValidation[Door]],
) -> Response[str] | Redirect:
    """Begin a session for whoever knows a password or the token; five wrong guesses a minute and address."""
    sent = parse_qs(body.decode("utf-8", "replace"))
    name, secret, wanted = (sent.get(field, [""])[0].strip() for field in ("name", "token", "next"))
    address = request.client.host if request.client else ""
    wait_s = door.wait_s(address)
    if wait_s > 0:
        return _refused(shell, wanted, wait_s)
    opened = await door.opened(name, secret, address)
    if opened is None:
        problem = WRONG_PASSWORD if name else WRONG_TOKEN
        return _form(shell, wanted, name=name, problem=problem, status=HTTPStatus.UNAUTHORIZED)
    return _begun(opened, wanted, is_secure=request.url.scheme == "https")


@post(SIGN_OUT, include_in_schema=False)
async def post_sign_out(request: AnyRequest, door: NamedDependency[SkipValidation[Door]]) -> Redirect:
    """End the session, and all others of the same account."""
    await door.closed(request.cookies.get(SESSION_COOKIE, ""), request.client.host if request.client else "")
    gone = [_cookie(name, "", lasts_s=0, is_secure=False) for name in (SESSION_COOKIE, CSRF_COOKIE)]
    return Redirect(SIGN_IN, status_code=HTTP_303_SEE_OTHER, cookies=gone)


def _form(
    shell: Shell, wanted: str, *, name: str = "", problem: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response[str]:
    wanted = _on_this_server(wanted)
    page = shell.page("sign_in.html", status=status, next=wanted, name=name, problem=problem)
    page.headers["cache-control"] = "no-store"
    return page


def _refused(shell: Shell, wanted: str, wait_s: float) -> Response[str]:
    problem = f"Too many wrong tokens. Try again in {wait_s:.0f} seconds"
    page = _form(shell, wanted, problem=problem, status=HTTPStatus.TOO_MANY_REQUESTS)
    page.headers["retry-after"] = str(round(wait_s))
    return page


def _begun(opened: tuple[str, Visitor], wanted: str, *, is_secure: bool) -> Redirect:
    content, visitor = opened
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
