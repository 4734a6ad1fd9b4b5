"""HLS playlists, reduced to what a reader of live streams needs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import m3u8  # type: ignore[import-untyped]

from hypersight_core.errors import SourceUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.video.pieces import ClockSource

HEADER = b"#EXTM3U"
USUAL_TARGET_S = 4.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One media segment in a playlist."""

    sequence: int
    url: str
    duration_s: float
    start_at: datetime | None
    """Program date time, aware UTC; None where the playlist has none."""
    is_discontinuity: bool
    header_url: str | None
    """Fragmented MP4: where the initialisation section is."""
    clock_source: ClockSource = ClockSource.PROGRAM_DATE_TIME
    """Whose time `start_at` is."""

    @property
    def stop_at(self) -> datetime | None:
        """When it ends, if the playlist has times."""
        return None if self.start_at is None else self.start_at + timedelta(seconds=self.duration_s)


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """The segments that can be fetched now."""

    entries: tuple[Entry, ...]
    target_s: float
    """No segment is longer, rounded to seconds."""
    is_ended: bool
    """Nothing will be added: a recording."""


def is_playlist(data: bytes) -> bool:
    """Say whether `data` begins like an HLS playlist."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(HEADER)


def variant_url(data: bytes, url: str) -> str | None:
    """Return the URL of the best variant of a master playlist; None for a media playlist.

    Raises:
        SourceUnavailable: it is no playlist.
    """
    parsed = _parsed(data, url)
    if not parsed.is_variant:
        return None
    if not parsed.playlists:
        raise SourceUnavailable(f"{redacted(url)} is a playlist without streams")
    best = max(parsed.playlists, key=lambda one: one.stream_info.bandwidth or 0)
    return str(best.absolute_uri)


def media_playlist(data: bytes, url: str) -> MediaPlaylist:
    """Read a media playlist.

    Raises:
        SourceUnavailable: it is no media playlist, or its segments are encrypted.
    """
    parsed = _parsed(data, url)
    if any(one.key is not None and one.key.method not in (None, "NONE") for one in parsed.segments):
        raise SourceUnavailable(f"{redacted(url)}: encrypted segments can't be read; use a clear stream")
    return MediaPlaylist(
        entries=tuple(_entry(one) for one in parsed.segments),
        target_s=float(parsed.target_duration or USUAL_TARGET_S),
        is_ended=bool(parsed.is_endlist),
    )


def _parsed(data: bytes, url: str) -> Any:
    if not is_playlist(data):
        raise SourceUnavailable(f"{redacted(url)} is no HLS playlist: check that the URL is the stream's own")
    try:
        return m3u8.loads(data.decode("utf-8", errors="replace"), uri=url)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise SourceUnavailable(f"{redacted(url)} is a broken HLS playlist") from error


def _entry(one: Any) -> Entry:
    start_at = one.current_program_date_time
    if start_at is not None:
        start_at = start_at.replace(tzinfo=UTC) if start_at.tzinfo is None else start_at.astimezone(UTC)
    return Entry(
        sequence=one.media_sequence,
        url=one.absolute_uri,
        duration_s=float(one.duration or 0.0),
        start_at=start_at,
        is_discontinuity=bool(one.discontinuity),
        header_url=one.init_section.absolute_uri if one.init_section else None,
    )
