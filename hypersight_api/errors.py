"""How errors look over HTTP; the only place that knows both sides.

Calls that exist in the field answer `{"err": true, "msg": …}`, all others RFC 9457 problem details.
"""

import json
import logging
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from hypersight_core.errors import (
    Conflict,
    HypersightError,
    InvalidInput,
    NotFound,
    SetupFailed,
    SourceUnavailable,
    Unavailable,
)
from hypersight_core.redaction import redacted_text

logger = logging.getLogger(__name__)

FIELD_PATHS = ("/traffic", "/objects", "/statusWatch", "/getFrame")
FIELD_FOLDERS = ("/frame/", "/videos/")
RETRY_AFTER_S = 2
STATUS_OF: tuple[tuple[type[HypersightError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (InvalidInput, HTTPStatus.BAD_REQUEST),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (SetupFailed, HTTPStatus.SERVICE_UNAVAILABLE),
)
NOT_SET_UP = "the database lacks our tables; whoever runs this server has to set it up: hypersight migrate"
AWAY = "the database is not available at the moment; try again in a few seconds"

AnyRequest = Request[Any, Any, Any]


def on_domain_error(request: AnyRequest, error: HypersightError) -> Response[bytes]:
    """Answer an error of our own."""
    status = next((code for kind, code in STATUS_OF if isinstance(error, kind)), None)
    if status is None:
        return on_bug(request, error)
    if status is not HTTPStatus.SERVICE_UNAVAILABLE:
        return _answer(request, status, redacted_text(str(error)))
    logger.warning("could not answer", extra={"path": request.url.path, "reason": str(error)})
    return _answer(request, status, _outage(error), headers={"retry-after": str(RETRY_AFTER_S)})


def on_http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what Litestar found wrong with a request."""
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_bug(request, error)
    extra = error.extra if isinstance(error, ValidationException) else None
    return _answer(request, status, _detail(error, status), headers=error.headers, errors=extra)


def on_deep_nesting(request: AnyRequest, _: RecursionError) -> Response[bytes]:
    """Refuse a body whose brackets go deeper than anybody means."""
    return _answer(request, HTTPStatus.BAD_REQUEST, "the body is nested too deeply")


def on_bug(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Say that it is our fault, and nothing about how."""
    logger.error("a request failed", exc_info=error, extra={"path": request.url.path})
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "this is a bug; the log says more")


def _answer(
    request: AnyRequest,
    status: HTTPStatus,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    errors: object = None,
) -> Response[bytes]:
    if _is_of_the_field(request.url.path):
        content: dict[str, Any] = {"err": True, "msg": detail}
        media_type = "application/json"
    else:
        content = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
        content |= {"errors": errors} if errors else {}
        media_type = "application/problem+json"
    return Response(
        json.dumps(content).encode(), status_code=status.value, media_type=media_type, headers=headers or {}
    )


def _is_of_the_field(path: str) -> bool:
    return path.rstrip("/") in FIELD_PATHS or path.startswith(FIELD_FOLDERS)


def _outage(error: HypersightError) -> str:
    if isinstance(error, SourceUnavailable):
        return redacted_text(str(error))
    return NOT_SET_UP if isinstance(error, SetupFailed) else AWAY


def _detail(error: HTTPException, status: HTTPStatus) -> str:
    if isinstance(error, ValidationException) and error.extra:
        return "the request does not fit; see errors"
    return error.detail or status.phrase


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    HypersightError: on_domain_error,
    HTTPException: on_http_error,
    RecursionError: on_deep_nesting,
    Exception: on_bug,
}
