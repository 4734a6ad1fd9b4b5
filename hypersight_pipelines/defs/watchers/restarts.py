"""How soon a camera whose watchers end badly gets the next one, and when it counts as failed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dagster import DagsterRunStatus as Status

from hypersight_core.store.failures import WatcherFailure
from hypersight_core.store.process_identity import ProcessName

SHORT_LIFE_S = 10.0
"""A run that succeeds sooner than this ended badly."""
HEALTHY_S = 60.0
"""A watcher that lived as long did start well: its end, however violent, and those before are forgiven."""
BUDGET_WINDOW_S = 600.0
"""Bad ends older than this are forgiven."""
BUDGET = 6
"""So many bad ends make a camera failed: it is tried seldom, and says why, until it works or is edited."""
AHEAD_S = 60.0
"""So far may the clocks of two machines be apart."""
LONGEST_DELAY_S = 60.0
FAILED_DELAY_S = 300.0

UNFINISHED = (Status.QUEUED, Status.NOT_STARTED, Status.STARTING, Status.STARTED, Status.CANCELING)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherRun:
    """A run of the job `watch_camera`, unfinished or ended within the budget window."""

    run_id: str
    camera_id: int
    status: Status
    updated_at: datetime
    """When its status changed last."""
    process: ProcessName | None = None
    """What it was forked into; None when Dagster started it."""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether Dagster counts it as queued or running."""
        return self.status in UNFINISHED

    def lived_s(self, until: datetime) -> float:
        """Return how long it ran, at most `until`; 0 when Dagster does not know."""
        return ((self.ended_at or until) - self.started_at).total_seconds() if self.started_at else 0.0

    def ended_badly(self, at: datetime) -> bool:
        """Whether its end `at` counts against the camera's restart budget; a cancel never does."""
        if self.status is Status.SUCCESS:
            return self.started_at is not None and self.lived_s(at) < SHORT_LIFE_S
        return self.status is not Status.CANCELING and self.lived_s(at) < HEALTHY_S


@dataclass(frozen=True, slots=True)
class Record:
    """What a camera's watchers have to answer for."""

    bad_ends: Sequence[tuple[datetime, str]]
    """When runs ended badly, and their ids, oldest first; forgiven ones are left out."""
    is_failed: bool

    @property
    def delay_s(self) -> float:
        """How long the camera waits after its last bad end."""
        return FAILED_DELAY_S if self.is_failed else restart_delay_s(len(self.bad_ends))

    def why_wait(self, now: datetime) -> str | None:
        """Say how long the restart budget holds a new run back; None: not at all."""
        if not self.bad_ends:
            return None
        since_s = (now - self.bad_ends[-1][0]).total_seconds()
        if since_s < -AHEAD_S:
            return None
        left_s = self.delay_s - since_s
        how = "failed, " if self.is_failed else ""
        return (
            f"{how}ended badly {len(self.bad_ends)} times, next try in {left_s:.0f} s" if left_s > 0 else None
        )


def record_of(
    runs: Iterable[WatcherRun],
    ends: Sequence[tuple[datetime, WatcherRun]],
    marked: WatcherFailure | None,
    forgiven_at: datetime | None,
    now: datetime,
) -> Record:
    """Judge a camera by its runs; what lies ahead of `now` was written before the clock was set back.

    Args:
        ends: of runs that are being closed now.
        marked: what makes it failed already.
        forgiven_at: since when it is configured as it is, or watched well.
    """
    latest = now + timedelta(seconds=AHEAD_S)
    ended = [(run.ended_at or run.updated_at, run) for run in runs if not run.is_unfinished] + list(ends)
    ended = [(at, run) for at, run in ended if at <= latest]
    forgiven_at = None if forgiven_at is None or forgiven_at > latest else forgiven_at
    healthy = [at for at, run in ended if run.lived_s(at) >= HEALTHY_S]
    forgiven = max([*healthy, *([forgiven_at] if forgiven_at else [])], default=None)
    bad = [(at, run.run_id) for at, run in ended if run.ended_badly(at) and (not forgiven or at > forgiven)]
    was_failed = marked is not None and (forgiven is None or marked.failed_at > forgiven)
    if was_failed and marked is not None and not bad:
        bad = [(marked.failed_at, marked.run_id)]
    return Record(sorted(bad), is_failed=was_failed or len(bad) >= BUDGET)


def restart_delay_s(bad_ends: int) -> float:
    """Return how long a camera waits after its last bad end: 0, 2, 4, 8, … at most 60 s."""
    return 0.0 if bad_ends < 2 else min(LONGEST_DELAY_S, 2.0 ** (bad_ends - 1))
