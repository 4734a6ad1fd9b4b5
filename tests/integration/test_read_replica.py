"""Questions about metrics are put to a real streaming replica, and only while it is close behind."""

import time
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from hypersight.postgres import EmbeddedPostgres
from hypersight_core.domain.cells import CellTime
from hypersight_core.domain.events import EventKind
from hypersight_core.errors import InvalidInput
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, heat, processors, schema
from hypersight_core.store.engine import Store
from hypersight_core.store.replica import LONGEST_BEHIND_S, Replica
from hypersight_core.store.tables import metadata
from tests.builders import NOON, an_event, camera_settings, noon, processor_settings
from tests.databases import open_folder
from tests.replicas import replicated
from tests.serving import api, observed, saved

pytestmark = pytest.mark.integration
WITHIN = "start=2026-03-02T12:00:00Z&stop=2026-03-02T13:00:00Z"
QUESTIONS = [
    f"/api/v1/processors/1/traffic?{WITHIN}",
    f"/api/v1/processors/1/traffic/series?{WITHIN}&format=csv",
    f"/api/v1/processors/1/dwell?{WITHIN}",
    f"/api/v1/processors/1/events?{WITHIN}",
    "/api/v1/processors/2/objects?at=2026-03-02T12:30:00Z",
    f"/api/v1/processors/2/objects/series?{WITHIN}",
    f"/api/v1/cameras/1/heat-map?{WITHIN}",
    "/api/v1/outages",
]
ZONES = [[[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]]
OF_THE_FIELD = {"proc_id": 1, "start_ts": "2026-03-02T12:00:00Z", "stop_ts": "2026-03-02T13:00:00Z"}


class Clock:
    """Seconds that pass when told."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def servers():
    with open_folder() as folder, EmbeddedPostgres(folder / "primary") as primary:
        schema.upgrade(primary.url)
        with replicated(primary, folder / "replica") as pair:
            yield pair


@pytest.fixture
def pair(servers):
    """A replica that has what the primary has: camera 1, processors 1 (traffic) and 2 (objects)."""
    servers.resume()
    store = Store(servers.primary.url)
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with store.transaction() as tx:
        tx.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
    store.close()
    servers.catch_up()
    return servers


@pytest.fixture
def stores(pair):
    primary, replica = Store(pair.primary.url), Store(pair.replica.url)
    yield primary, replica
    primary.close()
    replica.close()


@pytest.fixture
def client(pair, tmp_path):
    """A server with a replica it already trusts."""
    with api(pair.primary.url, tmp_path, database_read_url=pair.replica.url) as client:
        wait_until(client, "is asked")
        yield client


def wait_until(client, said: str) -> None:
    until_s = time.monotonic() + 20
    while (found := client.get("/readyz").json()["replica"]) != said:
        assert time.monotonic() < until_s, found
        time.sleep(0.1)


def something_happens(store: Store) -> None:
    """Write what changes the answer to every question."""
    saved(
        store,
        an_event(processor_id=1, ts=noon(10), track_id=1),
        an_event(processor_id=1, ts=noon(40), track_id=1, kind=EventKind.EXIT, dwell_s=30.0),
        an_event(processor_id=2, ts=noon(5), kind=EventKind.COUNT, value=3, zone=-1, track_id=0),
    )
    observed(store, 1, NOON, timedelta(minutes=30))
    with store.transaction() as tx:
        heat.add_cells(tx, 1, [CellTime(hour_at=NOON, cell=33, person_ms=1500)])
        tx.execute(
            sa.text(
                "INSERT INTO camera_outage (camera_id, condition, reason, began_at, told_at) "
                "VALUES (1, 'down', 'away', now(), now())"
            )
        )


@pytest.mark.parametrize("asked", [*QUESTIONS, "the older system's clients", "the camera's page"])
def test_every_question_about_metrics_is_put_to_the_replica(client, pair, stores, asked):
    before = answer(client, asked)
    pair.pause()
    something_happens(stores[0])
    assert answer(client, asked) == before
    pair.resume()
    pair.catch_up()
    assert answer(client, asked) != before


def answer(client, asked: str) -> str:
    if asked == "the older system's clients":
        return str(client.post("/traffic", json=OF_THE_FIELD).text)
    if asked != "the camera's page":
        return str(client.get(asked).text)
    _, _, interval = client.get(f"/cameras/1?{WITHIN}&bucket=1h").text.partition('<section class="interval"')
    assert interval  # what is above it says what goes on now
    return str(interval)


def test_what_was_just_changed_is_seen_at_once(client, pair):
    pair.pause()
    made = client.post("/api/v1/cameras/1/processors", json={"kind": "traffic", "zones": ZONES}).json()
    processor_id = made["processor_id"]
    assert made in client.get("/api/v1/cameras/1/processors").json()
    assert client.get(f"/api/v1/processors/{processor_id}/traffic?{WITHIN}").json()["traffic"] == 0
    client.patch("/api/v1/cameras/1", json={"time_zone": "Asia/Tokyo"})
    hours = "start=2026-03-02T12:00:00&stop=2026-03-02T13:00:00"
    assert "+09:00" in client.get(f"/api/v1/cameras/1/heat-map?{hours}").json()["start"]


def seen(replica: Replica) -> tuple[str | None, float]:
    replica.look()
    return replica.problem, replica.behind_s


def test_a_replica_is_asked_only_while_it_is_close_behind(pair, stores):
    clock = Clock()
    replica = Replica(stores[0], stores[1], clock)
    assert replica.problem == "has not caught up yet"
    assert seen(replica) == (None, 0.0)
    pair.pause()
    something_happens(stores[0])
    clock.now_s = 1.0
    assert seen(replica) == (None, 1.0)
    clock.now_s = LONGEST_BEHIND_S + 2
    assert seen(replica) == ("is 12 s behind", 12.0)
    pair.resume()
    pair.catch_up()
    assert seen(replica) == (None, 0.0)


def test_a_replica_of_a_database_in_which_nothing_happens_stays_close_behind(stores):
    clock = Clock()
    replica = Replica(stores[0], stores[1], clock)
    for clock.now_s in range(0, 100, 5):
        replica.look()
        assert replica.problem is None


def test_a_replica_nobody_looks_at_is_not_trusted_for_long(stores):
    clock = Clock()
    replica = Replica(stores[0], stores[1], clock)
    replica.look()
    clock.now_s = LONGEST_BEHIND_S + 1
    assert replica.problem == "is 11 s behind"


def test_while_the_primary_is_away_nobody_knows_what_a_replica_lacks(stores):
    clock = Clock()
    away = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    replica = Replica(away, stores[1], clock)
    clock.now_s = 11.0
    replica.look()
    assert replica.problem == "has not caught up yet"


@pytest.mark.parametrize("other", ["the primary itself", "another database of the replica"])
def test_what_is_no_replica_of_this_database_is_not_asked(pair, stores, other):
    url = sa.make_url(pair.replica.url).set(database="postgres").render_as_string(hide_password=False)
    store = Store(pair.primary.url if other == "the primary itself" else url)
    replica = Replica(stores[0], store)
    replica.look()
    assert replica.problem == "is no replica of this database"
    store.close()


def test_when_the_replica_is_gone_the_primary_answers_and_health_says_so(client, pair, stores):
    assert figures(client) == {"up": 1, "lag_seconds": pytest.approx(0, abs=3)}
    something_happens(stores[0])
    pair.replica.stop()
    try:
        wait_until(client, "does not answer")
        assert client.get(QUESTIONS[0]).json()["traffic"] == 1
        assert client.get("/readyz").status_code == 200
        assert figures(client)["up"] == 0
    finally:
        pair.replica.start()
    wait_until(client, "is asked")
    assert client.get(QUESTIONS[0]).json()["traffic"] == 1


def figures(client) -> dict[str, float]:
    prefix = "hypersight_database_replica_"
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    return {one.name.removeprefix(prefix): one.samples[0].value for one in families if prefix in one.name}


def test_without_a_replica_health_and_figures_say_nothing_of_one(pair, tmp_path):
    with api(pair.primary.url, tmp_path) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert figures(client) == {}


def test_a_replica_needs_a_database_it_is_of():
    with pytest.raises(InvalidInput, match="whose replica"):
        Settings.from_environ({"HYPERSIGHT_DATABASE_READ_URL": "postgresql://hs@replica/hs"})


def test_the_password_goes_into_the_replicas_address_too():
    settings = Settings.from_environ(
        {
            "HYPERSIGHT_DATABASE_URL": "postgresql://hs@primary/hs",
            "HYPERSIGHT_DATABASE_READ_URL": "postgresql://hs@replica/hs",
            "HYPERSIGHT_DATABASE_PASSWORD": "s3cret",
        }
    )
    assert settings.database_read_url == "postgresql://hs:s3cret@replica/hs"
    assert msgspec.structs.replace(settings, database_read_url="").database_url.endswith(":s3cret@primary/hs")
