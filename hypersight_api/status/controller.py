"""`GET /api/v1/status`."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from hypersight_api.services import now
from hypersight_api.status import reading
from hypersight_api.status.schemas import Overview
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store


@get("/api/v1/status", tags=("status",), sync_to_thread=True, operation_id="GetStatus")
def get_status(
    store: NamedDependency[Store], settings: NamedDependency[SkipValidation[Settings]]
) -> Overview:
    """Say what all cameras are doing, with their newest figures: what the first page shows."""
    return reading.overview(store, now(), settings.dagster_url)
