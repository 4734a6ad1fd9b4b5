"""HLS, live and recorded: our own loop over the playlist.

FFmpeg's hides program date time, blocks for ever on most faults, and skips lost segments
without a word.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.redaction import redacted
from hypersight_core.video.access import Access
from hypersight_core.video.background import Heard
from hypersight_core.video.demux import Cut
from hypersight_core.video.fetching import SegmentFetcher
from hypersight_core.video.pacing import Backoff, News, pause
from hypersight_core.video.patience import NOTHING, Had, Patience, longer
from hypersight_core.video.pieces import SourceState
from hypersight_core.video.playlist import Entry, MediaPlaylist, media_playlist, variant_url
from hypersight_core.video.timeline import Timeline
from hypersight_core.video.web import Web
from hypersight_core.video.window import Window

FETCH_TARGETS = 1.5
"""Target durations one segment may take; longer, and the next ones slide out of reach too."""
LEAST_FETCH_S = 1.0
FETCH_TRIES = 3
RETRY_PAUSE_S = 0.3
STALL_TARGETS = 3.0
WHOLE_SHARE = 0.5
"""A segment with less than this share of its announced length is fetched again."""
MOST_BACKOFF_S = 10.0
USUAL_FRAME_S = 0.04


class HlsReader:
    """Reads a playlist until it ends, which a live one never does.

    Args:
        access: its time-out is for one playlist; segments have `FETCH_TARGETS` of the target duration.
        resume_after: begin with the first segment that ends after this stream time.
    """

    def __init__(self, url: str, access: Access, *, resume_after: datetime | None) -> None:
        self._url, self._access = url, access
        self._timeline = Timeline(resume_after)
        self._window = Window(resume_after)
        self._news = News()
        self._backoff = Backoff(MOST_BACKOFF_S)
        self._patience = Patience()
        self._media_url: str | None = None
        self._frame_s = USUAL_FRAME_S
        self._problem = SourceUnavailable("no segment came")
        self._fresh_s = time.monotonic()

    def read(self, stop: Callable[[], bool]) -> Iterator[Heard]:
        """Yield segments, gaps, and changes of state."""
        with Web(self._url, self._access, stop) as web:
            fetcher = SegmentFetcher(web)
            while not stop():
                loaded_s = time.monotonic()
                try:
                    playlist = self._playlist(web)
                except SourceUnavailable as error:
                    self._media_url = None
                    yield from self._news.trouble(error)
                    pause(self._backoff.next_s(), stop)
                    continue
                entries = self._window.fresh(playlist.entries, is_live=not playlist.is_ended)
                yield from self._entries(fetcher, entries, playlist, stop)
                if playlist.is_ended and not self._window.fresh(playlist.entries, is_live=False):
                    return
                yield from self._check_stall(bool(entries), playlist.target_s)
                is_early = not entries or self._patience.entry is not None
                reload_s = playlist.target_s / 2 if is_early else playlist.target_s
                pause(loaded_s + reload_s - time.monotonic(), stop)

    def _playlist(self, web: Web) -> MediaPlaylist:
        url = self._media_url or web.url
        body = web.get(url)
        variant = variant_url(body.data, body.url)
        if variant is not None:
            url = variant
            body = web.get(url)
        playlist = media_playlist(body.data, body.url)
        self._media_url = url
        self._backoff.reset()
        self._backoff.most_s = min(MOST_BACKOFF_S, max(1.0, playlist.target_s))
        return playlist

    def _entries(
        self,
        fetcher: SegmentFetcher,
        entries: tuple[Entry, ...],
        playlist: MediaPlaylist,
        stop: Callable[[], bool],
    ) -> Iterator[Heard]:
        """Yield the segments, up to one that is waited for with a newer playlist."""
        yield from self._slid_out(entries)
        if self._window.has_skipped:
            self._timeline.tear()
        fetched = partial(self._fetched, fetcher, target_s=playlist.target_s, stop=stop)
        for index, entry in enumerate(entries):
            had, is_served = self._asked_for(fetched, entries[index:], is_ended=playlist.is_ended)
            if stop():
                return
            if self._patience.waits(entry, had, is_served=is_served):
                yield from self._news.trouble(self._problem)
                return
            yield from self._done(entry, had, _length_s(entries[index:]))

    def _asked_for(
        self, fetched: Callable[..., Had], entries: tuple[Entry, ...], *, is_ended: bool
    ) -> tuple[Had, bool]:
        """Return what came of the first of `entries`, and whether waiting for it would not bring more.

        It would not where the newest one came whole just before, or the playlist has ended.
        """
        if self._patience.entry is None:
            tries = 1 if self._patience.is_used_up else FETCH_TRIES
            return fetched(entries[0], tries=tries), is_ended
        has_newest = len(entries) > 1 and fetched(entries[-1], tries=1).is_whole
        had = fetched(entries[0], tries=FETCH_TRIES if has_newest else 1)
        return had, has_newest or is_ended

    def _slid_out(self, entries: tuple[Entry, ...]) -> Iterator[Heard]:
        """Yield what came of a segment that is waited for and no longer listed."""
        waited = self._patience.entry
        if waited is not None and entries and entries[0].sequence != waited.sequence:
            yield from self._done(waited, NOTHING, waited.duration_s + _length_s(entries))

    def _done(self, entry: Entry, had: Had, behind_s: float) -> Iterator[Heard]:
        """Yield a segment as far as it was had, and the gap that the rest of it leaves."""
        cut = self._patience.taken(had)
        self._window.passed(entry)
        if cut is None:
            yield from self._news.trouble(self._problem)
            yield from self._timeline.lost(entry)
            return
        self._fresh_s, self._frame_s = time.monotonic(), cut.frame_s
        yield from self._news.of(SourceState.CONNECTED)
        yield from self._timeline.placed(entry, cut, behind_s)

    def _fetched(
        self,
        fetcher: SegmentFetcher,
        entry: Entry,
        *,
        target_s: float,
        stop: Callable[[], bool],
        tries: int,
    ) -> Had:
        """Return what could be had of a segment within its time."""
        ends_s = time.monotonic() + max(LEAST_FETCH_S, FETCH_TARGETS * target_s)
        best: Cut | None = None
        for tried in range(1, tries + 1):
            try:
                is_whole, cut = fetcher.cut(entry, self._frame_s, ends_s - time.monotonic())
            except SourceUnavailable as error:
                self._problem = error
            else:
                if is_whole and cut.duration_s >= WHOLE_SHARE * entry.duration_s:
                    return Had(cut, is_whole=True)
                best = longer(best, cut)
                part = f"{cut.duration_s:.1f} of {entry.duration_s:.1f} s came"
                self._problem = SourceUnavailable(f"{redacted(entry.media.url)} broke off: {part}")
            is_hopeless = entry.is_absent or tried == tries
            if is_hopeless or stop() or ends_s - time.monotonic() < RETRY_PAUSE_S * tried:
                break
            pause(RETRY_PAUSE_S * tried, stop)
        return Had(best, is_whole=False)

    def _check_stall(self, has_new: bool, target_s: float) -> Iterator[SourceState]:
        if has_new or time.monotonic() - self._fresh_s < STALL_TARGETS * target_s:
            return
        self._media_url = None
        where = redacted(self._url)
        stalled = f"{where} adds no segments: the camera or its encoder has stopped"
        yield from self._news.trouble(SourceUnavailable(stalled, StreamFault.TIMED_OUT))


def _length_s(entries: tuple[Entry, ...]) -> float:
    return sum(entry.duration_s for entry in entries)
