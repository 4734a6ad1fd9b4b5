"""`GET /api/v1/cameras/{id}/heat-map`."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from hypersight_api.heat import reading
from hypersight_api.heat.schemas import HeatMap
from hypersight_api.measures.controller import Start, Stop
from hypersight_api.measures.reading import Interval
from hypersight_api.services import now
from hypersight_core.store.engine import Store


@get(
    "/api/v1/cameras/{camera_id:int}/heat-map",
    tags=("metrics",),
    sync_to_thread=True,
    operation_id="GetHeatMap",
)
def get_heat_map(
    store: NamedDependency[Store],
    reads: NamedDependency[Store],
    camera_id: FromPath[int],
    start: Start,
    stop: Stop = None,
) -> HeatMap:
    """Say where people were: person-seconds by cell of a grid over the frame, in full hours.

    The interval is widened to full hours. Recorded films leave no heat.
    """
    return reading.heat_map(store, reads, camera_id, Interval(start, stop, now()))
