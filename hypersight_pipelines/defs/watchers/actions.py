"""What the supervisor may decide to do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from hypersight_core.store.failures import WatcherFailure
from hypersight_core.store.leases import LeaseView
from hypersight_pipelines.defs.watchers.restarts import FAILED_DELAY_S, Record, WatcherRun


@dataclass(frozen=True, slots=True)
class Burial:
    """A run without a live watcher behind it, to be closed as failed or, if it was canceling, as canceled."""

    run: WatcherRun
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A camera that counts as failed from now on, or once more."""

    camera_id: int
    record: Record
    bad_ends_before: int

    @property
    def run_id(self) -> str:
        """The newest run that ended badly."""
        return self.record.bad_ends[-1][1]

    def because(self, reason: str) -> WatcherFailure:
        """Put it into words."""
        at = self.record.bad_ends[-1][0]
        return WatcherFailure(
            camera_id=self.camera_id,
            run_id=self.run_id,
            failed_at=at,
            bad_ends=max(len(self.record.bad_ends), self.bad_ends_before + 1),
            reason=reason,
            next_try_at=at + timedelta(seconds=FAILED_DELAY_S),
        )


@dataclass(slots=True)
class Actions:
    """What one look at the world asks for; every part may be done twice without harm, except `launch`."""

    launch: list[int] = field(default_factory=list)
    bury: list[Burial] = field(default_factory=list)
    ask_to_stop: list[LeaseView] = field(default_factory=list)
    fence: list[LeaseView] = field(default_factory=list)
    cancel: list[WatcherRun] = field(default_factory=list)
    fail: list[Failed] = field(default_factory=list)
    forgive: list[int] = field(default_factory=list)
    """Cameras that no longer count as failed."""
    is_stopping: bool = False
    """Signals ended watchers just now: the machine may be stopping, and no tick should hold it up."""
    notes: list[str] = field(default_factory=list)
    """For people: cameras held back, doubled or watched by hand."""


def summary(actions: Actions) -> str:
    """Put what was done and what people should know into one line; empty when there is nothing."""
    parts: Iterable[str] = (
        *(f"launched camera {camera_id}" for camera_id in actions.launch),
        *(f"closed run {burial.run.run_id}: {burial.reason}" for burial in actions.bury),
        *(f"asked run {lease.run_id} to stop" for lease in actions.ask_to_stop),
        *(f"fenced run {lease.run_id}, silent for {lease.heartbeat_age_s:.0f} s" for lease in actions.fence),
        *(f"canceled run {run.run_id}" for run in actions.cancel),
        *(f"camera {failed.camera_id} counts as failed" for failed in actions.fail),
        *actions.notes,
    )
    return "; ".join(parts)
