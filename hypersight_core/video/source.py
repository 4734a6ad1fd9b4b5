"""Streams and files by URL."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from hypersight_core.errors import SourceUnavailable
from hypersight_core.reach import file_path
from hypersight_core.video.access import Access, refusing
from hypersight_core.video.background import BackgroundSource, Heard
from hypersight_core.video.film import FilmSource, Recording
from hypersight_core.video.hls import MOST_BACKOFF_S, HlsReader
from hypersight_core.video.pacing import Backoff, News, pause
from hypersight_core.video.pieces import (
    ClockSource,
    Gap,
    Segment,
    Source,
    SourceState,
    StreamFacts,
)
from hypersight_core.video.playlist import is_playlist
from hypersight_core.video.probing import film_facts, playlist_facts, stream_facts
from hypersight_core.video.stream import StreamReader
from hypersight_core.video.web import Web

__all__ = [
    "Access",
    "ClockSource",
    "Gap",
    "Recording",
    "Segment",
    "Source",
    "SourceState",
    "StreamFacts",
    "open_source",
    "probe",
]

LOOK_BYTES = 1024


def open_source(
    url: str,
    *,
    stop: Callable[[], bool],
    access: Access | None = None,
    on_state: Callable[[SourceState], None] | None = None,
    resume_after: datetime | None = None,
    recording: Recording | None = None,
) -> Source:
    """Open a camera's stream or a file; nothing is read before `pieces` is iterated.

    A live source never ends by itself: it reconnects, says so through `on_state`, and yields a
    `Gap` for what it missed. A file ends.

    Args:
        stop: asked at least every second; True ends the source.
        access: time-outs, headers, and where large segments go; None: the usual ones.
        resume_after: stream time up to which everything was read before; go on from there
            where the source still has it.
        recording: what the owner knows better than the file.

    Raises:
        SourceUnavailable: a file that may not be watched; there is none, or no video in it (while iterating).
    """
    path = file_path(url)
    if path is not None:
        found = _admitted(path, access or Access())
        return FilmSource(found, stop=stop, recording=recording or Recording(), resume_after=resume_after)
    reader = _reader(url, access or Access(), resume_after)
    return BackgroundSource(reader, stop=stop, on_state=on_state)


def probe(url: str, access: Access | None = None) -> StreamFacts:
    """Look at a stream or a file, once.

    Raises:
        SourceUnavailable: it can't be watched; the message says why and what to do.
    """
    access = access or Access()
    path = file_path(url)
    if path is not None:
        return film_facts(_admitted(path, access))
    if not _is_http(url):
        return stream_facts(url, access)
    with Web(url, access, lambda: False) as web:
        body = web.get(web.url, most_bytes=LOOK_BYTES)
        if is_playlist(body.data):
            return playlist_facts(web)
    return stream_facts(url, access)


def _admitted(path: Path, access: Access) -> Path:
    with refusing():
        return access.reach.film(path)


def _is_http(url: str) -> bool:
    return urlsplit(url).scheme.lower() in ("http", "https")


def _reader(
    url: str, access: Access, resume_after: datetime | None
) -> "HlsReader | StreamReader | _HttpReader":
    if not _is_http(url):
        return StreamReader(url, access)
    if urlsplit(url).path.lower().endswith((".m3u8", ".m3u")):
        return HlsReader(url, access, resume_after=resume_after)
    return _HttpReader(url, access, resume_after)


class _HttpReader:
    """Finds out what an HTTP address serves: a playlist, or video in one long answer."""

    def __init__(self, url: str, access: Access, resume_after: datetime | None) -> None:
        self._url, self._access, self._resume_after = url, access, resume_after

    def read(self, stop: Callable[[], bool]) -> Iterator[Heard]:
        """Yield what the reader of the right kind yields."""
        news, backoff = News(), Backoff(MOST_BACKOFF_S)
        while not stop():
            try:
                has_playlist = self._has_playlist(stop)
            except SourceUnavailable as error:
                yield from news.trouble(error)
                pause(backoff.next_s(), stop)
                continue
            if has_playlist:
                yield from HlsReader(self._url, self._access, resume_after=self._resume_after).read(stop)
            else:
                yield from StreamReader(self._url, self._access).read(stop)
            return

    def _has_playlist(self, stop: Callable[[], bool]) -> bool:
        with Web(self._url, self._access, stop) as web:
            return is_playlist(web.get(web.url, most_bytes=LOOK_BYTES).data)
