"""Routes of metrics, under `/api/v1/processors/{id}`."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from hypersight_api.measures import reading, schemas
from hypersight_api.services import now
from hypersight_api.time_stamps import parse_stamp
from hypersight_core.processors.registry import Measure
from hypersight_core.store.engine import Store

Start = Annotated[
    str,
    QueryParameter(
        description="Exclusive start; ISO 8601, without an offset in the camera's time zone", max_length=64
    ),
]
Stop = Annotated[str | None, QueryParameter(description="Inclusive end; left out: now", max_length=64)]
Bucket = Annotated[
    str, QueryParameter(description="1m, 5m, 15m, 1h, 1d or 1w, in the camera's time zone", max_length=10)
]


class MeasureController(Controller):
    """Traffic, persons present and events of a processor, each with its coverage."""

    path = "/api/v1/processors/{processor_id:int}"
    tags = ("metrics",)

    @get("/traffic", sync_to_thread=True, operation_id="GetTraffic")
    def get_traffic(
        self, store: NamedDependency[Store], processor_id: FromPath[int], start: Start, stop: Stop = None
    ) -> schemas.Traffic:
        """Count the persons that came in (entered a zone, or crossed a line inwards), and those that left."""
        of = reading.subject(store, processor_id, Measure.TRAFFIC)
        return reading.traffic(store, of, reading.Interval(start, stop, now()))

    @get("/traffic/series", sync_to_thread=True, operation_id="GetTrafficSeries")
    def get_traffic_series(
        self,
        store: NamedDependency[Store],
        processor_id: FromPath[int],
        start: Start,
        stop: Stop = None,
        bucket: Bucket = "1h",
    ) -> schemas.TrafficSeries:
        """Count the persons that came in, bucket by bucket."""
        of = reading.subject(store, processor_id, Measure.TRAFFIC)
        return reading.traffic_series(store, of, reading.Interval(start, stop, now()), bucket)

    @get("/objects", sync_to_thread=True, operation_id="GetObjects")
    def get_objects(
        self,
        store: NamedDependency[Store],
        processor_id: FromPath[int],
        at: Annotated[str | None, QueryParameter(description="Left out: now", max_length=64)] = None,
    ) -> schemas.People:
        """Say how many persons were there at a moment."""
        of = reading.subject(store, processor_id, Measure.PRESENCE)
        moment = now() if at is None else parse_stamp(at).at(of.zone)
        return reading.people(store, of, moment, is_now=at is None)

    @get("/objects/series", sync_to_thread=True, operation_id="GetObjectsSeries")
    def get_objects_series(
        self,
        store: NamedDependency[Store],
        processor_id: FromPath[int],
        start: Start,
        stop: Stop = None,
        bucket: Bucket = "1h",
    ) -> schemas.PeopleSeries:
        """Say how many persons were there, bucket by bucket: mean over time, least and most."""
        of = reading.subject(store, processor_id, Measure.PRESENCE)
        return reading.people_series(store, of, reading.Interval(start, stop, now()), bucket)

    @get("/events", sync_to_thread=True, operation_id="ListEvents")
    def list_events(
        self,
        store: NamedDependency[Store],
        processor_id: FromPath[int],
        cursor: Annotated[
            str | None, QueryParameter(description="`next_cursor` of the page before", max_length=200)
        ] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
    ) -> schemas.Events:
        """List events, newest first, page by page."""
        return reading.event_page(store, reading.subject(store, processor_id), cursor, limit)
