"""Routes of metrics, under `/api/v1/processors/{id}`."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from hypersight_api.measures import reading, schemas, tables
from hypersight_api.services import now
from hypersight_api.time_stamps import parse_stamp
from hypersight_core.errors import InvalidInput
from hypersight_core.processors.registry import Measure
from hypersight_core.store.engine import Store

Start = Annotated[
    str,
    QueryParameter(
        description="Exclusive start; ISO 8601, without an offset in the camera's time zone", max_length=64
    ),
]
Stop = Annotated[str | None, QueryParameter(description="Inclusive end; left out: now", max_length=64)]
LONG_AGO = "1900-01-01 00:00:00"
Bucket = Annotated[
    str, QueryParameter(description="1m, 5m, 15m, 1h, 1d or 1w, in the camera's time zone", max_length=10)
]
FormAsked = Annotated[
    tables.Form | None,
    QueryParameter(
        description="json, csv or parquet; left out: what `Accept` names, JSON if nothing we have",
    ),
]
AnyRequest = Request[Any, Any, Any]


def form_wanted(
    request: AnyRequest,
    format: FormAsked = None,  # noqa: A002 - what it is called in the query, and so in errors
) -> tables.Form:
    """Return how the answer is to be written."""
    return tables.form_of(format, request.headers.get("accept", ""))


def refuse_unknown(request: AnyRequest) -> None:
    """Refuse parameters nobody knows: `end` in the place of `stop` would be answered up to now.

    Raises:
        InvalidInput: the message names them.
    """
    asked = {name for name, _ in request.query_params.multi_items()}
    known = {*request.route_handler.parsed_fn_signature.parameters, "format"}
    if unknown := sorted(asked - known):
        raise InvalidInput(f"no such parameter: {', '.join(unknown)[:100]}", field=unknown[0][:100])


class MeasureController(Controller):
    """Traffic, persons present and events of a processor, each with its coverage."""

    path = "/api/v1/processors/{processor_id:int}"
    tags = ("metrics",)
    before_request = staticmethod(refuse_unknown)
    dependencies = {"form": Provide(form_wanted, sync_to_thread=False)}  # noqa: RUF012 - as the base class

    @get("/traffic", sync_to_thread=True, operation_id="GetTraffic")
    def get_traffic(
        self,
        store: NamedDependency[Store],
        reads: NamedDependency[Store],
        processor_id: FromPath[int],
        start: Start,
        stop: Stop = None,
    ) -> schemas.Traffic:
        """Count the persons that came in (entered a zone, or crossed a line inwards), and those that left."""
        of = reading.subject(store, processor_id, Measure.TRAFFIC)
        return reading.traffic(reads, of, reading.Interval(start, stop, now()))

    @get("/traffic/series", sync_to_thread=True, operation_id="GetTrafficSeries")
    def get_traffic_series(  # noqa: PLR0913 - one argument a parameter
        self,
        store: NamedDependency[Store],
        reads: NamedDependency[Store],
        form: NamedDependency[tables.Form],
        processor_id: FromPath[int],
        start: Start,
        stop: Stop = None,
        bucket: Bucket = "1h",
    ) -> Response[schemas.TrafficSeries]:
        """Count the persons that came in, bucket by bucket; also as a table (CSV, Apache Parquet)."""
        of = reading.subject(store, processor_id, Measure.TRAFFIC)
        found = reading.traffic_series(reads, of, reading.Interval(start, stop, now()), bucket)
        return tables.answer(form, found, tables.traffic_table(found))

    @get("/dwell", sync_to_thread=True, operation_id="GetDwell")
    def get_dwell(
        self,
        store: NamedDependency[Store],
        reads: NamedDependency[Store],
        processor_id: FromPath[int],
        start: Start,
        stop: Stop = None,
    ) -> schemas.Dwell:
        """Say how long those stayed in a zone that left it: a histogram, mean, median and longest stay."""
        of = reading.subject(store, processor_id, Measure.TRAFFIC)
        return reading.dwell(reads, of, reading.Interval(start, stop, now()))

    @get("/objects", sync_to_thread=True, operation_id="GetObjects")
    def get_objects(
        self,
        store: NamedDependency[Store],
        reads: NamedDependency[Store],
        processor_id: FromPath[int],
        at: Annotated[str | None, QueryParameter(description="Left out: now", max_length=64)] = None,
    ) -> schemas.People:
        """Say how many persons were there at a moment."""
        of = reading.subject(store, processor_id, Measure.PRESENCE)
        moment = now() if at is None else parse_stamp(at).at(of.zone)
        return reading.people(store if at is None else reads, of, moment, is_now=at is None)

    @get("/objects/series", sync_to_thread=True, operation_id="GetObjectsSeries")
    def get_objects_series(  # noqa: PLR0913 - one argument a parameter
        self,
        store: NamedDependency[Store],
        reads: NamedDependency[Store],
        form: NamedDependency[tables.Form],
        processor_id: FromPath[int],
        start: Start,
        stop: Stop = None,
        bucket: Bucket = "1h",
    ) -> Response[schemas.PeopleSeries]:
        """Say how many persons were there, bucket by bucket: mean over time, least and most.

        Also as a table (CSV, Apache Parquet).
        """
        of = reading.subject(store, processor_id, Measure.PRESENCE)
        found = reading.people_series(reads, of, reading.Interval(start, stop, now()), bucket)
        return tables.answer(form, found, tables.people_table(found))

    @get("/events", sync_to_thread=True, operation_id="ListEvents")
    def list_events(  # noqa: PLR0913 - one argument a parameter
        self,
        store: NamedDependency[Store],
        reads: NamedDependency[Store],
        form: NamedDependency[tables.Form],
        processor_id: FromPath[int],
        cursor: Annotated[
            str | None, QueryParameter(description="`next_cursor` of the page before", max_length=200)
        ] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
        start: Annotated[str, QueryParameter(description="Exclusive start", max_length=64)] = LONG_AGO,
        stop: Stop = None,
    ) -> Response[schemas.Events]:
        """List events, newest first, page by page; of an interval, where one is given.

        As a table (CSV, Apache Parquet): all of the interval at once, the newest 200,000 at most.
        """
        of, asked = reading.subject(store, processor_id), reading.Interval(start, stop, now())
        if form is tables.Form.JSON:
            within = None if (start, stop) == (LONG_AGO, None) else asked
            found = reading.event_page(reads, of, cursor, limit, within)
            return Response(found)
        events = reading.all_events(reads, of, cursor, asked)
        return tables.answer(form, None, tables.events_table(processor_id, of.camera.time_zone, events))
