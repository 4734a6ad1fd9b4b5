"""When a segment that could not be had is given up: not while it may be its server that is in trouble."""

from dataclasses import dataclass

from hypersight_core.video.demux import Cut
from hypersight_core.video.playlist import Entry


@dataclass(frozen=True, slots=True)
class Had:
    """What could be had of a segment."""

    cut: Cut | None
    """None: nothing."""
    is_whole: bool


NOTHING = Had(None, is_whole=False)


def longer(one: Cut | None, other: Cut | None) -> Cut | None:
    """Return the longer one of what came of a segment."""
    if one is None or other is None:
        return one or other
    return other if other.duration_s > one.duration_s else one


class Patience:
    """Remembers the one segment that is waited for: the oldest that is not done with.

    An outage mostly begins within a segment, for that is what a reader waits for longest. Given up at once
    it would be lost, though the playlist lists it for long. So it is asked for until the server is seen to
    give newer ones but not this one, or until it slides out of the playlist.
    """

    def __init__(self) -> None:
        self.entry: Entry | None = None
        """The segment that is waited for."""
        self._best: Cut | None = None
        self._before: Had | None = None

    @property
    def is_used_up(self) -> bool:
        """Whether segments come in part, one after the other: with each waited for, newer ones slide past."""
        return self._before is not None and self._before.cut is not None and not self._before.is_whole

    def waits(self, entry: Entry, had: Had, *, is_served: bool) -> bool:
        """Say whether to wait for a segment; if not, it is done with, and `taken` is all that will be had.

        Args:
            had: what came just now.
            is_served: newer segments came whole, or the playlist has ended and there will be none.
        """
        if had.is_whole or entry.is_absent:
            return False
        self._best = longer(self._best, had.cut)
        # the first one says nothing: a playlist may always promise more than there is
        has_been_whole = self._before is not None and self._before.is_whole
        if (has_been_whole or had.cut is None) if self.entry is None else not is_served:
            self.entry = entry
            return True
        return False

    def taken(self, had: Had) -> Cut | None:
        """Return the most of a segment that ever came, `had` just now, and wait no longer."""
        cut = had.cut if had.is_whole else self._best
        self.entry, self._best, self._before = None, None, Had(cut, had.is_whole)
        return cut
