"""Media segments over HTTP: the bytes a playlist points to, decrypted, with their header in front."""

from hypersight_core.errors import SourceUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.video.demux import Cut, cut_from_bytes
from hypersight_core.video.playlist import Entry, Resource
from hypersight_core.video.web import Web

KEY_BYTES = 16


class SegmentFetcher:
    """Fetches segments; remembers the newest header and the newest key, which change seldom."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._headers: dict[Resource, bytes] = {}
        self._keys: dict[str, bytes] = {}

    def cut(self, entry: Entry, usual_frame_s: float, within_s: float | None = None) -> tuple[bool, Cut]:
        """Return the frames of a segment, and whether all of it came.

        Raises:
            SourceUnavailable: nothing came, or nothing that can be read.
        """
        if entry.is_absent:
            raise SourceUnavailable(
                f"{redacted(entry.media.url)}: the server says that it has lost this segment"
            )
        header = self._header(entry.header, within_s) if entry.header else b""
        is_whole, data = self._bytes(entry.media, within_s)
        try:
            return is_whole, cut_from_bytes(header + data, usual_frame_s)
        except SourceUnavailable as error:
            raise SourceUnavailable(f"{redacted(entry.media.url)}: {len(data)} bytes, {error}") from error

    def _header(self, header: Resource, within_s: float | None) -> bytes:
        if header not in self._headers:
            is_whole, data = self._bytes(header, within_s)
            if not is_whole:
                raise SourceUnavailable(f"{redacted(header.url)} broke off")
            self._headers = {header: data}
        return self._headers[header]

    def _bytes(self, resource: Resource, within_s: float | None) -> tuple[bool, bytes]:
        body = self._web.get(
            resource.url, within_s=within_s, first_byte=resource.first_byte, length=resource.length
        )
        if resource.key is None:
            return body.is_whole, body.data
        # imported when needed: few streams are encrypted, and every watcher would pay 7 MB
        from hypersight_core.video.decryption import decrypted

        key = self._key(resource.key.url, within_s)
        return body.is_whole, decrypted(body.data, key, resource.key.iv, is_whole=body.is_whole)

    def _key(self, url: str, within_s: float | None) -> bytes:
        if url not in self._keys:
            key = self._web.get(url, within_s=within_s, most_bytes=KEY_BYTES + 1).data
            if len(key) != KEY_BYTES:
                raise SourceUnavailable(
                    f"{redacted(url)} is no key: {KEY_BYTES} bytes expected, {len(key)} came"
                )
            self._keys = {url: key}
        return self._keys[url]
