"""What the field's clients are told, key by key in their order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypersight_api.field.schemas import ObjectsQuestion, TrafficQuestion, optional_stamp
from hypersight_api.services import checked_id
from hypersight_api.time_stamps import field_form, interval, parse_stamp
from hypersight_core.domain.metrics import Count, TrafficTotal
from hypersight_core.errors import NotFound
from hypersight_core.processors.registry import Measure, measure_of
from hypersight_core.redaction import redacted
from hypersight_core.store import cameras, metrics, processors
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import read_leases

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    processor_id: int
    zone: ZoneInfo


def failure(message: str) -> Answer:
    """Return the answer that says no."""
    return {"err": True, "msg": message}


def traffic(store: Store, reads: Store, question: TrafficQuestion, now: datetime) -> Answer:
    """Return how many persons passed in an interval.

    Args:
        reads: what is asked for the number; `store` knows the processor as it is now.

    Raises:
        InvalidInput: a time stamp means nothing, or the interval ends before it starts.
    """
    start, stop = parse_stamp(question.start_ts), optional_stamp(question.stop_ts)
    asked = _asked(store, question.proc_id, Measure.TRAFFIC)
    if asked is None:
        return failure("Wrong processor id")
    ends = interval(start, stop, asked.zone, now)
    with reads.transaction() as tx:
        total = metrics.traffic_total(tx, asked.processor_id, *ends)
    return _traffic(total, asked.zone)


def objects(store: Store, question: ObjectsQuestion, now: datetime) -> Answer:
    """Return how many persons were there at a moment.

    Raises:
        InvalidInput: the time stamp means nothing.
    """
    stamp = optional_stamp(question.ts)
    asked = _asked(store, question.proc_id, Measure.PRESENCE)
    if asked is None:
        return failure("Wrong processor id")
    at = now if stamp is None else stamp.at(asked.zone)
    with store.transaction() as tx:
        last = metrics.last_count(tx, asked.processor_id, at)
    return _objects(last, asked.zone)


def status_watch(store: Store) -> Answer:
    """Return for every camera whether a live process really watches it."""
    with store.transaction() as tx:
        live = {lease.camera_id for lease in read_leases(tx) if lease.is_live}
        known = cameras.list_cameras(tx)
    return {
        str(camera.camera_id): {"watching": camera.camera_id in live, "url": redacted(camera.stream_url)}
        for camera in known
    }


def _asked(store: Store, processor_id: int, measure: Measure) -> _Asked | None:
    try:
        with store.transaction() as tx:
            processor = processors.get_processor(tx, checked_id("processor", processor_id))
            camera = cameras.get_camera(tx, processor.camera_id)
    except NotFound:
        return None
    is_fit = measure_of(processor.kind) is measure
    return _Asked(processor_id, ZoneInfo(camera.time_zone)) if is_fit else None


def _traffic(total: TrafficTotal, zone: ZoneInfo) -> Answer:
    if total.first_at is None or total.last_at is None:
        return failure("No records found")
    return {
        "err": False,
        "max_ts": field_form(total.last_at, zone),
        "min_ts": field_form(total.first_at, zone),
        "traffic": total.value,
    }


def _objects(last: Count | None, zone: ZoneInfo) -> Answer:
    if last is None:
        return failure("No observations found")
    return {"err": False, "count": last.people_count, "ts": field_form(last.counted_at, zone)}
