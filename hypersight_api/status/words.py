"""Saying in words what is known: times in the camera's time zone, and no figure where nobody looked."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypersight_core.domain import health
from hypersight_core.domain.health import Mood
from hypersight_core.domain.metrics import Coverage
from hypersight_core.domain.validation import Tally

LAG_WORTH_SAYING_S = 20.0
MINUTE_S, HOUR_S = 60, 3600


def clock(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return local time, with the day unless it is today."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local.day} {local:%b %Y, %H:%M}"


def live_state(phase: str, lag_s: float | None, lasting_s: float | None = None) -> tuple[str, Mood]:
    """Return what a live watcher does, how that is to be taken and, where it matters, since when."""
    text, mood = health.live_state(phase)
    if phase == "watching" and lag_s is not None and lag_s >= LAG_WORTH_SAYING_S:
        text = f"{text}, {lag_s:.0f} s behind"
    if phase != "watching" and lasting_s is not None and lasting_s >= 1:
        text = f"{text} since {duration(lasting_s)}"
    return text, mood


def idle_state(state: str, since: datetime | None, zone: ZoneInfo, now: datetime) -> tuple[str, Mood]:
    """Return why nobody watches, and since when."""
    text, mood = health.IDLE_STATES[state]
    if since is None:
        return (f"{text}: never watched so far" if text != "Not watched" else "Never watched so far"), mood
    return (
        f"{text}, not watched" if text != "Not watched" else text
    ) + f" since {clock(since, zone, now)}", mood


def coverage_today(coverage: Coverage, *, is_live: bool) -> str:
    """Return how much of today was watched; a watcher that has just begun has seen nothing yet."""
    if coverage.watched_s <= 0:
        return "Nothing analysed yet today" if is_live else "Not watched today"
    share = percent(coverage.share) if coverage.share >= 0.005 else "less than 1 %"
    return f"Watched {share} of today so far ({duration(coverage.watched_s)})"


def validation(tally: Tally, clip: str) -> str:
    """Return how well a film was counted that people counted too."""
    return (
        f"Compared with {clip}: {tally.counted} counted, {tally.truth} true; "
        f"{percent(tally.recall)} found, {percent(tally.precision)} right"
    )


def percent(share: float) -> str:
    """Return a share as people write it; only the whole is called 100 %."""
    return f"{min(round(share * 100), 100 if share >= 1 else 99)} %"


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    whole = int(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min"
    return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S:02d} min"
