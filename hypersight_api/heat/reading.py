"""Heat maps as replies."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypersight_api.heat.schemas import HeatMap
from hypersight_api.measures.reading import Interval
from hypersight_api.measures.schemas import Coverage
from hypersight_api.services import checked_id
from hypersight_core.domain.cells import COLUMNS, ROWS
from hypersight_core.store import cameras, heat, metrics
from hypersight_core.store.engine import Store

HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)


def heat_map(store: Store, reads: Store, camera_id: int, asked: Interval) -> HeatMap:
    """Return where people were in the full hours around an interval.

    Args:
        reads: what is asked for the map; `store` knows the camera as it is now.

    Raises:
        NotFound: there is no such camera.
        InvalidInput: a time means nothing, or the interval ends before it starts.
    """
    with store.transaction() as tx:
        zone = ZoneInfo(cameras.get_camera(tx, checked_id("camera", camera_id)).time_zone)
    start, stop = asked.ends(zone)
    with reads.transaction() as tx:
        cells = heat.person_ms_by_cell(tx, camera_id, start, stop)
        start, stop = _full_hour(start), max(start, min(_full_hour(stop - TICK) + HOUR, asked.now))
        coverage = metrics.coverage(tx, camera_id, _full_hour(start), stop)
    seconds = [one / 1000 for one in cells]
    return HeatMap(
        camera_id,
        start.astimezone(zone),
        stop.astimezone(zone),
        COLUMNS,
        ROWS,
        [seconds[row * COLUMNS : (row + 1) * COLUMNS] for row in range(ROWS)],
        sum(cells) / 1000,
        Coverage.of(coverage),
    )


def _full_hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
