"""What every camera is doing, from leases, observations and events."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from hypersight_api.measures.schemas import Coverage
from hypersight_api.processors.schemas import preview_url
from hypersight_api.status import words
from hypersight_api.status.schemas import CameraOverview, CameraStatus, Overview, ProcessorStatus
from hypersight_api.time_stamps import midnight
from hypersight_core.domain import metrics as domain
from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.store import cameras, metrics, processors
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import LeaseView, read_leases


@dataclass(frozen=True, slots=True)
class _Known:
    """A camera with all that was read of it."""

    camera: Camera
    processors: tuple[Processor, ...]
    lease: LeaseView | None
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.camera.time_zone)

    @property
    def live(self) -> LeaseView | None:
        return self.lease if self.lease is not None and self.lease.is_live else None


def camera_status(store: Store, camera_id: int, now: datetime) -> CameraStatus:
    """Return what one camera is doing.

    Raises:
        NotFound: there is none of that id.
    """
    with store.transaction() as tx:
        camera = cameras.get_camera(tx, camera_id)
        own = tuple(processors.list_processors(tx, camera_id))
        leases = {lease.camera_id: lease for lease in read_leases(tx)}
    return _status(_Known(camera, own, leases.get(camera_id), now))


def overview(store: Store, now: datetime) -> Overview:
    """Return what all cameras are doing, with their newest figures."""
    with store.transaction() as tx:
        known = cameras.list_cameras(tx)
        every = processors.list_processors(tx)
        leases = {lease.camera_id: lease for lease in read_leases(tx)}
    subjects = [
        _Known(
            camera,
            tuple(one for one in every if one.camera_id == camera.camera_id),
            leases.get(camera.camera_id),
            now,
        )
        for camera in known
    ]
    return Overview(at=now, cameras=tuple(_overview(store, subject) for subject in subjects))


def _overview(store: Store, known: _Known) -> CameraOverview:
    start = midnight(known.now, known.zone)
    with store.transaction() as tx:
        coverage = metrics.coverage(tx, known.camera.camera_id, start, known.now)
    return CameraOverview(
        status=_status(known),
        coverage_today=Coverage.of(coverage),
        coverage_text=words.coverage_today(coverage),
        processors=tuple(_processor(store, known, one, start) for one in known.processors),
    )


def _status(known: _Known) -> CameraStatus:
    camera, lease, live = known.camera, known.lease, known.live
    since = None if live or lease is None else lease.released_at or lease.heartbeat_at
    state = live.state if live else _idle_state(known)
    text, mood = (
        words.live_state(state, live.lag_s) if live else words.idle_state(state, since, known.zone, known.now)
    )
    return CameraStatus(
        camera_id=camera.camera_id,
        name=camera.name,
        enabled=camera.enabled,
        time_zone=camera.time_zone,
        watching=live is not None,
        state=state,
        detail=live.detail if live else "",
        text=text,
        mood=mood,
        watched_since=live.acquired_at if live else None,
        not_watched_since=since,
        position_at=lease.position_at if lease else None,
        lag_s=live.lag_s if live else None,
    )


def _idle_state(known: _Known) -> str:
    if not known.camera.enabled:
        return "switched_off"
    return "not_watched" if any(one.enabled for one in known.processors) else "nothing_to_do"


def _processor(store: Store, known: _Known, processor: Processor, start: datetime) -> ProcessorStatus:
    status = ProcessorStatus(
        processor_id=processor.processor_id,
        kind=processor.kind,
        name=processor.name or processor.kind.capitalize(),
        enabled=processor.enabled,
        preview_url=preview_url(processor),
        is_current=known.live is not None and known.live.state == "watching" and processor.enabled,
        value_text="",
        caption="",
    )
    if processor.kind == "traffic":
        return _with_traffic(store, known, status, start)
    if processor.kind == "objects":
        return _with_people(store, known, status)
    return _changed(
        status, caption="Shown live, never stored" if status.is_current else "Nobody is looking now"
    )


def _with_traffic(store: Store, known: _Known, status: ProcessorStatus, start: datetime) -> ProcessorStatus:
    with store.transaction() as tx:
        total = metrics.traffic_total(tx, status.processor_id, start, known.now)
    if total.value == 0 and total.coverage.watched_s <= 0:
        return _changed(status, value_text="–", caption="no figure: not watched today", is_current=False)
    return _changed(status, traffic_today=total.value, value_text=f"{total.value:,}", caption="came in today")


def _with_people(store: Store, known: _Known, status: ProcessorStatus) -> ProcessorStatus:
    with store.transaction() as tx:
        found = metrics.presence_at(tx, status.processor_id, known.now)
    if found is None:
        return _changed(status, value_text="–", caption="no figure: nothing counted yet", is_current=False)
    return _changed(
        status,
        people_count=found.people_count,
        counted_at=found.counted_at,
        value_text=f"{found.people_count:,}",
        caption=_people_caption(known, status, found),
    )


def _people_caption(known: _Known, status: ProcessorStatus, found: domain.Presence) -> str:
    noun = "person" if found.people_count == 1 else "persons"
    if status.is_current:
        return f"{noun} now"
    return f"{noun} when last seen, {words.clock(found.counted_at, known.zone, known.now)}"


def _changed(status: ProcessorStatus, **values: object) -> ProcessorStatus:
    return msgspec.structs.replace(status, **values)
