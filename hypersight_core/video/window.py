"""What is new in a playlist that slides along."""

from datetime import datetime, timedelta

from hypersight_core.video.playlist import Entry


class Window:
    """Remembers how far a playlist was read.

    Args:
        resume_after: stream time up to which everything was read before.
    """

    def __init__(self, resume_after: datetime | None) -> None:
        self._resume_after = resume_after
        self._last: Entry | None = None
        self.has_skipped = False
        """Whether segments went by unread before the ones `fresh` returned last."""

    def passed(self, entry: Entry) -> None:
        """Take note that `entry` is done with."""
        self._last = entry
        self._resume_after = entry.stop_at or self._resume_after

    def fresh(self, entries: tuple[Entry, ...], *, is_live: bool) -> tuple[Entry, ...]:
        """Return the entries to read now, oldest first.

        A live stream is joined at its newest segment, a recording at its first; both where they were
        left, if they tell the time. The same when the numbering starts over (a packager's restart).
        """
        self.has_skipped = False
        if not entries:
            return ()
        if self._last is None:
            return self._joined(entries, is_live=is_live)
        if self._is_renumbered(entries[-1], self._last):
            self.has_skipped = True
            return self._joined(entries, is_live=is_live)
        new = tuple(entry for entry in entries if entry.sequence > self._last.sequence)
        self.has_skipped = bool(new) and new[0].sequence > self._last.sequence + 1
        return self._unread(new) or new if self.has_skipped else new

    def _joined(self, entries: tuple[Entry, ...], *, is_live: bool) -> tuple[Entry, ...]:
        return self._unread(entries) or (entries[-1:] if is_live else entries)

    def _unread(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Return what lies after the last segment in time; nothing where that can't be told."""
        after = self._resume_after
        return () if after is None else tuple(entry for entry in entries if _ends_after(entry, after))

    @staticmethod
    def _is_renumbered(newest: Entry, last: Entry) -> bool:
        return newest.sequence < last.sequence or (
            newest.sequence == last.sequence and newest.media != last.media
        )


def _ends_after(entry: Entry, after: datetime) -> bool:
    """Say whether more than a rounding error of `entry` lies after `after`."""
    return entry.stop_at is not None and entry.stop_at - after > timedelta(seconds=0.1 * entry.duration_s)
