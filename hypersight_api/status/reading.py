"""What every camera is doing, from leases, observations and events."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from hypersight_api.measures.schemas import Coverage
from hypersight_api.processors.schemas import preview_url
from hypersight_api.status import watching, words
from hypersight_api.status.schemas import (
    CameraOverview,
    CameraStatus,
    Overview,
    ProcessorStatus,
)
from hypersight_api.time_stamps import midnight
from hypersight_api.validations.schemas import picture_url
from hypersight_core.domain import metrics as domain
from hypersight_core.domain.cameras import Camera, ConfigVersion, Processor, WatchPlan
from hypersight_core.domain.health import idle_state
from hypersight_core.domain.links import run_url
from hypersight_core.processors.registry import Measure, measure_of
from hypersight_core.store import cameras, metrics, processors
from hypersight_core.store.engine import Store
from hypersight_core.store.failures import WatcherFailure, read_failures
from hypersight_core.store.leases import LeaseView, read_leases
from hypersight_core.store.validations import Validation, newest_validations
from hypersight_core.store.watching import seen_until

NOBODY_LOOKS = "Nobody is looking now"


@dataclass(frozen=True, slots=True)
class _Known:
    """A camera with all that was read of it."""

    camera: Camera
    processors: tuple[Processor, ...]
    lease: LeaseView | None
    failure: WatcherFailure | None
    counted_until: datetime | None
    """Stream time up to which films of it were counted; asked only where nobody ever watched."""
    now: datetime
    dagster_url: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.camera.time_zone)

    @property
    def live(self) -> LeaseView | None:
        return self.lease if self.lease is not None and self.lease.is_live else None

    @property
    def not_watched_since(self) -> datetime | None:
        if self.lease is None:
            return self.counted_until
        return None if self.lease.is_live else self.lease.released_at or self.lease.heartbeat_at

    @property
    def wanted_config(self) -> ConfigVersion:
        enabled = tuple(one for one in self.processors if one.enabled)
        return WatchPlan(camera=self.camera, processors=enabled).version

    @property
    def today(self) -> tuple[datetime, datetime]:
        return midnight(self.now, self.zone), self.now


@dataclass(frozen=True, slots=True)
class _Figures:
    """What was measured, by camera and by processor."""

    coverage: dict[int, domain.Coverage]
    traffic: dict[int, domain.TrafficTotal]
    people: dict[int, domain.Count | None]
    validations: dict[int, Validation]


def camera_status(store: Store, camera_id: int, now: datetime, dagster_url: str = "") -> CameraStatus:
    """Return what one camera is doing.

    Args:
        dagster_url: where people reach the Dagster UI; empty: no links to it.

    Raises:
        NotFound: there is none of that id.
    """
    (known,) = _known(store, now, dagster_url, camera_id)
    return _status(known)


def camera_overview(store: Store, camera_id: int, now: datetime, dagster_url: str = "") -> CameraOverview:
    """Return what one camera is doing, with its newest figures.

    Raises:
        NotFound: there is none of that id.
    """
    known = _known(store, now, dagster_url, camera_id)
    return _overview(known[0], _figures(store, known))


def overview(store: Store, now: datetime, dagster_url: str = "") -> Overview:
    """Return what all cameras are doing, with their newest figures."""
    known = _known(store, now, dagster_url)
    figures = _figures(store, known)
    return Overview(at=now, cameras=tuple(_overview(one, figures) for one in known))


def _known(store: Store, now: datetime, dagster_url: str, camera_id: int | None = None) -> list[_Known]:
    """Return what is known of all cameras, or of one."""
    with store.transaction() as tx:
        found = cameras.list_cameras(tx) if camera_id is None else [cameras.get_camera(tx, camera_id)]
        every = processors.list_processors(tx, camera_id)
        leases = {lease.camera_id: lease for lease in read_leases(tx)}
        failures = read_failures(tx)
        never = [one.camera_id for one in found if one.camera_id not in leases]
        counted = {camera_id: seen_until(tx, camera_id) for camera_id in never}
    own: dict[int, list[Processor]] = {}
    for processor in every:
        own.setdefault(processor.camera_id, []).append(processor)
    return [
        _Known(
            one,
            tuple(own.get(one.camera_id, ())),
            leases.get(one.camera_id),
            failures.get(one.camera_id),
            counted.get(one.camera_id),
            now,
            dagster_url,
        )
        for one in found
    ]


def _figures(store: Store, known: list[_Known]) -> _Figures:
    asked = [(one, processor) for one in known for processor in one.processors]
    with store.transaction() as tx:
        return _Figures(
            {one.camera.camera_id: metrics.coverage(tx, one.camera.camera_id, *one.today) for one in known},
            {
                processor.processor_id: metrics.traffic_total(tx, processor.processor_id, *one.today)
                for one, processor in asked
                if measure_of(processor.kind) is Measure.TRAFFIC
            },
            {
                processor.processor_id: metrics.last_count(tx, processor.processor_id, one.now)
                for one, processor in asked
                if measure_of(processor.kind) is Measure.PRESENCE
            },
            newest_validations(tx),
        )


def _overview(known: _Known, figures: _Figures) -> CameraOverview:
    coverage = figures.coverage[known.camera.camera_id]
    return CameraOverview(
        status=_status(known),
        coverage_today=Coverage.of(coverage),
        coverage_text=words.coverage_today(coverage, is_live=known.live is not None),
        processors=tuple(_processor(known, one, figures) for one in known.processors),
    )


def _status(known: _Known) -> CameraStatus:
    camera, lease, live = known.camera, known.lease, known.live
    since = known.not_watched_since
    state = live.state if live else _idle_state(known)
    text, mood = (
        words.live_state(state, live.lag_s, watching.lasting_s(live, known.now))
        if live
        else words.idle_state(state, since, known.zone, known.now)
    )
    return CameraStatus(
        camera_id=camera.camera_id,
        name=camera.name,
        enabled=camera.enabled,
        time_zone=camera.time_zone,
        watching=live is not None,
        state=state,
        detail=live.detail if live else _why_idle(known, state),
        text=text,
        mood=mood,
        watched_since=live.acquired_at if live else None,
        not_watched_since=since,
        position_at=lease.position_at if lease else None,
        lag_s=live.lag_s if live else None,
        state_since=live.state_since if live else since,
        watcher=watching.watcher(live) if live else None,
        detectors=watching.detectors(live.figures) if live and live.figures else {},
        frames=dict(live.figures.frames) if live and live.figures else {},
        run_id=lease.run_id if lease else None,
        run_url=run_url(known.dagster_url, lease.run_id) if lease else None,
        config=watching.config(live.config) if live and live.config else None,
        wanted_config=watching.config(known.wanted_config),
        is_edit_waiting=live is not None and live.config is not None and live.config != known.wanted_config,
    )


def _idle_state(known: _Known) -> str:
    return idle_state(
        is_enabled=known.camera.enabled,
        has_processor=any(one.enabled for one in known.processors),
        is_failed=known.failure is not None,
    )


def _why_idle(known: _Known, state: str) -> str:
    if state != "failed" or known.failure is None:
        return ""
    again = words.clock(known.failure.next_try_at, known.zone, known.now)
    return f"{known.failure.reason} ({known.failure.bad_ends} times; tried again at {again}, or when edited)"


def _processor(known: _Known, processor: Processor, figures: _Figures) -> ProcessorStatus:
    status = ProcessorStatus(
        processor_id=processor.processor_id,
        kind=processor.kind,
        version=processor.version,
        name=processor.name or processor.kind.capitalize(),
        enabled=processor.enabled,
        preview_url=preview_url(processor),
        output_hls=processor.output_hls,
        is_current=known.live is not None and known.live.state == "watching" and processor.enabled,
        value_text="",
        caption="",
    )
    measure = measure_of(processor.kind)
    if measure is Measure.TRAFFIC:
        checked = _with_validation(status, figures.validations.get(processor.processor_id))
        return _with_traffic(checked, figures.traffic[processor.processor_id])
    if measure is Measure.PRESENCE:
        return _with_people(status, figures.people[processor.processor_id], known)
    return replace(status, caption="Shown live, never stored" if status.is_current else NOBODY_LOOKS)


def _with_traffic(status: ProcessorStatus, total: domain.TrafficTotal) -> ProcessorStatus:
    if total.value == total.out_value == 0 and total.coverage.watched_s <= 0:
        return replace(status, value_text="–", caption="no figure: nothing analysed today", is_current=False)
    return replace(
        status,
        traffic_today=total.value,
        traffic_out_today=total.out_value,
        value_text=f"{total.value:,}",
        caption=f"came in today, {total.out_value:,} went out",
    )


def _with_validation(status: ProcessorStatus, found: Validation | None) -> ProcessorStatus:
    if found is None:
        return status
    return replace(
        status,
        validation_text=words.validation(found.tally, found.clip),
        validation_url=picture_url(found.validation_id),
    )


def _with_people(status: ProcessorStatus, found: domain.Count | None, known: _Known) -> ProcessorStatus:
    if found is None:
        return replace(status, value_text="–", caption="no figure: nothing counted yet", is_current=False)
    noun = "person" if found.people_count == 1 else "persons"
    seen = f"when last seen, {words.clock(found.counted_at, known.zone, known.now)}"
    return replace(
        status,
        people_count=found.people_count,
        counted_at=found.counted_at,
        value_text=f"{found.people_count:,}",
        caption=f"{noun} {'now' if status.is_current else seen}",
    )
