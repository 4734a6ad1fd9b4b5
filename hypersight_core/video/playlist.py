"""HLS playlists, reduced to what a reader of live streams needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import m3u8  # type: ignore[import-untyped]

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.redaction import redacted
from hypersight_core.video.pieces import ClockSource

HEADER = b"#EXTM3U"
USUAL_TARGET_S = 4.0


@dataclass(frozen=True, slots=True)
class Key:
    """What a resource is encrypted with: AES-128 in CBC mode, RFC 8216 section 4.3.2.4."""

    url: str
    """Where its 16 bytes are."""
    iv: bytes
    """Initialisation vector, 16 bytes."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Bytes a playlist points to: a file or a range of one."""

    url: str
    first_byte: int = 0
    length: int | None = None
    """None: all of it."""
    key: Key | None = None
    """None: not encrypted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One media segment in a playlist."""

    sequence: int
    media: Resource
    duration_s: float
    start_at: datetime | None
    """Program date time, aware UTC; None where the playlist has none."""
    is_discontinuity: bool
    header: Resource | None = None
    """Fragmented MP4: the initialisation section."""
    clock_source: ClockSource = ClockSource.PROGRAM_DATE_TIME
    """Whose time `start_at` is."""
    is_absent: bool = False
    """The server says itself that it does not have it (`EXT-X-GAP`)."""

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
        SourceUnavailable: it is no media playlist, or encrypted in a way that can't be read.
    """
    parsed = _parsed(data, url)
    try:
        entries = tuple(_entries(parsed.segments))
    except (ValueError, TypeError) as error:
        raise SourceUnavailable(f"{redacted(url)} is a broken HLS playlist: {error}") from error
    return MediaPlaylist(
        entries=entries,
        target_s=float(parsed.target_duration or USUAL_TARGET_S),
        is_ended=bool(parsed.is_endlist),
    )


def _parsed(data: bytes, url: str) -> Any:
    if not is_playlist(data):
        raise SourceUnavailable(
            f"{redacted(url)} is no HLS playlist: check that the URL is the stream's own",
            StreamFault.UNSUPPORTED,
        )
    try:
        return m3u8.loads(data.decode("utf-8", errors="replace"), uri=url)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise SourceUnavailable(f"{redacted(url)} is a broken HLS playlist") from error


def _entries(segments: Iterable[Any]) -> Iterator[Entry]:
    before: Resource | None = None
    for one in segments:
        start_at = one.current_program_date_time
        if start_at is not None:
            start_at = start_at.replace(tzinfo=UTC) if start_at.tzinfo is None else start_at.astimezone(UTC)
        before = _resource(one.absolute_uri, one.byterange, _key(one.key, one.media_sequence), before)
        yield Entry(
            sequence=one.media_sequence,
            media=before,
            duration_s=float(one.duration or 0.0),
            start_at=start_at,
            is_discontinuity=bool(one.discontinuity),
            header=_header(one),
            is_absent=bool(one.gap_tag),
        )


def _header(one: Any) -> Resource | None:
    section = one.init_section
    if section is None:
        return None
    return _resource(section.absolute_uri, section.byterange, _key(one.key, one.media_sequence), None)


def _resource(url: str, byte_range: str | None, key: Key | None, before: Resource | None) -> Resource:
    """Read a range `length[@first]`; one without a first byte goes on where the one before it ended."""
    if not byte_range:
        return Resource(url, key=key)
    length, _, first = byte_range.partition("@")
    if first:
        return Resource(url, int(first), int(length), key)
    if before is None or before.url != url or before.length is None:
        raise ValueError(f"the byte range {byte_range} does not say where it begins")
    return Resource(url, before.first_byte + before.length, int(length), key)


def _key(key: Any, sequence: int) -> Key | None:
    if key is None or key.method in (None, "NONE"):
        return None
    if key.method != "AES-128" or key.keyformat not in (None, "identity"):
        raise SourceUnavailable(
            f"segments encrypted with {key.method} can't be read; AES-128 and clear ones can"
        )
    iv = int(key.iv, 16) if key.iv else sequence
    return Key(key.absolute_uri, iv.to_bytes(16, "big"))
