"""`/cameras/{id}`: one camera, live and over any interval."""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, QueryParameter, SkipValidation

from hypersight_api.frames.pictures import left_at_s
from hypersight_api.heat import reading as heat_reading
from hypersight_api.heat.schemas import HeatMap
from hypersight_api.measures import reading, schemas
from hypersight_api.measures.reading import Interval, Subject
from hypersight_api.pages import drawing
from hypersight_api.pages.interval import Asked, Shown
from hypersight_api.pages.shell import Shell
from hypersight_api.services import checked_id, now
from hypersight_api.status import reading as status
from hypersight_api.status.schemas import CameraOverview
from hypersight_core.processors.registry import Measure, measure_of
from hypersight_core.settings import Settings
from hypersight_core.store import watching
from hypersight_core.store.engine import Store

EVENTS_SHOWN = 15


@dataclass(frozen=True, slots=True)
class TrafficPart:
    """A traffic processor over the interval."""

    processor_id: int
    name: str
    total: schemas.Traffic
    dwell: schemas.Dwell
    has_lines_only: bool


@dataclass(frozen=True, slots=True)
class PeoplePart:
    """An objects processor over the interval."""

    processor_id: int
    name: str
    series: schemas.PeopleSeries


@dataclass(frozen=True, slots=True)
class EventsPart:
    """The newest events of one processor in the interval."""

    processor_id: int
    zone_names: tuple[str, ...]
    page: schemas.Events
    is_first: bool


@dataclass(frozen=True, slots=True)
class EventsAsked:
    """What the address of a page says about its table of events."""

    processor_id: int
    """0: the first that counts."""
    before: str
    """A cursor; empty: from the newest."""


Text = Annotated[str, QueryParameter(max_length=200)]


def asked_interval(
    preset: Annotated[str, QueryParameter(name="range", max_length=10)] = "",
    start: Text = "",
    stop: Text = "",
    bucket: Annotated[str, QueryParameter(max_length=10)] = "",
) -> Asked:
    """Return what the address says about the interval."""
    return Asked(preset, start, stop, bucket)


def asked_events(events: Annotated[int, QueryParameter(ge=0)] = 0, before: Text = "") -> EventsAsked:
    """Return which events the address names."""
    return EventsAsked(events, before)


@get("/cameras/{camera_id:int}", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_camera_page(  # noqa: PLR0913 - one argument a parameter
    store: NamedDependency[Store],
    reads: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    shell: NamedDependency[SkipValidation[Shell]],
    asked: NamedDependency[SkipValidation[Asked]],
    events_asked: NamedDependency[SkipValidation[EventsAsked]],
    camera_id: FromPath[int],
) -> Response[str]:
    """A camera's previews, and its figures over an interval."""
    camera = status.camera_overview(store, checked_id("camera", camera_id), now())
    with store.transaction() as tx:
        seen = watching.seen_span(tx, camera_id)
    shown = Shown.of(asked, ZoneInfo(camera.status.time_zone), now(), seen)
    subjects = [reading.subject(store, one.processor_id) for one in camera.processors]
    counting = [one for one in subjects if measure_of(one.processor.kind) is not Measure.NOTHING]
    return shell.page(
        "camera.html",
        current="/",
        camera=camera,
        shown=shown,
        traffic=[_traffic(reads, one, shown) for one in _of(subjects, Measure.TRAFFIC)],
        people=[_people(reads, one, shown) for one in _of(subjects, Measure.PRESENCE)],
        heat=_heat(store, reads, camera, shown),
        has_frame=left_at_s(settings.var_dir, camera_id) is not None,
        counting=[(one.processor.processor_id, _name(one)) for one in counting],
        events=_events(reads, counting, shown, events_asked),
        draw=drawing,
    )


@get("/cameras/{camera_id:int}/now", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_camera_now(
    store: NamedDependency[Store], shell: NamedDependency[SkipValidation[Shell]], camera_id: FromPath[int]
) -> Response[str]:
    """What a camera does at this moment, as a part of its page."""
    camera = status.camera_overview(store, checked_id("camera", camera_id), now())
    return shell.page("camera_now.html", camera=camera)


def _of(subjects: list[Subject], measure: Measure) -> list[Subject]:
    return [one for one in subjects if measure_of(one.processor.kind) is measure]


def _name(of: Subject) -> str:
    return of.processor.name or of.processor.kind.capitalize()


def _interval(shown: Shown) -> Interval:
    return Interval(shown.span["start"], shown.span["stop"], shown.stop)


def _traffic(reads: Store, of: Subject, shown: Shown) -> TrafficPart:
    return TrafficPart(
        of.processor.processor_id,
        _name(of),
        reading.traffic(reads, of, _interval(shown)),
        reading.dwell(reads, of, _interval(shown)),
        all(zone.is_line for zone in of.processor.zones),
    )


def _people(reads: Store, of: Subject, shown: Shown) -> PeoplePart:
    series = reading.people_series(reads, of, _interval(shown), shown.bucket)
    return PeoplePart(of.processor.processor_id, _name(of), series)


def _heat(store: Store, reads: Store, camera: CameraOverview, shown: Shown) -> HeatMap:
    return heat_reading.heat_map(store, reads, camera.status.camera_id, _interval(shown))


def _events(reads: Store, counting: list[Subject], shown: Shown, asked: EventsAsked) -> EventsPart | None:
    chosen = next((one for one in counting if one.processor.processor_id == asked.processor_id), None)
    chosen = chosen or next(iter(counting), None)
    if chosen is None:
        return None
    page = reading.event_page(reads, chosen, asked.before or None, EVENTS_SHOWN, _interval(shown))
    names = tuple(zone.name or f"zone {number}" for number, zone in enumerate(chosen.processor.zones, 1))
    return EventsPart(chosen.processor.processor_id, names, page, not asked.before)
