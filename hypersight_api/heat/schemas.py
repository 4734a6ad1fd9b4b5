"""Reply body of heat maps."""

from datetime import datetime

import msgspec

from hypersight_api.measures.schemas import Coverage


class HeatMap(msgspec.Struct, frozen=True):
    """Where people were; two persons at once count twice."""

    camera_id: int
    start: datetime
    stop: datetime
    """Full hours around the interval that was asked for; `stop` is now at the latest."""
    columns: int
    rows: int
    person_s: list[list[float]]
    """Seconds, row by row from the top, each from left to right of the frame."""
    total_person_s: float
    coverage: Coverage
