"""How a camera fares: its state, in one word and in a sentence, for all who show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hypersight_core.domain.cameras import Camera, ConfigVersion
from hypersight_core.domain.figures import DetectorFigures
from hypersight_core.domain.metrics import Coverage

Mood = Literal["good", "busy", "bad", "idle"]

LIVE_STATES: Mapping[str, tuple[str, Mood]] = {
    "starting": ("Starting to watch", "busy"),
    "watching": ("Watching", "good"),
    "reconnecting": ("The camera does not answer: reconnecting", "bad"),
    "detector_away": ("The detector does not answer: waiting for it", "bad"),
    "database_away": ("The database is away: events wait on disk", "bad"),
    "stopping": ("Stopping", "busy"),
}
IDLE_STATES: Mapping[str, tuple[str, Mood]] = {
    "switched_off": ("Switched off", "idle"),
    "nothing_to_do": ("No processor is switched on", "idle"),
    "failed": ("Watching fails again and again", "bad"),
    "not_watched": ("Not watched", "bad"),
}


def live_state(phase: str) -> tuple[str, Mood]:
    """Return what a live watcher does, in words, and how that is to be taken."""
    return LIVE_STATES.get(phase, (phase.replace("_", " ").capitalize(), "busy"))


def idle_state(*, is_enabled: bool, has_processor: bool, is_failed: bool) -> str:
    """Return why nobody watches, as a key of `IDLE_STATES`.

    Args:
        has_processor: whether one of its processors is enabled.
        is_failed: whether its watchers end badly again and again.
    """
    if not is_enabled:
        return "switched_off"
    if not has_processor:
        return "nothing_to_do"
    return "failed" if is_failed else "not_watched"


def state_words(state: str) -> str:
    """Return any state in words."""
    said = IDLE_STATES.get(state)
    return said[0] if said else live_state(state)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraHealth:
    """All that is known about how a camera fares, at `at`."""

    camera: Camera
    at: datetime
    is_wanted: bool
    """Whether it should be watched: enabled, with an enabled processor."""
    wanted_since: datetime | None = None
    """When that was decided, or its configuration changed last; None when it is not wanted."""
    state: str
    """A key of `LIVE_STATES` or `IDLE_STATES`."""
    detail: str = ""
    is_live: bool = False
    """Whether a process really watches."""
    run_id: str = ""
    """The run that watches, or did last; empty when none ever did."""
    position_at: datetime | None = None
    """Stream time up to which everything is counted."""
    lag_s: float | None = None
    """None while nobody watches."""
    written_at: datetime | None = None
    """When the newest record was written, by the database's clock."""
    seen_until: datetime | None = None
    """Stream time up to which it was really watched; None when not within a day."""
    coverage: Coverage
    """Of the last hour, or since it is wanted."""
    events_a_minute: float = 0.0
    """Over the last ten minutes."""
    frames_wanted: int = 0
    """In the last ten minutes."""
    frames_missed: Mapping[str, int] = field(default_factory=dict)
    """Those not detected, by reason, in the last ten minutes."""
    detectors: Mapping[str, DetectorFigures] = field(default_factory=dict)
    """By what they find; empty while nobody watches."""
    config: ConfigVersion | None = None
    """What its watcher works by; None while nobody watches."""
    wanted_config: ConfigVersion
    """What it should work by."""

    @property
    def text(self) -> str:
        """The state in words."""
        return state_words(self.state)

    @property
    def is_edit_waiting(self) -> bool:
        """Whether an edit takes effect only at the next segment."""
        return self.config is not None and self.config != self.wanted_config
