"""What all pages share: the frame around them, and how they say that something went wrong."""

import copy
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Request, Response
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from litestar.types import Scope as AsgiScope

from hypersight_api.errors import explained
from hypersight_api.pages.assets import Vendor
from hypersight_api.principals import known_principal
from hypersight_core.domain.access import Principal, Scope
from hypersight_core.errors import HypersightError

TEMPLATES = Path(__file__).parent / "templates"
ASK_AGAIN = {"cache-control": "no-cache"}
NAVIGATION = (
    ("/", "Overview", Scope.METRICS_READ),
    ("/faces-wall", "Faces", Scope.FACES_READ),
    ("/operations", "Operations", Scope.METRICS_READ),
    ("/admin", "Admin", Scope.CAMERAS_WRITE),
    ("/accounts", "Accounts", Scope.ACCOUNTS_WRITE),
    ("/schema", "API docs", Scope.METRICS_READ),
)
"""Pages, and what somebody must be allowed to do for a link to lead there."""

AnyRequest = Request[Any, Any, Any]


class Shell:
    """Makes pages out of templates; all know `vendor_url`, `navigation`, `who`, `dagster_url`."""

    def __init__(self, vendor: Vendor, dagster_url: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(vendor_url=vendor.url)
        self._dagster_url = dagster_url.rstrip("/")
        self._principal: Principal | None = None

    def seen_by(self, principal: Principal | None) -> "Shell":
        """Return the same for somebody in particular; None: it is not known who asks."""
        seen = copy.copy(self)
        seen._principal = principal
        return seen

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
        who = self._principal
        shown = {
            "navigation": [link for link in NAVIGATION if who is not None and who.may(link[2])],
            "who": "" if who is None else who.name.removeprefix("account "),
            # Dagster shows all cameras to whoever reaches it.
            "dagster_url": "" if who is None or who.is_limited else self._dagster_url,
        }
        return self._environment.get_template(template).render(**shown, **values)

    def exception_handlers(self) -> ExceptionHandlersMap:
        """Return how pages answer errors: with a page that says what the API would."""
        return {HypersightError: self._problem, HTTPException: self._problem}

    def _problem(self, request: AnyRequest, error: Exception) -> Response[str]:
        told = explained(request, error)
        page = self.seen_by(known_principal(request.scope)).page(
            "problem.html", status=told.status, told=told
        )
        page.headers.update(told.headers)
        return page


def seen_shell(shell: Shell) -> Provide:
    """Return the dependency that gives each handler the shell as whoever asks sees it."""

    def provided(scope: AsgiScope) -> Shell:
        return shell.seen_by(known_principal(scope))

    return Provide(provided, sync_to_thread=False)
