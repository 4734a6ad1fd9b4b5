"""What every camera is doing, as facts and in words."""

from datetime import datetime

import msgspec

from hypersight_api.measures.schemas import Coverage
from hypersight_core.domain.health import Mood


class ConfigStatus(msgspec.Struct, frozen=True):
    """Which edits of a camera and its enabled processors: the camera's version, and theirs by id."""

    camera: int
    processors: dict[str, int]


class DetectorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the camera's watcher fares with one detector; numbers since the watcher began."""

    requests: int
    answered: int
    given_up: int
    """Pictures without an answer after all tries."""
    median_s: float | None
    """Time until an answer, of the newest fifty; null before the first."""
    slowest_s: float | None
    left_alone: tuple[str, ...]
    """Servers that failed so often that they are not asked for now."""


class WatcherStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The process that watches a camera now."""

    host: str
    pid: int
    starts: int
    """How many watchers this camera has had so far, with this one."""
    heartbeat_age_s: float
    spool_bytes: int
    """Records on its disk that wait for the database."""
    previews: int
    """Previews it draws now."""


class CameraStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What one camera is doing."""

    camera_id: int
    name: str
    enabled: bool
    time_zone: str
    watching: bool
    """True only while a live process really watches it."""
    state: str
    """`switched_off`, `nothing_to_do`, `not_watched`, `failed` (again and again: tried seldom until it works
    or is edited), or what its live watcher does: `starting`, `watching`, `reconnecting`, `detector_away`,
    `database_away`, `stopping`."""
    detail: str
    """More about the state, from the watcher; of `failed`: why, and when it is tried again."""
    text: str
    """The state in words, times in the camera's time zone."""
    mood: Mood
    watched_since: datetime | None
    not_watched_since: datetime | None
    """Null while it is watched, and when it never was; of films counted: up to when they reach."""
    position_at: datetime | None
    """Stream time up to which everything is counted."""
    lag_s: float | None
    state_since: datetime | None
    """When the state began; null when it never was watched."""
    watcher: WatcherStatus | None
    """Null while nobody watches."""
    detectors: dict[str, DetectorStatus]
    """By what they find, `objects` or `faces`; empty while nobody watches."""
    frames: dict[str, int]
    """Frames to analyse since the watcher began: `detected`, and by the reason why not."""
    run_id: str | None
    """The run that watches, or did last; null when none ever did."""
    run_url: str | None
    """That run in the Dagster UI; null without one, or without `HYPERSIGHT_DAGSTER_URL`."""
    config: ConfigStatus | None
    """What its watcher works by now; null while nobody watches, or before its first segment."""
    wanted_config: ConfigStatus
    """What it is to work by: an edit shows here at once, and in `config` from the next segment on."""
    is_edit_waiting: bool
    """Whether `config` differs from `wanted_config`."""


class ProcessorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The newest figure of one processor."""

    processor_id: int
    kind: str
    version: int
    """Counts its edits, from 1."""
    name: str
    enabled: bool
    preview_url: str | None
    output_hls: bool
    """Whether its preview is always made; others are made while somebody looks."""
    traffic_today: int | None = None
    """Persons that came in since local midnight; null when the camera was not watched today."""
    traffic_out_today: int | None = None
    """Persons that left since local midnight; null as above."""
    people_count: int | None = None
    counted_at: datetime | None = None
    is_current: bool
    """False: the figure is the last one known, because nobody is looking now."""
    value_text: str
    caption: str
    validation_text: str = ""
    """How well it counted a film that people counted too; empty: nobody compared."""
    validation_url: str | None = None
    """A picture of that comparison."""


class CameraOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A camera, what it is doing, and its newest figures."""

    status: CameraStatus
    coverage_today: Coverage
    coverage_text: str
    processors: tuple[ProcessorStatus, ...]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All cameras."""

    at: datetime
    cameras: tuple[CameraOverview, ...]
