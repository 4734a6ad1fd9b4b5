"""The sensor that tells others of events; there only where somebody wants to hear of them."""

from collections.abc import Sequence

import dagster as dg

from hypersight_core.errors import InvalidInput
from hypersight_core.operations.event_messages import Told, tell_events
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store

TELL_FOR_S = 44.0
"""The next tick follows within 5 s: nearly all events are told a second after they are written."""


@dg.sensor(
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Tells HYPERSIGHT_EVENT_URLS of all events, in order, each at least once; what does not arrive waits "
        "in the database for a day. It starts no run."
    ),
)
def event_messages(store: dg.ResourceParam[Store], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Tell for a while; what is left is told by the next tick."""
    try:
        return dg.SkipReason(in_words(tell_events(store, settings, TELL_FOR_S)))
    except InvalidInput as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def in_words(told: Sequence[Told]) -> str:
    """Say what became of the events of each address, in the order of the setting."""
    return "; ".join(
        " ".join(
            filter(
                None,
                (
                    f"address {number}: {one.sent} events told",
                    f"{one.skipped} waited too long and never are" if one.skipped else "",
                    f"now they wait: {one.problem}" if one.problem else "",
                ),
            )
        )
        for number, one in enumerate(told, start=1)
    )
