"""The message watchers post; see `hypersight_core.live.wire` for its making."""

from typing import Annotated, Any

import msgspec

from hypersight_core.live.wire import message_text
from hypersight_core.redaction import redacted

Pixel = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]


class FaceMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One face on a frame."""

    bbox: tuple[Pixel, Pixel, Pixel, Pixel]
    conf: Annotated[float, msgspec.Meta(ge=0, le=1)]
    img: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9+/]*={0,2}$")]


class FacesMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All faces of one frame."""

    frame_ts: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$")]
    container: Annotated[str, msgspec.Meta(pattern="^jpg$")]
    camera_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,10}$")]
    camera_url: Annotated[str, msgspec.Meta(max_length=4096)]
    faces: Annotated[list[FaceMessage], msgspec.Meta(min_length=1, max_length=1000)]

    def text(self) -> str:
        """Return what clients receive; the camera's URL without credentials, whoever sent it."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return message_text(values | {"camera_url": redacted(self.camera_url)})
