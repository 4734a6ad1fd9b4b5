"""The files pages are made of: our own, and the libraries the set-up fetched."""

import hashlib
import re
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation
from litestar.status_codes import HTTP_304_NOT_MODIFIED

from hypersight_api.pages.assets import Vendor

STATIC = Path(__file__).parent / "static"
OWN_NAME = re.compile(r"[a-z_]+\.(?:css|js|svg)", re.ASCII)
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
}
A_YEAR = {"cache-control": "public, max-age=31536000, immutable"}


@get("/static/{name:str}", include_in_schema=False, sync_to_thread=True)
def get_static(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A file of ours; browsers ask each time whether theirs is still the same."""
    path = STATIC / name
    if OWN_NAME.fullmatch(name) is None or not path.is_file():
        raise NotFoundException(detail="there is no such file")
    content = path.read_bytes()
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"cache-control": "no-cache", "etag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(content, media_type=TYPES[path.suffix], headers=headers)


@get("/static/vendor/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=True)
def get_vendor(
    version: FromPath[str], name: FromPath[str], vendor: NamedDependency[SkipValidation[Vendor]]
) -> Response[bytes]:
    """A library the set-up fetched."""
    content = vendor.content(version, name)
    if content is None:
        raise NotFoundException(detail="there is no such file; the set-up fetches it")
    return Response(content, media_type=TYPES[Path(name).suffix], headers=A_YEAR)
