"""What a camera's live watcher says about itself, as parts of replies."""

from datetime import datetime

from hypersight_api.status.schemas import ConfigStatus, DetectorStatus, WatcherStatus
from hypersight_core.domain.cameras import ConfigVersion
from hypersight_core.domain.figures import Outcome, WatcherFigures
from hypersight_core.store.leases import LeaseView


def config(version: ConfigVersion) -> ConfigStatus:
    """Return which edits it works by."""
    return ConfigStatus(version.camera, dict(version.processors))


def lasting_s(live: LeaseView, now: datetime) -> float | None:
    """Return for how long it has been in its state; None when it does not say."""
    return None if live.state_since is None else (now - live.state_since).total_seconds()


def watcher(live: LeaseView) -> WatcherStatus:
    """Return which process it is."""
    return WatcherStatus(
        host=live.host,
        pid=live.pid,
        starts=live.token,
        heartbeat_age_s=live.heartbeat_age_s,
        spool_bytes=live.figures.spool_bytes if live.figures else 0,
        previews=live.figures.previews if live.figures else 0,
    )


def detectors(figures: WatcherFigures) -> dict[str, DetectorStatus]:
    """Return how it fares with its detectors."""
    return {
        name: DetectorStatus(
            requests=found.requests,
            answered=found.outcomes.get(Outcome.ANSWERED, 0),
            given_up=found.given_up,
            median_s=found.median_s,
            slowest_s=found.slowest_s,
            left_alone=tuple(server.url for server in found.servers if server.is_left_alone),
        )
        for name, found in figures.detectors.items()
    }
