"""Metrics as tables, for spreadsheets and data frames."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from litestar import Response

from hypersight_api.measures import schemas

Row = Mapping[str, Any]


class Form(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv",
    Form.PARQUET: "application/vnd.apache.parquet",
}
COVERAGE = (("watched_s", pa.float64()), ("interval_s", pa.float64()), ("coverage", pa.float64()))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under typed columns; instants are in `time_zone`."""

    name: str
    columns: Mapping[str, pa.DataType]
    rows: list[Row]

    def csv(self) -> bytes:
        """Return it as text, with a heading; empty where nothing is known."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.columns), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue().encode()

    def parquet(self) -> bytes:
        """Return it as an Apache Parquet file."""
        sink = io.BytesIO()
        schema = pa.schema(list(self.columns.items()))
        pq.write_table(pa.Table.from_pylist([dict(row) for row in self.rows], schema), sink)
        return sink.getvalue()


def form_of(asked: Form | None, accept: str) -> Form:
    """Return the form somebody wants: the parameter counts, else the first known type of `Accept`."""
    if asked is not None:
        return asked
    types = [one.partition(";")[0].strip().lower() for one in accept.split(",")]
    by_type = {media_type: form for form, media_type in MEDIA_TYPES.items()}
    return next((by_type[one] for one in types if one in by_type), Form.JSON)


def answer(form: Form, reply: Any, table: Table) -> Response[Any]:
    """Return the reply itself, or its table as a file to keep."""
    headers = {"vary": "accept"}
    if form is Form.JSON:
        return Response(reply, media_type=MEDIA_TYPES[form], headers=headers)
    content = table.csv() if form is Form.CSV else table.parquet()
    name = {"content-disposition": f'attachment; filename="{table.name}.{form.value}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers | name)


def traffic_table(series: schemas.TrafficSeries) -> Table:
    """Return one row a bucket."""
    measures = (("traffic", pa.int64()), ("traffic_out", pa.int64()))
    return _buckets("traffic", series, measures)


def people_table(series: schemas.PeopleSeries) -> Table:
    """Return one row a bucket."""
    return _buckets("objects", series, (("mean", pa.float64()), ("min", pa.int64()), ("max", pa.int64())))


def events_table(processor_id: int, time_zone: str, events: Iterable[schemas.EventOut]) -> Table:
    """Return one row an event."""
    columns = {
        "processor_id": pa.int64(), "ts": pa.timestamp("us", time_zone), "kind": pa.string(),
        "value": pa.int64(), "zone": pa.int64(), "track_id": pa.int64(), "dwell_s": pa.float64(),
        "processor_version": pa.int64(),
    }  # fmt: skip
    rows = [
        {"processor_id": processor_id} | {name: getattr(one, name) for name in one.__struct_fields__}
        for one in events
    ]
    return Table(f"processor-{processor_id}-events", columns, list(rows))


def _buckets(
    name: str,
    series: schemas.TrafficSeries | schemas.PeopleSeries,
    measures: tuple[tuple[str, pa.DataType], ...],
) -> Table:
    instant = pa.timestamp("us", series.time_zone)
    span = {"processor_id": pa.int64(), "start_at": instant, "stop_at": instant}
    columns = span | dict(measures) | dict(COVERAGE)
    rows = [
        {
            "processor_id": series.processor_id, "start_at": one.start_at, "stop_at": one.stop_at,
            **{measure: getattr(one, measure) for measure, _ in measures},
            "watched_s": one.coverage.watched_s, "interval_s": one.coverage.interval_s,
            "coverage": one.coverage.share,
        }
        for one in series.buckets
    ]  # fmt: skip
    return Table(f"processor-{series.processor_id}-{name}-{series.bucket}", columns, list(rows))
