"""`/`: all cameras at a glance."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import SkipValidation

from hypersight_api.pages.shell import Shell
from hypersight_api.services import now
from hypersight_api.status import reading
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store


@get("/", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_overview(
    store: NamedDependency[Store],
    shell: NamedDependency[SkipValidation[Shell]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Response[str]:
    """Cameras, what they are doing, and their newest figures."""
    overview = reading.overview(store, now(), settings.dagster_url)
    return shell.page("overview.html", current="/", overview=overview)
