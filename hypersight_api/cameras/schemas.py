"""Request and reply bodies for cameras."""

from typing import Annotated, Self
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from hypersight_api.bodies import PLAIN_TEXT, GroupName, Name
from hypersight_core.domain.access import Principal
from hypersight_core.domain.cameras import Camera, CameraSettings
from hypersight_core.domain.choices import (
    BLUR_HELP,
    JPEG_QUALITY_HELP,
    MOSAIC_HELP,
    MOTION_GATE_HELP,
    MOTION_RECHECK_HELP,
)
from hypersight_core.domain.groups import MOST_GROUPS
from hypersight_core.errors import InvalidInput, StreamFault
from hypersight_core.redaction import HIDDEN, redacted

StreamUrl = Annotated[
    str,
    msgspec.Meta(
        max_length=4096,
        pattern=PLAIN_TEXT,
        description="http(s) (HLS, MJPEG, FLV), rtsp(s), rtmp(s), v4l2 or file URL; may hold user:password",
    ),
]
WatchFps = Annotated[float, msgspec.Meta(description="Frames per second to analyse, 0.2 to 30")]
MosaicSide = Annotated[
    int, msgspec.Meta(ge=1, le=8, description=f"Rows or columns of the mosaic. {MOSAIC_HELP}")
]
JpegQuality = Annotated[int, msgspec.Meta(ge=50, le=100, description=JPEG_QUALITY_HELP)]
MotionGate = Annotated[bool, msgspec.Meta(description=MOTION_GATE_HELP)]
MotionRecheck = Annotated[float, msgspec.Meta(description=MOTION_RECHECK_HELP)]
BlurPersons = Annotated[bool, msgspec.Meta(description=BLUR_HELP)]
HttpHeaders = Annotated[
    dict[str, str],
    msgspec.Meta(description="Sent to the camera's own host with every HTTP request; values are never shown"),
]
SkipLoopFilter = Annotated[
    bool,
    msgspec.Meta(description="Decode cheaper; frames drift from what was sent until the next key frame"),
]
TimeZone = Annotated[
    str, msgspec.Meta(max_length=100, pattern=PLAIN_TEXT, description="IANA name, such as Europe/Paris")
]


Groups = Annotated[
    tuple[GroupName, ...],
    msgspec.Meta(
        max_length=MOST_GROUPS, description="Who is limited to one of these groups sees the camera, too"
    ),
]


class CameraOut(msgspec.Struct, frozen=True):
    """A camera; `stream_url` and `http_headers` come without user, password and other secrets."""

    camera_id: int
    name: str
    stream_url: str
    watch_fps: float
    watch_rows: int
    watch_cols: int
    jpeg_quality: int
    motion_gate: bool
    motion_recheck_s: float
    time_zone: str
    enabled: bool
    http_headers: dict[str, str]
    skip_loop_filter: bool
    blur_persons: bool
    groups: tuple[str, ...]

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """Copy what may be shown."""
        values = {name: getattr(camera, name) for name in cls.__struct_fields__}
        hidden = {
            "stream_url": redacted(camera.stream_url),
            "http_headers": dict.fromkeys(camera.http_headers, HIDDEN),
        }
        return cls(**values | hidden)


class CameraIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new camera."""

    name: Name
    stream_url: StreamUrl
    watch_fps: WatchFps = 2.0
    watch_rows: MosaicSide = 1
    watch_cols: MosaicSide = 1
    jpeg_quality: JpegQuality = 85
    motion_gate: MotionGate = False
    motion_recheck_s: MotionRecheck = 10.0
    time_zone: TimeZone = "UTC"
    enabled: bool = True
    http_headers: HttpHeaders = {}
    skip_loop_filter: SkipLoopFilter = False
    blur_persons: BlurPersons = False
    groups: Groups | UnsetType = UNSET

    def settings(self, principal: Principal) -> CameraSettings:
        """Return it as the domain knows it; in the groups of whoever is limited, if nothing is said.

        Raises:
            InvalidInput: a value lies outside its range.
            NotAllowed: it would be in none of their groups, or in another.
        """
        _check_written(self.stream_url)
        groups = principal.granted(None if self.groups is UNSET else self.groups)
        return CameraSettings(**msgspec.structs.asdict(self) | {"groups": groups})


class CameraChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change of a camera; what is left out stays.

    A `stream_url`, or the value of a header, sent back just as shown (without secrets) stays as it is.
    """

    name: Name | UnsetType = UNSET
    stream_url: StreamUrl | UnsetType = UNSET
    watch_fps: WatchFps | UnsetType = UNSET
    watch_rows: MosaicSide | UnsetType = UNSET
    watch_cols: MosaicSide | UnsetType = UNSET
    jpeg_quality: JpegQuality | UnsetType = UNSET
    motion_gate: MotionGate | UnsetType = UNSET
    motion_recheck_s: MotionRecheck | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    http_headers: HttpHeaders | UnsetType = UNSET
    skip_loop_filter: SkipLoopFilter | UnsetType = UNSET
    blur_persons: BlurPersons | UnsetType = UNSET
    groups: Groups | UnsetType = UNSET

    def applied_to(self, camera: Camera, principal: Principal) -> CameraSettings:
        """Return the camera's settings after the change.

        Raises:
            InvalidInput: a value lies outside its range.
            NotAllowed: somebody who is limited would change groups that are not theirs.
        """
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}
        if "groups" in given:
            given["groups"] = principal.regrouped(camera.groups, given["groups"])
        if given.get("stream_url") == redacted(camera.stream_url):
            del given["stream_url"]
        _check_written(given.get("stream_url", ""))
        headers = given.get("http_headers", dict.fromkeys(camera.http_headers, HIDDEN))
        kept = {
            name: camera.http_headers[name] for name in camera.http_headers if headers.get(name) == HIDDEN
        }
        if kept and _origin(given.get("stream_url", camera.stream_url)) != _origin(camera.stream_url):
            moved = "the stream goes to another host: give all http_headers anew, or none ({})"
            raise InvalidInput(moved, field="http_headers")
        return camera.settings(**given | {"http_headers": headers | kept})


class ConnectionQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stream to be tested; nothing is saved."""

    stream_url: StreamUrl | UnsetType = UNSET
    http_headers: HttpHeaders | UnsetType = UNSET
    camera_id: int | None = None
    """The camera whose address and headers are meant where they are left out, or sent just as shown."""
    blur_persons: BlurPersons | UnsetType = UNSET

    def settings(self, known: Camera | None, principal: Principal) -> CameraSettings:
        """Return the camera to be tested.

        Raises:
            InvalidInput: the address or a header could never be a camera's.
        """
        if known is not None:
            change = CameraChange(
                stream_url=self.stream_url, http_headers=self.http_headers, blur_persons=self.blur_persons
            )
            return change.applied_to(known, principal)
        stream_url = "" if self.stream_url is UNSET else self.stream_url
        _check_written(stream_url)
        return CameraSettings(
            name="test",
            stream_url=stream_url,
            http_headers={} if self.http_headers is UNSET else self.http_headers,
            blur_persons=self.blur_persons is True,
        )


class ConnectionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream turned out to be, or why it cannot be watched; without secrets."""

    can_be_watched: bool
    stream_url: str
    took_s: float
    codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None
    """Frames per second; null where too little came to tell."""
    clock_source: str | None = None
    """Where frames get their times from: `program_date_time`, `rtcp`, `wall_clock` or `file`."""
    clock_text: str = ""
    snapshot_url: str | None = None
    """A picture of now, for ten minutes."""
    fault: StreamFault | None = None
    detail: str = ""
    """Why not, in the words of who tried."""
    advice: str = ""
    """What to do about it."""


def _check_written(stream_url: str) -> None:
    """Refuse an address as it was shown, edited: what was hidden would be gone, and nobody told.

    Raises:
        InvalidInput: it still holds what stands for a secret.
    """
    if HIDDEN in stream_url:
        raise InvalidInput(
            f"{HIDDEN} in the address stands for a secret that is not shown: write the secret itself",
            field="stream_url",
        )


def _origin(stream_url: str) -> tuple[str, str]:
    parts = urlsplit(stream_url)
    return parts.scheme, parts.netloc.rpartition("@")[2]
