"""Adds up who passed, event by event, for operators' figures."""

from collections import Counter
from collections.abc import Iterable

from hypersight_core.domain.events import OUT_KINDS, TRAFFIC_KINDS, Event
from hypersight_core.domain.figures import Passed


class Passages:
    """Persons who passed each zone since this watcher began; for one thread."""

    def __init__(self) -> None:
        self._came: Counter[tuple[int, int]] = Counter()
        self._went: Counter[tuple[int, int]] = Counter()

    def add(self, events: Iterable[Event]) -> None:
        """Count events that were written."""
        for event in events:
            place = event.processor_id, event.zone
            if event.kind in TRAFFIC_KINDS:
                self._came[place] += event.value
            elif event.kind in OUT_KINDS:
                self._went[place] += event.value

    def passed(self) -> tuple[Passed, ...]:
        """Return how many passed where."""
        places = sorted({*self._came, *self._went})
        return tuple(Passed(*place, self._came[place], self._went[place]) for place in places)
