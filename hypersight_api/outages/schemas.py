"""Reply bodies of outages."""

from datetime import datetime
from typing import Self

import msgspec

from hypersight_core.domain.outages import Outage


class OutageOut(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a camera should have been watched and was not."""

    outage_id: int
    camera_id: int
    condition: str
    """`down`, `detector_away` or `failed`: the newest."""
    reason: str
    began_at: datetime
    told_at: datetime | None
    """When whoever wants to hear of it was told."""
    ended_at: datetime | None
    """Null while it lasts."""
    ended_by: str | None
    """`recovered`, or `switched_off` where nobody wants the camera watched any more."""

    @classmethod
    def of(cls, outage: Outage) -> Self:
        """Copy an outage."""
        return cls(
            outage_id=outage.outage_id,
            camera_id=outage.camera_id,
            condition=outage.condition.value,
            reason=outage.reason,
            began_at=outage.began_at,
            told_at=outage.told_at,
            ended_at=outage.ended_at,
            ended_by=outage.ended_by.value if outage.ended_by else None,
        )
