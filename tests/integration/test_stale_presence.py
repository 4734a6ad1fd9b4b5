"""Where nobody looks, the last count stays and is called stale, wherever it is shown; it never becomes 0."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from hypersight_core.domain.events import EventKind, Observation, Reason
from hypersight_core.store import cameras, processors, watching
from hypersight_core.store.engine import Store
from tests.builders import an_event, camera_settings, processor_settings
from tests.serving import api, watched

pytestmark = pytest.mark.integration
PEOPLE = 3
OUTAGE = timedelta(minutes=10)


@pytest.fixture
def client(store: Store, database_url: str, tmp_path) -> Iterator[TestClient[Litestar]]:
    """A client of a server with camera 1 and its processor 1, which counts persons present."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings(kind="objects", zones=()))
    with api(database_url, tmp_path) as client:
        yield client


def happened(store: Store, reason: Reason | None) -> None:
    """Let three persons be counted, then go on for ten minutes, watched or missed for a reason."""
    now = datetime.now(UTC)
    began, counted = now - 2 * OUTAGE, now - OUTAGE
    count = an_event(processor_id=1, ts=began, kind=EventKind.COUNT, value=PEOPLE, zone=-1, track_id=0)
    seen = [_piece(began, counted, None)]
    if reason is None:
        seen.append(_piece(counted, now, None))
    elif reason is not Reason.PAUSED:  # nobody is there to write it
        seen.append(_piece(counted, now, reason))
    with store.transaction() as tx:
        watching.add_events(tx, [count])
        watching.add_observations(tx, seen)


def _piece(from_at: datetime, to_at: datetime, reason: Reason | None) -> Observation:
    return Observation(
        camera_id=1, from_at=from_at, to_at=to_at, frames_wanted=600,
        frames_detected=0 if reason else 600, reason=reason,
    )  # fmt: skip


def shown(client: TestClient[Litestar], store: Store) -> dict[str, Any]:
    """Return what each place shows of the persons present now."""
    now = datetime.now(UTC)
    start = (now - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    people = client.get("/api/v1/processors/1/objects").json()
    series = client.get(f"/api/v1/processors/1/objects/series?start={start}&bucket=1m").json()["buckets"]
    [camera] = client.get("/api/v1/status").json()["cameras"]
    [tile] = camera["processors"]
    with store.transaction() as tx:
        row = tx.execute(sa.text("SELECT people_count, stale FROM presence_now")).one()
    return {
        "api": (people["people_count"], people["stale"]),
        "series": (series[2]["mean"], series[2]["stale"]),
        "page": (tile["people_count"], not tile["is_current"]),
        "sql": (row.people_count, row.stale),
        "field": client.post("/objects", json={"proc_id": 1}).json()["count"],
    }


STALE = {
    "api": (PEOPLE, True), "series": (None, True), "page": (PEOPLE, True), "sql": (PEOPLE, True),
    "field": PEOPLE,
}  # fmt: skip


def test_while_somebody_looks_nothing_is_stale(client, store):
    happened(store, None)
    with watched(store, 1):
        assert shown(client, store) == {
            "api": (PEOPLE, False), "series": (PEOPLE, False), "page": (PEOPLE, False),
            "sql": (PEOPLE, False), "field": PEOPLE,
        }  # fmt: skip


def test_a_detector_that_fails_makes_it_stale_and_never_zero(client, store):
    happened(store, Reason.DETECTOR_ERROR)
    with watched(store, 1, phase="detector_away", detail="connection refused"):
        assert shown(client, store) == STALE


def test_a_camera_that_is_away_makes_it_stale(client, store):
    happened(store, Reason.STREAM_DOWN)
    with watched(store, 1, phase="reconnecting"):
        assert shown(client, store) == STALE


def test_without_a_watcher_it_is_stale(client, store):
    happened(store, Reason.PAUSED)
    assert shown(client, store) == STALE


def test_a_detector_that_just_went_away_makes_the_present_stale_at_once(client, store):
    happened(store, None)
    with watched(store, 1, phase="detector_away"):
        now = client.get("/api/v1/processors/1/objects").json()
        past = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        then = client.get(f"/api/v1/processors/1/objects?at={past}").json()
    assert (now["people_count"], now["stale"]) == (PEOPLE, True)
    assert (then["people_count"], then["stale"]) == (PEOPLE, False)
