"""What to do about watchers, decided from facts alone: no clock, no database, no Dagster instance.

The lease is the truth about a watcher. Dagster's status is late or wrong after a kill, a reboot or a reload.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from uuid import UUID

from dagster import DagsterRunStatus as Status

from hypersight_core.store.leases import FRESH_S, LeaseView

START_GRACE_S = 60.0
"""From STARTED to holding the lease: imports, connections, and waiting for a predecessor."""
LAUNCH_GRACE_S = 90.0
"""From created to STARTED; Dagster's run monitoring gives up earlier when it is on."""
CANCEL_GRACE_S = 20.0
"""From CANCELING to the end, for a run that never held the lease."""
RELEASE_GRACE_S = 20.0
"""From giving the lease back to the end of the run: Dagster writes that itself."""
SHUTDOWN_GRACE_S = 6.0
"""From a watcher ended by a signal to its replacement: longer than a tick, so that a machine that is
being stopped, watchers first, gets no new ones from the tick in hand."""
SHORT_LIFE_S = 10.0
"""A run that ends sooner than this ended badly, whatever its status says."""
BUDGET_WINDOW_S = 600.0
"""Bad ends older than this are forgiven."""
LONGEST_DELAY_S = 60.0

STOPPED, FENCED = "stopped", "fenced"
"""Release reasons: a signal ended the watcher, or it was stuck and shut out."""
UNFINISHED = (Status.QUEUED, Status.NOT_STARTED, Status.STARTING, Status.STARTED, Status.CANCELING)
LAUNCHING = (Status.NOT_STARTED, Status.STARTING)
NOT_YET_LAUNCHED = (Status.QUEUED, Status.NOT_STARTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherRun:
    """A run of the job `watch_camera`, unfinished or ended within the budget window."""

    run_id: str
    camera_id: int
    status: Status
    updated_at: datetime
    """When its status changed last."""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether Dagster counts it as queued or running."""
        return self.status in UNFINISHED

    @property
    def ended_badly(self) -> bool:
        """Whether its end counts against the camera's restart budget; a cancel never does."""
        if self.status is Status.SUCCESS and self.started_at and self.ended_at:
            return self.ended_at - self.started_at < timedelta(seconds=SHORT_LIFE_S)
        return self.status is Status.FAILURE


@dataclass(frozen=True, slots=True)
class Burial:
    """A run without a live watcher behind it, to be closed as failed or, if it was canceling, as canceled."""

    run: WatcherRun
    reason: str


@dataclass(slots=True)
class Actions:
    """What one look at the world asks for; every part may be done twice without harm, except `launch`."""

    launch: list[int] = field(default_factory=list)
    bury: list[Burial] = field(default_factory=list)
    ask_to_stop: list[LeaseView] = field(default_factory=list)
    fence: list[LeaseView] = field(default_factory=list)
    cancel: list[WatcherRun] = field(default_factory=list)
    is_stopping: bool = False
    """Signals ended watchers just now: the machine may be stopping, and no tick should hold it up."""
    notes: list[str] = field(default_factory=list)
    """For people: cameras held back, doubled or watched by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is wanted and what is there, read at `now`."""

    desired: Collection[int]
    """Ids of the cameras that should be watched."""
    leases: Sequence[LeaseView]
    runs: Sequence[WatcherRun]
    now: datetime
    dead: Collection[str] = ()
    """Ids of runs whose lease names a process that is known to be gone."""


def reconcile(seen: Seen) -> Actions:
    """Compare what is wanted with what is there and return what to do about the difference."""
    actions = Actions()
    leases = {lease.camera_id: lease for lease in seen.leases}
    by_camera: dict[int, list[WatcherRun]] = {}
    for run in seen.runs:
        by_camera.setdefault(run.camera_id, []).append(run)
    _look_at_leases(seen, actions)
    for camera_id in sorted({*seen.desired, *by_camera}):
        _look_at_camera(seen, camera_id, leases.get(camera_id), by_camera.get(camera_id, []), actions)
    return actions


def restart_delay_s(bad_ends: int) -> float:
    """Return how long a camera waits after its last bad end: 0, 2, 4, 8, … at most 60 s."""
    return 0.0 if bad_ends < 2 else min(LONGEST_DELAY_S, 2.0 ** (bad_ends - 1))


def _look_at_leases(seen: Seen, actions: Actions) -> None:
    unfinished = {run.run_id: run.status for run in seen.runs if run.is_unfinished}
    for lease in seen.leases:
        if not lease.is_locked or lease.released_at is not None:
            continue
        status = unfinished.get(lease.run_id)
        is_zombie = status is None and _is_run_id(lease.run_id)
        is_unwanted = lease.camera_id not in seen.desired or status is Status.CANCELING or is_zombie
        if lease.heartbeat_age_s > FRESH_S:
            actions.fence.append(lease)
        elif is_unwanted and lease.stop_run_id != lease.run_id:
            actions.ask_to_stop.append(lease)


def _look_at_camera(
    seen: Seen, camera_id: int, lease: LeaseView | None, runs: Sequence[WatcherRun], actions: Actions
) -> None:
    burials, live = _sorted(seen, camera_id, lease, runs, actions)
    if len(live) > 1:
        actions.notes.append(f"camera {camera_id}: {len(live)} runs, {', '.join(r.run_id for r in live)}")
    if live or camera_id not in seen.desired:
        return
    bad_ends = [run.ended_at or run.updated_at for run in runs if run.ended_badly]
    bad_ends += [seen.now for burial in burials if burial.run.status is not Status.CANCELING]
    actions.is_stopping = actions.is_stopping or _was_just_stopped(seen, lease, runs)
    if reason := _why_held(seen, lease, runs) or _why_wait(seen, bad_ends):
        actions.notes.append(f"camera {camera_id}: {reason}")
    else:
        actions.launch.append(camera_id)


def _sorted(
    seen: Seen, camera_id: int, lease: LeaseView | None, runs: Sequence[WatcherRun], actions: Actions
) -> tuple[list[Burial], list[WatcherRun]]:
    """Close what is dead, cancel what waits in vain; return the closed runs and those that live."""
    burials, live = [], []
    for run in runs:
        if not run.is_unfinished:
            continue
        if reason := _why_dead(seen, run, lease):
            burials.append(Burial(run, reason))
        elif camera_id not in seen.desired and run.status in NOT_YET_LAUNCHED:
            actions.cancel.append(run)
        else:
            live.append(run)
    actions.bury.extend(burials)
    return burials, live


def _why_held(seen: Seen, lease: LeaseView | None, runs: Sequence[WatcherRun]) -> str | None:
    """Say what its lease has against a new run; None: nothing."""
    if lease is not None and lease.is_live and not _is_run_id(lease.run_id):
        return f"watched by {lease.run_id}, outside Dagster"
    if _was_just_stopped(seen, lease, runs):
        return "its watcher was stopped by a signal, the next starts in a moment"
    return None


def _why_wait(seen: Seen, bad_ends: Sequence[datetime]) -> str | None:
    """Say how long the restart budget holds a new run back; None: not at all."""
    left_s = restart_delay_s(len(bad_ends)) - _age_s(seen, max(bad_ends, default=None))
    return f"ended badly {len(bad_ends)} times, next try in {left_s:.0f} s" if left_s > 0 else None


def _was_just_stopped(seen: Seen, lease: LeaseView | None, runs: Sequence[WatcherRun]) -> bool:
    """Whether a signal ended the watcher without anybody having canceled its run."""
    if lease is None or lease.release_reason != STOPPED:
        return False
    ended_well = {run.run_id for run in runs if run.status is Status.SUCCESS}
    return lease.run_id in ended_well and _age_s(seen, lease.released_at) < SHUTDOWN_GRACE_S


def _age_s(seen: Seen, at: datetime | None) -> float:
    return inf if at is None else (seen.now - at).total_seconds()


def _why_dead(seen: Seen, run: WatcherRun, lease: LeaseView | None) -> str | None:
    """Say why no live watcher can be behind an unfinished run; None when there may be one."""
    if lease is not None and lease.run_id == run.run_id:
        return _why_lost(seen, lease)
    grace_s = _GRACE_S.get(run.status)
    if grace_s is None or _age_s(seen, run.updated_at) <= grace_s:
        return None
    return f"no watcher took the camera within {grace_s:.0f} s"


def _why_lost(seen: Seen, lease: LeaseView) -> str | None:
    where = f"pid {lease.pid} on {lease.host}"
    if lease.run_id in seen.dead:
        return f"its process ({where}) is gone, last heartbeat {lease.heartbeat_age_s:.0f} s ago"
    if lease.is_locked:
        return None
    if lease.release_reason == FENCED:
        return f"its process ({where}) was stuck and is shut out"
    if lease.released_at is not None:
        released_s = _age_s(seen, lease.released_at)
        return f"its watcher ended {released_s:.0f} s ago" if released_s > RELEASE_GRACE_S else None
    if lease.heartbeat_age_s <= FRESH_S:
        return None
    return f"its process ({where}) is silent, last heartbeat {lease.heartbeat_age_s:.0f} s ago"


_GRACE_S: Mapping[Status, float] = {
    **dict.fromkeys(LAUNCHING, LAUNCH_GRACE_S),
    Status.STARTED: START_GRACE_S,
    Status.CANCELING: CANCEL_GRACE_S,
}


def _is_run_id(text: str) -> bool:
    """Tell Dagster's runs from watchers that people started by hand."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def summary(actions: Actions) -> str:
    """Put what was done and what people should know into one line; empty when there is nothing."""
    parts: Iterable[str] = (
        *(f"launched camera {camera_id}" for camera_id in actions.launch),
        *(f"closed run {burial.run.run_id}: {burial.reason}" for burial in actions.bury),
        *(f"asked run {lease.run_id} to stop" for lease in actions.ask_to_stop),
        *(f"fenced run {lease.run_id}, silent for {lease.heartbeat_age_s:.0f} s" for lease in actions.fence),
        *(f"canceled run {run.run_id}" for run in actions.cancel),
        *actions.notes,
    )
    return "; ".join(parts)
