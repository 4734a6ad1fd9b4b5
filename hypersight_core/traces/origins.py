"""Where records come from, so that writing them later still belongs to their segment's trace."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypersight_core.traces import spans

MOST = 100
"""While the database is away records wait on disk; of the older ones the write is not told."""


class Origins:
    """Places in traces by number of record; one thread keeps them, another goes back to them."""

    def __init__(self) -> None:
        self._places: dict[int, object] = {}

    def keep(self, seq: int) -> None:
        """Remember where we are."""
        place = spans.here()
        if place is not None:
            self._places[seq] = place
            self._places.pop(seq - MOST, None)

    @contextmanager
    def back(self, seq: int) -> Iterator[None]:
        """Go on where a record came from."""
        with spans.within(self._places.pop(seq, None)):
            yield
