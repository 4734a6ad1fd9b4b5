"""The first page, and the files it is made of."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation
from litestar.status_codes import HTTP_503_SERVICE_UNAVAILABLE

from hypersight_api.pages.assets import Vendor
from hypersight_api.services import now
from hypersight_api.status import reading
from hypersight_core.errors import SetupFailed, Unavailable
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store

HERE = Path(__file__).parent
TYPES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "previews.js": "text/javascript",
    "faces.js": "text/javascript",
    "api_docs.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
VENDOR_TYPES = {
    "hls.mjs": "text/javascript",
    "swagger-ui.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
A_YEAR = {"cache-control": "public, max-age=31536000, immutable"}
ASK_AGAIN = {"cache-control": "no-cache"}


@get("/", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_page(
    store: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    vendor: NamedDependency[SkipValidation[Vendor]],
) -> Response[str]:
    """Cameras, what they are doing, and their newest figures."""
    try:
        overview = reading.overview(store, now())
    except (Unavailable, SetupFailed):
        return Response(
            _rendered("away.html"),
            media_type=MediaType.HTML,
            status_code=HTTP_503_SERVICE_UNAVAILABLE,
            headers={"retry-after": "5"},
        )
    html = _rendered(
        "page.html", overview=overview, dagster_url=settings.dagster_url, hls_url=vendor.url("hls.mjs")
    )
    return Response(html, media_type=MediaType.HTML, headers=ASK_AGAIN)


@get("/static/{name:str}", include_in_schema=False, sync_to_thread=True)
def get_static(name: FromPath[str]) -> Response[bytes]:
    """A file of ours."""
    if name not in TYPES:
        raise NotFoundException(detail="there is no such file")
    return Response((HERE / "static" / name).read_bytes(), media_type=TYPES[name], headers=ASK_AGAIN)


@get("/static/vendor/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=True)
def get_vendor(
    version: FromPath[str], name: FromPath[str], vendor: NamedDependency[SkipValidation[Vendor]]
) -> Response[bytes]:
    """A library the set-up fetched."""
    content = vendor.content(version, name)
    if content is None:
        raise NotFoundException(detail="there is no such file; the set-up fetches it")
    return Response(content, media_type=VENDOR_TYPES[name], headers=A_YEAR)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _rendered(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values)
