"""Request and reply bodies for cameras."""

from typing import Annotated, Any, Self

import msgspec
from msgspec import UNSET, UnsetType

from hypersight_api.bodies import PLAIN_TEXT, Name
from hypersight_core.domain.cameras import Camera, CameraSettings
from hypersight_core.domain.choices import MOSAIC_HELP
from hypersight_core.redaction import redacted

StreamUrl = Annotated[
    str,
    msgspec.Meta(
        max_length=4096,
        pattern=PLAIN_TEXT,
        description="http(s) (HLS, MJPEG), rtsp(s), rtmp or file URL; may hold user:password",
    ),
]
WatchFps = Annotated[float, msgspec.Meta(description="Frames per second to analyse, 0.2 to 30")]
MosaicSide = Annotated[
    int, msgspec.Meta(ge=1, le=8, description=f"Rows or columns of the mosaic. {MOSAIC_HELP}")
]
TimeZone = Annotated[
    str, msgspec.Meta(max_length=100, pattern=PLAIN_TEXT, description="IANA name, such as Europe/Paris")
]


class CameraOut(msgspec.Struct, frozen=True):
    """A camera; `stream_url` comes without user, password and other secrets."""

    camera_id: int
    name: str
    stream_url: str
    watch_fps: float
    watch_rows: int
    watch_cols: int
    time_zone: str
    enabled: bool

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """Copy what may be shown."""
        values = {name: getattr(camera, name) for name in cls.__struct_fields__}
        return cls(**values | {"stream_url": redacted(camera.stream_url)})


class CameraIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new camera."""

    name: Name
    stream_url: StreamUrl
    watch_fps: WatchFps = 2.0
    watch_rows: MosaicSide = 1
    watch_cols: MosaicSide = 1
    time_zone: TimeZone = "UTC"
    enabled: bool = True

    def settings(self) -> CameraSettings:
        """Return it as the domain knows it.

        Raises:
            InvalidInput: a value lies outside its range.
        """
        return CameraSettings(**msgspec.structs.asdict(self))


class CameraChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change of a camera; what is left out stays.

    A `stream_url` sent back just as it was shown (without its secrets) leaves the stored one as it is.
    """

    name: Name | UnsetType = UNSET
    stream_url: StreamUrl | UnsetType = UNSET
    watch_fps: WatchFps | UnsetType = UNSET
    watch_rows: MosaicSide | UnsetType = UNSET
    watch_cols: MosaicSide | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET

    def applied_to(self, camera: Camera) -> CameraSettings:
        """Return the camera's settings after the change.

        Raises:
            InvalidInput: a value lies outside its range.
        """
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}
        if given.get("stream_url") == redacted(camera.stream_url):
            del given["stream_url"]
        values: dict[str, Any] = {name: getattr(camera, name) for name in CameraIn.__struct_fields__}
        return CameraSettings(**values | given)
