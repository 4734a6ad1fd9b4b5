"""What all pages share: the frame around them, and how they say that something went wrong."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from hypersight_api.errors import explained
from hypersight_api.pages.assets import Vendor
from hypersight_core.errors import HypersightError

TEMPLATES = Path(__file__).parent / "templates"
ASK_AGAIN = {"cache-control": "no-cache"}
NAVIGATION = (
    ("/", "Overview"),
    ("/faces-wall", "Faces"),
    ("/operations", "Operations"),
    ("/admin", "Admin"),
    ("/schema", "API docs"),
)

AnyRequest = Request[Any, Any, Any]


class Shell:
    """Makes pages out of templates; every template knows `vendor_url`, `navigation` and `dagster_url`."""

    def __init__(self, vendor: Vendor, dagster_url: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            vendor_url=vendor.url, navigation=NAVIGATION, dagster_url=dagster_url.rstrip("/")
        )

    def page(
        self, template: str, *, current: str = "", status: HTTPStatus = HTTPStatus.OK, **values: object
    ) -> Response[str]:
        """Return a whole page, or a part of one that htmx asks for.

        Args:
            current: path in `NAVIGATION` the page belongs to.
            values: what its template names.
        """
        html = self.html(template, current=current, **values)
        return Response(html, media_type=MediaType.HTML, status_code=status.value, headers=ASK_AGAIN)

    def html(self, template: str, **values: object) -> str:
        """Return a template's text."""
        return self._environment.get_template(template).render(**values)

    def exception_handlers(self) -> ExceptionHandlersMap:
        """Return how pages answer errors: with a page that says what the API would."""
        return {HypersightError: self._problem, HTTPException: self._problem}

    def _problem(self, request: AnyRequest, error: Exception) -> Response[str]:
        told = explained(request, error)
        page = self.page("problem.html", status=told.status, told=told)
        page.headers.update(told.headers)
        return page
