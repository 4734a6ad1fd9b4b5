"""Tables, lengths of stay and heat maps over HTTP."""

import csv
import io
from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest

from hypersight_core.domain.cells import COLUMNS, ROWS, CellTime
from hypersight_core.domain.events import EventKind
from hypersight_core.store import cameras, heat, processors
from tests.builders import NOON, an_event, camera_settings, noon, processor_settings
from tests.serving import api, observed, saved

pytestmark = pytest.mark.integration
HOUR = timedelta(hours=1)
WITHIN = {"start": "2026-03-02T12:00:00Z", "stop": "2026-03-02T13:00:00Z"}


@pytest.fixture
def client(store, database_url, tmp_path):
    """A client of a server with camera 1 and its processors 1 (traffic) and 2 (objects)."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(time_zone="Europe/Paris"))
        processors.create_processor(tx, 1, processor_settings())
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
    saved(
        store,
        *(an_event(processor_id=1, ts=noon(second), track_id=second) for second in (10, 20, 30)),
        an_event(processor_id=1, ts=noon(40), track_id=10, kind=EventKind.EXIT, dwell_s=30.0),
        an_event(processor_id=1, ts=noon(50), track_id=20, kind=EventKind.EXIT, dwell_s=4.0),
        an_event(processor_id=2, ts=noon(5), kind=EventKind.COUNT, value=3, zone=-1, track_id=0),
    )
    observed(store, 1, NOON, timedelta(minutes=30))
    with api(database_url, tmp_path) as client:
        yield client


def test_a_series_comes_as_csv_with_a_row_a_bucket(client):
    reply = client.get(
        "/api/v1/processors/1/traffic/series", params=WITHIN | {"bucket": "15m", "format": "csv"}
    )
    assert reply.headers["content-type"].startswith("text/csv")
    assert reply.headers["content-disposition"] == 'attachment; filename="processor-1-traffic-15m.csv"'
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [(row["traffic"], row["traffic_out"], row["coverage"]) for row in rows] == [
        ("3", "2", "1.0"), ("0", "0", "1.0"), ("0", "0", "0.0"), ("0", "0", "0.0"),
    ]  # fmt: skip
    assert datetime.fromisoformat(rows[0]["start_at"]) == NOON


def test_a_series_comes_as_parquet_in_the_cameras_time_zone(client):
    accept = {"accept": "application/vnd.apache.parquet"}
    reply = client.get(
        "/api/v1/processors/2/objects/series", params=WITHIN | {"bucket": "1h"}, headers=accept
    )
    table = pq.read_table(io.BytesIO(reply.content))
    assert str(table.schema.field("start_at").type) == "timestamp[us, tz=Europe/Paris]"
    [row] = table.to_pylist()
    assert (row["mean"], row["min"], row["max"]) == (3.0, 3, 3)
    assert row["coverage"] == pytest.approx(0.5)


def test_where_nothing_is_known_a_table_is_empty_and_no_zero(client):
    later = {"start": "2026-03-03T12:00:00Z", "stop": "2026-03-03T13:00:00Z", "bucket": "1h"}
    reply = client.get("/api/v1/processors/2/objects/series", params=later | {"format": "parquet"})
    [row] = pq.read_table(io.BytesIO(reply.content)).to_pylist()
    assert (row["mean"], row["min"], row["coverage"]) == (None, None, 0.0)
    series = client.get("/api/v1/processors/2/objects/series", params=later).json()
    assert (series["mean"], series["min"], series["max"]) == (None, None, None)


def test_an_unknown_form_is_refused_and_an_unknown_type_is_json(client):
    path = "/api/v1/processors/1/traffic/series"
    assert client.get(path, params=WITHIN | {"format": "xlsx"}).status_code == 400
    reply = client.get(path, params=WITHIN, headers={"accept": "text/html,*/*;q=0.8"})
    assert reply.headers["content-type"] == "application/json"


def test_events_of_an_interval_come_newest_first_and_as_a_table(client):
    part = {"start": "2026-03-02T12:00:20Z", "stop": "2026-03-02T12:00:40Z"}
    events = client.get("/api/v1/processors/1/events", params=part).json()["events"]
    assert [event["track_id"] for event in events] == [10, 30]
    reply = client.get("/api/v1/processors/1/events", params=part | {"format": "parquet"})
    table = pq.read_table(io.BytesIO(reply.content)).to_pylist()
    assert [row["ts"] for row in table] == [noon(40), noon(30)]
    assert [row["dwell_s"] for row in table] == [30.0, None]


def test_lengths_of_stay_are_those_of_who_left(client):
    found = client.get("/api/v1/processors/1/dwell", params=WITHIN).json()
    assert (found["people_count"], found["mean_s"], found["median_s"], found["longest_s"]) == (2, 17, 17, 30)
    filled = {one["from_s"]: one["people_count"] for one in found["bins"] if one["people_count"]}
    assert filled == {2.0: 1, 30.0: 1}
    assert found["bins"][-1]["to_s"] is None
    assert found["coverage"]["share"] == pytest.approx(0.5)


def test_nobody_left_is_no_length_of_stay(client):
    found = client.get(
        "/api/v1/processors/1/dwell", params={"start": "2020-01-01T00:00:00Z", "stop": "2020-01-02T00:00:00Z"}
    ).json()
    assert (found["people_count"], found["mean_s"], found["median_s"]) == (0, None, None)


def test_a_heat_map_widens_to_full_hours(client, store):
    with store.transaction() as tx:
        cells = [CellTime(hour_at=NOON + hours * HOUR, cell=33, person_ms=1500) for hours in (-1, 0, 1)]
        heat.add_cells(tx, 1, cells)
    part = {"start": "2026-03-02T12:20:00Z", "stop": "2026-03-02T12:40:00Z"}
    found = client.get("/api/v1/cameras/1/heat-map", params=part).json()
    assert [datetime.fromisoformat(found[end]) for end in ("start", "stop")] == [NOON, NOON + HOUR]
    assert (found["columns"], found["rows"]) == (COLUMNS, ROWS)
    assert found["person_s"][1][1] == found["total_person_s"] == 1.5
    assert found["coverage"]["share"] == pytest.approx(0.5)
    assert client.get("/api/v1/cameras/9/heat-map", params=part).status_code == 404
