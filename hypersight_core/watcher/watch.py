"""Watch one camera until it is no longer wanted: the whole life of a watcher."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from hypersight_core.domain.cameras import ConfigVersion, WatchPlan
from hypersight_core.domain.events import SegmentRecord
from hypersight_core.domain.figures import WatcherFigures
from hypersight_core.errors import LeaseLost
from hypersight_core.reach import Reach
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import STATEMENT_TIMEOUT_S, Lease, WatcherState
from hypersight_core.store.spool import Spool
from hypersight_core.traces import spans
from hypersight_core.video.source import Access, Gap, Segment, Source, SourceState, open_source
from hypersight_core.video.spill import SegmentFolder
from hypersight_core.watcher.clock import ClockNotice
from hypersight_core.watcher.detectors import Detectors, opened_detectors
from hypersight_core.watcher.lag import LagMeter
from hypersight_core.watcher.link import DatabaseLink, Resumption, resumption
from hypersight_core.watcher.loop import SegmentLoop
from hypersight_core.watcher.outputs import Outputs

logger = logging.getLogger(__name__)

AT_ONCE_S = 0.5
"""What comes sooner than this was read while the segment before was worked on."""
TAKE_OVER_S = 15.0
"""How long a new watcher waits for its predecessor to give the camera back."""


def watcher_store(settings: Settings) -> Store:
    """Return what a watcher reads and writes through: one connection, for its lease."""
    return Store(
        settings.database_url,
        application_name="hypersight watcher",
        pool_size=1,
        statement_timeout_s=STATEMENT_TIMEOUT_S,
    )


def watch_camera(
    settings: Settings, camera_id: int, run_id: str, stop: threading.Event, store: Store | None = None
) -> str:
    """Watch a camera until it is disabled, somebody asks to stop, or `stop` is set.

    Args:
        run_id: who watches; recorded in the lease.
        store: a `watcher_store` made beforehand; closed at the end.

    Returns:
        Why it ended: `disabled` (or deleted with all that was known of it), `stop_requested` or `stopped`.

    Raises:
        Conflict: another watcher has the camera and keeps it.
        LeaseLost: another watcher took the camera over.
        DatabaseUnavailable: the database did not answer at the start.
        SecretUnreadable: the camera's password is encrypted by a key that is not here.
    """
    store = store or watcher_store(settings)
    store.rename(f"hypersight watcher {camera_id}")
    spool = Spool(settings.var_dir / "spool", camera_id, max_bytes=settings.spool_max_mb * 1024**2)
    lease = Lease(store, camera_id, run_id)
    try:
        token = lease.acquire(wait_s=TAKE_OVER_S)
        link = DatabaseLink(lease, token, spool, camera_id, Keyring.of(settings))
        reason = "failed"
        try:
            before = resumption(lease, spool, camera_id)
            link.start()
            reason = _watch(settings, before, link, stop)
        finally:
            link.close(reason)
        if link.lost is None:
            return reason
        if _is_purged(store, camera_id):
            return "disabled"
        raise LeaseLost(str(link.lost))
    finally:
        store.close()


def _is_purged(store: Store, camera_id: int) -> bool:
    with store.transaction() as tx:
        return camera_id not in cameras.camera_names(tx)


def _watch(settings: Settings, before: Resumption, link: DatabaseLink, stop: threading.Event) -> str:
    plan = link.plan
    if plan is None:
        return "disabled"
    outputs = Outputs(settings.var_dir, plan.camera.camera_id, lambda: link.wanted_previews)
    with opened_detectors(settings, stop.is_set) as detectors:
        loop = SegmentLoop(
            plan,
            detectors.objects,
            detectors.services,
            outputs=outputs,
            max_lag_s=settings.max_lag_s,
            stop=stop,
        )
        try:
            loop.configure(plan)
            if before.record is not None:
                loop.resume(before.record, before.seen_until)
            figures = partial(_figures, detectors, loop, outputs, link)
            return _Follower(loop, link, stop, settings, figures).follow(plan)
        finally:
            loop.close()
            outputs.close()


class _Follower:
    """Follows the camera's stream through edits and reconnections."""

    def __init__(
        self,
        loop: SegmentLoop,
        link: DatabaseLink,
        stop: threading.Event,
        settings: Settings,
        figures: Callable[[], WatcherFigures],
    ) -> None:
        self._loop, self._link, self._stop, self._max_lag_s = loop, link, stop, settings.max_lag_s
        self._folder = SegmentFolder(
            Path(settings.segments_dir or settings.var_dir / "segments").expanduser(),
            settings.segments_max_mb << 20,
        )
        self._reach = Reach.of(settings)
        self._figures = figures
        self._lag = LagMeter()
        self._clock = ClockNotice()
        self._source_state = SourceState.CONNECTING
        self._lag_s: float | None = None
        self._is_slow = False
        self._idle_since_s = 0.0
        self._config: ConfigVersion | None = None
        link.describe = self._state

    def follow(self, plan: WatchPlan) -> str:
        """Go on until there is a reason to stop; return it."""
        self._config = plan.version
        while (reason := self._reason_to_stop()) is None:
            self._lag.reset()
            plan = self._updated(plan)
            is_done = partial(self._is_elsewhere, plan)
            access = Access(headers=plan.camera.http_headers, folder=self._folder, reach=self._reach)
            with _opened(plan, access, is_done, self._heard, self._loop.position_at) as source:
                plan = self._pieces(source, plan)
        return reason

    def _pieces(self, source: Source, plan: WatchPlan) -> WatchPlan:
        """Count until the stream ends or its address changes; return the newest plan."""
        asked_ns = spans.instant_ns()
        for piece in source.pieces():
            moved = self._is_elsewhere(plan)
            plan = self._updated(plan)
            if moved:
                break
            self._take(piece, asked_ns)
            if self._is_over():
                break
            asked_ns = spans.instant_ns()
        return plan

    def _updated(self, plan: WatchPlan) -> WatchPlan:
        """Take over an edit, if there is one."""
        fresh = self._link.plan
        if fresh is None or fresh == plan:
            return plan
        self._loop.configure(fresh)
        self._config = fresh.version
        logger.info("configuration changed", extra={"camera_id": fresh.camera.camera_id})
        return fresh

    def _is_elsewhere(self, plan: WatchPlan) -> bool:
        """Whether a source of this plan is of no use any more; a wrong address may yield nothing for ever."""
        fresh = self._link.plan
        return self._is_over() or (fresh is not None and _whereabouts(fresh) != _whereabouts(plan))

    def _take(self, piece: Segment | Gap, asked_ns: int) -> None:
        if isinstance(piece, Gap):
            self._keep(self._loop.gap(piece, is_late=self._is_own_fault()))
        else:
            with spans.root("segment", since_ns=asked_ns) as span:
                span.say(start_at=piece.start_at.isoformat(), duration_s=piece.duration_s)
                with spans.span("fetch", since_ns=asked_ns):
                    pass  # it is here
                self._keep(self._counted(piece))
        self._idle_since_s = time.monotonic()

    def _keep(self, record: SegmentRecord | None) -> None:
        if record is not None and not self._link.append(record):
            self._loop.unstored(record)

    def _is_own_fault(self) -> bool:
        """Whether a gap was there before anybody waited for it, after a segment that took too long."""
        return self._is_slow and time.monotonic() - self._idle_since_s < AT_ONCE_S

    def _counted(self, segment: Segment) -> SegmentRecord | None:
        if segment.is_discontinuity:
            self._lag.reset()
        self._lag_s = self._lag.lag_s(segment.stop_at, time.monotonic())
        if self._lag_s > self._max_lag_s:
            logger.warning("segment dropped, too far behind", extra={"lag_s": round(self._lag_s, 1)})
            return self._loop.drop(segment)
        began_s = time.monotonic()
        with self._link.watchdog.at_work(self._max_lag_s + segment.duration_s):
            record = self._loop.segment(segment)
        self._is_slow = time.monotonic() - began_s > segment.duration_s
        return record

    def _heard(self, state: SourceState) -> None:
        self._source_state = state

    def _state(self) -> WatcherState:
        """Say what goes on right now; called from the link's thread for each heartbeat."""
        state = self._source_state
        phase, detail = (
            ("watching", self._clock.text() or self._link.plan_problem or self._loop.advice)
            if state.is_connected
            else ("reconnecting", state.detail)
        )
        if self._loop.detector_problem:
            phase, detail = "detector_away", self._loop.detector_problem
        return WatcherState(
            phase=phase,
            position_at=self._loop.position_at,
            lag_s=self._lag_s,
            detail=detail,
            figures=self._figures(),
            config=self._config,
        )

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._link.must_stop

    def _reason_to_stop(self) -> str | None:
        if self._stop.is_set():
            return "stopped"
        if self._link.lost is not None or self._link.is_stop_requested:
            return "stop_requested"
        return "disabled" if self._link.plan is None else None


def _whereabouts(plan: WatchPlan) -> tuple[str, Mapping[str, str]]:
    """Return what a new connection depends on."""
    return plan.camera.stream_url, plan.camera.http_headers


@contextmanager
def _opened(
    plan: WatchPlan,
    access: Access,
    is_over: Callable[[], bool],
    heard: Callable[[SourceState], None],
    resume_after: datetime | None,
) -> Iterator[Source]:
    source = open_source(
        plan.camera.stream_url, stop=is_over, access=access, on_state=heard, resume_after=resume_after
    )
    try:
        yield source
    finally:
        source.close()


def _figures(detectors: Detectors, loop: SegmentLoop, outputs: Outputs, link: DatabaseLink) -> WatcherFigures:
    found = {"objects": detectors.objects.figures(), "faces": detectors.faces.figures()}
    return WatcherFigures(
        detectors={name: one for name, one in found.items() if one.requests or one.in_flight},
        frames=loop.frames,
        left_out=outputs.left_out,
        previews=outputs.preview_count,
        spool_bytes=link.spool_bytes,
        passed=link.passed,
    )
