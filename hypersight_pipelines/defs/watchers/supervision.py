"""What to do about watchers, decided from facts alone: no clock, no database, no Dagster instance.

The lease is the truth about a watcher. Dagster's status is late or wrong after a kill, a reboot or a reload.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from uuid import UUID

from dagster import DagsterRunStatus as Status

from hypersight_core.store.failures import WatcherFailure
from hypersight_core.store.leases import FRESH_S, LeaseView
from hypersight_pipelines.defs.watchers.actions import Actions, Burial, Failed
from hypersight_pipelines.defs.watchers.restarts import HEALTHY_S, Record, WatcherRun, record_of

START_GRACE_S = 60.0
"""From STARTED to holding the lease: imports, connections, and waiting for a predecessor."""
LAUNCH_GRACE_S = 90.0
"""From created to STARTED; Dagster's run monitoring gives up earlier when it is on."""
CANCEL_GRACE_S = 20.0
"""From CANCELING to the end, for a run that never held the lease."""
RELEASE_GRACE_S = 20.0
"""From giving the lease back to the end of the run: Dagster writes that itself."""
SHUTDOWN_GRACE_S = 6.0
"""From a watcher ended by a signal to its replacement, so that a machine that is being stopped, watchers
first, gets no new ones."""
SURE_S = 3.0
"""Longer than from one heartbeat to the next: in so much time a watcher that lives is heard of."""
STARTING_AT_ONCE = 20
"""Runs on their way at a time: hundreds of cameras start one after the other, not in a storm."""

STOPPED, FENCED = "stopped", "fenced"
"""Release reasons: a signal ended the watcher, or it was stuck and shut out."""
LAUNCHING = (Status.NOT_STARTED, Status.STARTING)
NOT_YET_LAUNCHED = (Status.QUEUED, Status.NOT_STARTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is wanted and what is there, read at `now`."""

    desired: Collection[int]
    """Ids of the cameras that should be watched."""
    leases: Sequence[LeaseView]
    runs: Sequence[WatcherRun]
    now: datetime
    dead: Collection[str] = ()
    """Ids of runs whose process is known to be gone: it was killed, or its machine started anew."""
    silent_s: Mapping[str, float] = field(default_factory=dict)
    """For how long no heartbeat of a run was seen, by our own clock; runs may be missing."""
    changed_at: Mapping[int, datetime] = field(default_factory=dict)
    """When the configuration of cameras was changed last, by id: a change is a new chance."""
    launch_grace_s: float = LAUNCH_GRACE_S
    failures: Mapping[int, WatcherFailure] = field(default_factory=dict)
    """What counts as failed already, by camera."""


@dataclass(frozen=True, slots=True)
class _Camera:
    """One camera as it was seen."""

    camera_id: int
    lease: LeaseView | None
    runs: Sequence[WatcherRun]


def reconcile(seen: Seen) -> Actions:
    """Compare what is wanted with what is there and return what to do about the difference."""
    actions = Actions()
    leases = {lease.camera_id: lease for lease in seen.leases}
    by_camera: dict[int, list[WatcherRun]] = {}
    for run in seen.runs:
        by_camera.setdefault(run.camera_id, []).append(run)
    _look_at_leases(seen, actions)
    wanting: list[tuple[int, int]] = []
    for camera_id in sorted({*seen.desired, *by_camera, *seen.failures}):
        one = _Camera(camera_id, leases.get(camera_id), by_camera.get(camera_id, []))
        bad_ends = _look_at_camera(seen, one, actions)
        if bad_ends is not None:
            wanting.append((bad_ends, camera_id))
    _launch(seen, leases, sorted(wanting), actions)
    return actions


def _launch(
    seen: Seen, leases: Mapping[int, LeaseView], wanting: Sequence[tuple[int, int]], actions: Actions
) -> None:
    """Launch as many as may be starting at a time, those that never failed first."""
    gone = {burial.run.run_id for burial in actions.bury}
    starting = [
        run for run in seen.runs
        if run.is_unfinished and run.run_id not in gone and not _watches(run, leases.get(run.camera_id))
    ]  # fmt: skip
    room = max(0, STARTING_AT_ONCE - len(starting))
    actions.launch.extend(camera_id for _, camera_id in wanting[:room])
    if len(wanting) > room:
        actions.notes.append(f"cameras that wait until others have started: {len(wanting) - room}")


def _watches(run: WatcherRun, lease: LeaseView | None) -> bool:
    return lease is not None and lease.run_id == run.run_id and lease.is_live


def _look_at_leases(seen: Seen, actions: Actions) -> None:
    unfinished = {run.run_id: run.status for run in seen.runs if run.is_unfinished}
    for lease in seen.leases:
        if not lease.is_locked or lease.released_at is not None:
            continue
        status = unfinished.get(lease.run_id)
        is_zombie = status is None and _is_run_id(lease.run_id)
        is_unwanted = lease.camera_id not in seen.desired or status is Status.CANCELING or is_zombie
        if _is_stuck(seen, lease):
            actions.fence.append(lease)
        elif is_unwanted and lease.stop_run_id != lease.run_id:
            actions.ask_to_stop.append(lease)


def _is_stuck(seen: Seen, lease: LeaseView) -> bool:
    """Whether nothing is heard of a watcher; never because somebody set the clock of the database."""
    silent_s = seen.silent_s.get(lease.run_id)
    if silent_s is None:
        return lease.heartbeat_age_s > FRESH_S
    return silent_s > FRESH_S or (lease.heartbeat_age_s > FRESH_S and silent_s > SURE_S)


def _look_at_camera(seen: Seen, one: _Camera, actions: Actions) -> int | None:
    """See to a camera's runs; return how often the last ones ended badly when it wants a new one."""
    burials, live = _sorted(seen, one, actions)
    if len(live) > 1:
        actions.notes.append(f"camera {one.camera_id}: {len(live)} runs, {', '.join(r.run_id for r in live)}")
    record = _judged(seen, one, burials, actions)
    if live or one.camera_id not in seen.desired:
        return None
    actions.is_stopping = actions.is_stopping or _was_just_stopped(seen, one)
    if reason := _why_held(seen, one) or record.why_wait(seen.now):
        actions.notes.append(f"camera {one.camera_id}: {reason}")
        return None
    return len(record.bad_ends)


def _judged(seen: Seen, one: _Camera, burials: Sequence[Burial], actions: Actions) -> Record:
    """Judge a camera by how its runs ended, and note when it begins or ceases to count as failed."""
    marked, lease = seen.failures.get(one.camera_id), one.lease
    is_well = lease is not None and lease.is_live and _age_s(seen, lease.acquired_at) >= HEALTHY_S
    forgiven_at = seen.now if is_well else seen.changed_at.get(one.camera_id)
    ends = [(seen.now, burial.run) for burial in burials]
    record = record_of(one.runs, ends, marked, forgiven_at, seen.now)
    if one.camera_id not in seen.desired or not record.is_failed:
        if marked is not None:
            actions.forgive.append(one.camera_id)
    elif marked is None or marked.run_id != record.bad_ends[-1][1]:
        actions.fail.append(Failed(one.camera_id, record, marked.bad_ends if marked else 0))
    return record


def _sorted(seen: Seen, one: _Camera, actions: Actions) -> tuple[list[Burial], list[WatcherRun]]:
    """Close what is dead, cancel what waits in vain; return the closed runs and those that live."""
    burials, live = [], []
    for run in one.runs:
        if not run.is_unfinished:
            continue
        if reason := _why_dead(seen, run, one.lease):
            burials.append(Burial(run, reason))
        elif one.camera_id not in seen.desired and run.status in NOT_YET_LAUNCHED:
            actions.cancel.append(run)
        else:
            live.append(run)
    actions.bury.extend(burials)
    return burials, live


def _why_held(seen: Seen, one: _Camera) -> str | None:
    """Say what its lease has against a new run; None: nothing."""
    lease = one.lease
    if lease is not None and lease.is_live and not _is_run_id(lease.run_id):
        return f"watched by {lease.run_id}, outside Dagster"
    if _was_just_stopped(seen, one):
        return "its watcher was stopped by a signal, the next starts in a moment"
    return None


def _was_just_stopped(seen: Seen, one: _Camera) -> bool:
    """Whether a signal ended the watcher without anybody having canceled its run."""
    lease = one.lease
    if lease is None or lease.release_reason != STOPPED:
        return False
    ended_well = {run.run_id for run in one.runs if run.status is Status.SUCCESS}
    return lease.run_id in ended_well and _age_s(seen, lease.released_at) < SHUTDOWN_GRACE_S


def _age_s(seen: Seen, at: datetime | None) -> float:
    return inf if at is None else (seen.now - at).total_seconds()


def _why_dead(seen: Seen, run: WatcherRun, lease: LeaseView | None) -> str | None:
    """Say why no live watcher can be behind an unfinished run; None when there may be one."""
    if lease is not None and lease.run_id == run.run_id:
        return _why_lost(seen, lease)
    if run.run_id in seen.dead:
        return "its process is gone, before it watched anything"
    grace_s = seen.launch_grace_s if run.status in LAUNCHING else _GRACE_S.get(run.status)
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
