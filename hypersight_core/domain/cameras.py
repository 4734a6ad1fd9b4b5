"""Cameras and processors as they are configured."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from hypersight_core.domain.groups import checked_groups
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput

SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "v4l2", "file")
INSIDE_KINDS = ("objects", "faces")
"""Kinds that ask who is inside a zone, not who passes its border."""
MAX_HEADERS = 16
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[!-~]([ -~]{0,4094}[!-~])?")
SEALED_HEADER = re.compile(r"sealed:gAAAA[\w=-]+", re.ASCII)
"""A value as it is stored: encrypted, and longer than it is."""
MIN_WATCH_FPS, MAX_WATCH_FPS, MAX_MOSAIC_SIDE = 0.2, 30.0, 8
MIN_JPEG_QUALITY, MAX_JPEG_QUALITY = 50, 100
MIN_RECHECK_S, MAX_RECHECK_S = 1.0, 300.0


class Anchor(StrEnum):
    """The point of a box that stands for the person."""

    CENTER = "center"
    FEET = "feet"

    @property
    def share(self) -> float:
        """How far down the box the point lies, in box heights."""
        return 1.0 if self is Anchor.FEET else 0.5


def time_zone(name: str) -> ZoneInfo:
    """Look up an IANA time zone.

    Raises:
        InvalidInput: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(
            f"{name!r} is no IANA time zone (example: Europe/Paris)", field="time_zone"
        ) from error


def _check_headers(headers: Mapping[str, str]) -> None:
    """Refuse what no HTTP header may hold; the message shows no value."""
    if len(headers) > MAX_HEADERS:
        raise InvalidInput(f"http_headers may be {MAX_HEADERS} at most", field="http_headers")
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name):
            raise InvalidInput(f"{name!r} is no name of an HTTP header", field="http_headers")
        if not (HEADER_VALUE.fullmatch(value) or SEALED_HEADER.fullmatch(value)):
            raise InvalidInput(
                f"the HTTP header {name} must be printable ASCII, 1 to 4096 characters", field="http_headers"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """What an operator says about a camera.

    Raises:
        InvalidInput: a value lies outside what its comment says.
    """

    name: str
    stream_url: str
    """http(s) (HLS, MJPEG, FLV), rtsp(s), rtmp(s), v4l2 or file URL; may hold user:password."""
    http_headers: Mapping[str, str] = field(default_factory=dict)
    """Sent to the camera's own host with every HTTP request; may hold secrets."""
    skip_loop_filter: bool = False
    """Decode cheaper, with frames that drift from what was sent until the next key frame."""
    watch_fps: float = 2.0
    """Frames per second to analyse, 0.2 to 30."""
    watch_rows: int = 1
    watch_cols: int = 1
    """Mosaic grid: `watch_rows x watch_cols` frames go to the detector in one call."""
    jpeg_quality: int = 85
    """Of the JPEG the detector gets, 50 to 100."""
    motion_gate: bool = False
    """Whether frames on which nothing moved cost no detector call."""
    motion_recheck_s: float = 10.0
    """With `motion_gate`: seconds after which the detector looks again although nothing moved, 1 to 300."""
    blur_persons: bool = False
    """Whether persons are made unrecognizable on previews and snapshots; faces are broadcast all the same."""
    time_zone: str = "UTC"
    enabled: bool = True
    groups: tuple[str, ...] = ()
    """Whose it is: accounts and tokens limited to one of these groups see it, and may change it."""

    def __post_init__(self) -> None:
        """Refuse what no watcher could work with."""
        if not self.name.strip() or len(self.name) > 200:
            raise InvalidInput("a camera needs a name of 1 to 200 characters", field="name")
        scheme, found, rest = self.stream_url.partition("://")
        if not found or scheme.lower() not in SCHEMES or not rest:
            schemes = ", ".join(f"{one}://" for one in SCHEMES)
            raise InvalidInput(f"stream_url must start with one of: {schemes}", field="stream_url")
        if not MIN_WATCH_FPS <= self.watch_fps <= MAX_WATCH_FPS:
            allowed = f"{MIN_WATCH_FPS} to {MAX_WATCH_FPS}"
            raise InvalidInput(f"watch_fps must be {allowed}, got {self.watch_fps}", field="watch_fps")
        if not (1 <= self.watch_rows <= MAX_MOSAIC_SIDE and 1 <= self.watch_cols <= MAX_MOSAIC_SIDE):
            raise InvalidInput(
                f"watch_rows and watch_cols must be 1 to {MAX_MOSAIC_SIDE}", field="watch_rows"
            )
        if not MIN_JPEG_QUALITY <= self.jpeg_quality <= MAX_JPEG_QUALITY:
            raise InvalidInput(
                f"jpeg_quality must be {MIN_JPEG_QUALITY} to {MAX_JPEG_QUALITY}", field="jpeg_quality"
            )
        if not MIN_RECHECK_S <= self.motion_recheck_s <= MAX_RECHECK_S:
            raise InvalidInput(
                f"motion_recheck_s must be {MIN_RECHECK_S:g} to {MAX_RECHECK_S:g}", field="motion_recheck_s"
            )
        time_zone(self.time_zone)
        _check_headers(self.http_headers)
        object.__setattr__(self, "groups", checked_groups(self.groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera(CameraSettings):
    """A camera in the database."""

    camera_id: int
    camera_version: int = 1
    """Counts its edits, from 1."""

    def settings(self, **changes: Any) -> CameraSettings:
        """Return what an operator said about it, with some of it changed.

        Raises:
            InvalidInput: a value lies outside its range.
        """
        same = {one.name: getattr(self, one.name) for one in fields(CameraSettings)}
        return CameraSettings(**same | changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorSettings:
    """What an operator says about a calculation on a camera.

    Raises:
        InvalidInput: a value lies outside what its comment says.
    """

    kind: str
    """A registered kind: `traffic`, `objects`, `faces`."""
    zones: tuple[Zone, ...] = ()
    """No zones: the whole frame (`traffic` needs at least one)."""
    threshold: float = 0.4
    """Least detection confidence, 0 to 1."""
    anchor: Anchor = Anchor.CENTER
    enabled: bool = True
    output_hls: bool = False
    """Whether its annotated preview is made always; else it is while somebody looks."""
    best_view: bool = False
    """For `faces`: the best view of each person once a second, instead of every face on every frame."""
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what could never count."""
        if not 0.0 <= self.threshold <= 1.0:
            raise InvalidInput(f"threshold must be 0 to 1, got {self.threshold}", field="threshold")
        if len(self.name) > 200:
            raise InvalidInput("a processor's name has at most 200 characters", field="name")
        if self.kind == "traffic" and not self.zones:
            raise InvalidInput("a traffic processor needs at least one zone or line", field="zones")
        if self.kind in INSIDE_KINDS and any(zone.is_line for zone in self.zones):
            raise InvalidInput(
                f"{self.kind} are looked for inside zones, and a line has no inside", field="zones"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor(ProcessorSettings):
    """A processor in the database; each edit makes a new version, events carry it."""

    processor_id: int
    camera_id: int
    version: int


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """Which edits of a camera and its enabled processors are meant; equal ones are the same configuration."""

    camera: int
    processors: Mapping[str, int]
    """Versions by processor id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """What a watcher works by; read afresh for every segment."""

    camera: Camera
    processors: tuple[Processor, ...]
    """The enabled ones only."""

    @property
    def version(self) -> ConfigVersion:
        """Which edits it is made of."""
        return ConfigVersion(
            self.camera.camera_version, {str(one.processor_id): one.version for one in self.processors}
        )

    def reading(self, stream_url: str) -> "WatchPlan":
        """Return the same plan for another stream, or for a film of the same scene."""
        return WatchPlan(camera=replace(self.camera, stream_url=stream_url), processors=self.processors)
