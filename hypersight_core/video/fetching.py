"""Media segments over HTTP: the bytes a playlist points to, decrypted, with their header in front."""

from hypersight_core.errors import SourceUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.video.demux import Cut, cut_from_bytes
from hypersight_core.video.playlist import Entry, Resource
from hypersight_core.video.spill import SegmentBytes
from hypersight_core.video.web import Web

KEY_BYTES = 16


class SegmentFetcher:
    """Fetches segments; remembers the newest header and the newest key, which change seldom."""

    def __init__(self, web: Web) -> None:
        self._web, self._folder = web, web.access.folder
        self._headers: dict[Resource, bytes] = {}
        self._keys: dict[str, bytes] = {}

    def cut(self, entry: Entry, usual_frame_s: float, within_s: float | None = None) -> tuple[bool, Cut]:
        """Return the frames of a segment, and whether all of it came.

        Raises:
            SourceUnavailable: nothing came, or nothing that can be read.
        """
        where = redacted(entry.media.url)
        if entry.is_absent:
            raise SourceUnavailable(f"{where}: the server says that it has lost this segment")
        data = self._folder.new()
        if entry.header is not None:
            data.add(self._header(entry.header, within_s))
        try:
            is_whole = self._fetch(entry.media, within_s, data)
            return is_whole, _cut(data, usual_frame_s, entry, where)
        finally:
            data.file.close()

    def _header(self, header: Resource, within_s: float | None) -> bytes:
        if header not in self._headers:
            data = self._folder.new()
            if not self._fetch(header, within_s, data):
                raise SourceUnavailable(f"{redacted(header.url)} broke off")
            self._headers = {header: data.read(0, data.size)}
        return self._headers[header]

    def _fetch(self, resource: Resource, within_s: float | None, into: SegmentBytes) -> bool:
        """Put the clear bytes of a resource into `into`; return whether all of them came."""
        first_byte, length = resource.first_byte, resource.length
        if resource.key is None:
            return self._web.fetch(
                resource.url, into.add, within_s=within_s, first_byte=first_byte, length=length
            ).is_whole
        # imported when needed: few streams are encrypted, and every watcher would pay 7 MB
        from hypersight_core.video.decryption import Decryption

        decryption = Decryption(self._key(resource.key.url, within_s), resource.key.iv)
        is_whole = self._web.fetch(
            resource.url,
            lambda data: into.add(decryption.clear(data)),
            within_s=within_s,
            first_byte=first_byte,
            length=length,
        ).is_whole
        into.add(decryption.rest(is_whole=is_whole))
        return is_whole

    def _key(self, url: str, within_s: float | None) -> bytes:
        if url not in self._keys:
            key = self._web.get(url, within_s=within_s, most_bytes=KEY_BYTES + 1).data
            if len(key) != KEY_BYTES:
                raise SourceUnavailable(
                    f"{redacted(url)} is no key: {KEY_BYTES} bytes expected, {len(key)} came"
                )
            self._keys = {url: key}
        return self._keys[url]


def _cut(data: SegmentBytes, usual_frame_s: float, entry: Entry, where: str) -> Cut:
    try:
        return cut_from_bytes(data, usual_frame_s, entry.duration_s)
    except SourceUnavailable as error:
        raise SourceUnavailable(f"{where}: {data.size} bytes, {error}", error.fault) from error
