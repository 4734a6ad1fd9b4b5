"""How errors look over HTTP; the only place that knows both sides.

Calls that exist in the field answer `{"err": true, "msg": …}`, all others RFC 9457 problem details.
"""

import json
import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from hypersight_core.errors import (
    Conflict,
    HypersightError,
    InvalidInput,
    NotAllowed,
    NotFound,
    SetupFailed,
    SourceUnavailable,
    Unavailable,
)
from hypersight_core.redaction import redacted_text

logger = logging.getLogger(__name__)

PROBLEMS = "application/problem+json"
FIELD_PATHS = ("/traffic", "/objects", "/statusWatch", "/getFrame")
FIELD_FOLDERS = ("/frame/", "/videos/")
RETRY_AFTER_S = 2
STATUS_OF: tuple[tuple[type[HypersightError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (Conflict, HTTPStatus.CONFLICT),
    (InvalidInput, HTTPStatus.BAD_REQUEST),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (SetupFailed, HTTPStatus.SERVICE_UNAVAILABLE),
)
NOT_SET_UP = "the database lacks our tables; whoever runs this server has to set it up: hypersight migrate"
AWAY = "the database is not available at the moment; try again in a few seconds"

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a caller is told about an error."""

    status: HTTPStatus
    detail: str
    headers: dict[str, str] = field(default_factory=dict)
    errors: object = None


def explained(request: AnyRequest, error: Exception) -> Explanation:
    """Return what to answer; what is nobody's business goes into the log."""
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        status = HTTPStatus(error.status_code)
        extra = error.extra if isinstance(error, ValidationException) else None
        return Explanation(status, _detail(error, status), error.headers or {}, extra)
    if isinstance(error, RecursionError):
        return Explanation(HTTPStatus.BAD_REQUEST, "the body is nested too deeply")
    known = next((code for kind, code in STATUS_OF if isinstance(error, kind)), None)
    if known is None or not isinstance(error, HypersightError):
        logger.error("a request failed", exc_info=error, extra={"path": request.url.path})
        return Explanation(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a bug; the log says more")
    if known is not HTTPStatus.SERVICE_UNAVAILABLE:
        return Explanation(known, redacted_text(str(error)), errors=_fields(error))
    logger.warning("could not answer", extra={"path": request.url.path, "reason": str(error)})
    return Explanation(known, _outage(error), {"retry-after": str(RETRY_AFTER_S)})


def answered(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer an error as the API does."""
    told = explained(request, error)
    if is_of_the_field(request.url.path):
        content: dict[str, Any] = {"err": True, "msg": told.detail}
        media_type = "application/json"
    else:
        content = {"type": "about:blank", "title": told.status.phrase, "status": told.status.value}
        content |= {"detail": told.detail} | ({"errors": told.errors} if told.errors else {})
        media_type = PROBLEMS
    return Response(
        json.dumps(content).encode(),
        status_code=told.status.value,
        media_type=media_type,
        headers=told.headers,
    )


def _fields(error: HypersightError) -> list[dict[str, str]]:
    """Return which field of the request an error is about, for forms that show it there."""
    if not isinstance(error, InvalidInput) or not error.field:
        return []
    return [{"field": error.field, "message": redacted_text(str(error))}]


def is_of_the_field(path: str) -> bool:
    """Say whether a call exists in the field, whose errors are told in its own form."""
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
    HypersightError: answered,
    HTTPException: answered,
    RecursionError: answered,
    Exception: answered,
}
