"""`GET /api/v1/outages`."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hypersight_api.outages.schemas import OutageOut
from hypersight_core.store.engine import Store
from hypersight_core.store.outages import newest_outages


@get("/api/v1/outages", tags=("status",), sync_to_thread=True, operation_id="ListOutages")
def list_outages(
    reads: NamedDependency[Store],
    camera_id: Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> list[OutageOut]:
    """List the times in which cameras should have been watched and were not, newest first.

    Those of less than `HYPERSIGHT_NOTIFY_AFTER_S` are not kept; others for 90 days after their end.
    """
    with reads.transaction() as tx:
        return [OutageOut.of(outage) for outage in newest_outages(tx, camera_id, limit)]
