"""`/operations`: the processes that watch, and what to do about them."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import SkipValidation

from hypersight_api.pages import drawing
from hypersight_api.pages.shell import Shell
from hypersight_api.services import now
from hypersight_api.status import reading
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store


@get("/operations", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_operations(
    store: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    shell: NamedDependency[SkipValidation[Shell]],
) -> Response[str]:
    """All watchers: what they do, how they fare, and their runs in Dagster."""
    overview = reading.overview(store, now(), settings.dagster_url)
    return shell.page("operations.html", current="/operations", overview=overview, draw=drawing)


@get("/operations/watchers", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_watchers(
    store: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    shell: NamedDependency[SkipValidation[Shell]],
) -> Response[str]:
    """The watchers, as the part of the page that changes."""
    overview = reading.overview(store, now(), settings.dagster_url)
    return shell.page("operations_watchers.html", overview=overview, draw=drawing)
