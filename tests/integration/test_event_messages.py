"""Events told to a real HTTP server and a real MQTT broker: all, in order, whatever happens between."""

import base64
import hashlib
import hmac
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from hypersight.simulator.camera import CameraSimulator
from hypersight_core.domain.event_messages import EventMessage
from hypersight_core.domain.events import EventKind
from hypersight_core.errors import InvalidInput
from hypersight_core.operations.event_messages import tell_events
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, outbox, processors, upkeep, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease
from hypersight_pipelines.defs.messages.sensors import in_words
from tests.builders import NOON, a_record, an_event, camera_settings, noon, processor_settings
from tests.clips import Film, write_film
from tests.fakes.cut_line import CutLine
from tests.fakes.detector_server import FakeDetector
from tests.fakes.mqtt_broker import MqttBroker, Subscriber
from tests.fakes.square_finder import squares
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.integration.test_watcher import Watcher, eventually, watched

pytestmark = pytest.mark.integration
CONNACK_BYTES = PUBACK_BYTES = 4
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of pure secrecy").decode()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def broker(tmp_path) -> Iterator[MqttBroker]:
    with MqttBroker(tmp_path) as broker:
        yield broker


class Counting:
    """A camera whose watcher writes records."""

    def __init__(self, store: Store) -> None:
        with store.transaction() as tx:
            self.camera_id = cameras.create_camera(tx, camera_settings()).camera_id
            self.processor_id = processors.create_processor(
                tx, self.camera_id, processor_settings()
            ).processor_id
        self._store = store
        self._numbers = count(1)
        self._token = Lease(store, self.camera_id, "run").acquire()

    def passes(self, people: int = 1) -> list[str]:
        """Write a segment in which so many persons enter; return the ids of its events."""
        seq = next(self._numbers)
        events = tuple(
            an_event(processor_id=self.processor_id, ts=noon(seq * 10 + n / 100), track_id=n + 1)
            for n in range(people)
        )
        record = a_record(camera_id=self.camera_id, seq=seq, position_at=noon(seq * 10 + 9), events=events)
        for _ in range(2):  # the second time changes nothing
            with self._store.transaction() as tx:
                watching.record_segment(tx, record, token=self._token)
        return [EventMessage(self.camera_id, event).event_id for event in events]


@pytest.fixture
def counting(store: Store) -> Counting:
    return Counting(store)


def subscribed(store: Store, urls: str) -> Settings:
    """Have addresses told of what happens from now on."""
    settings = Settings(event_urls=urls, notify_secret=SECRET)
    tell_events(store, settings, 0)
    return settings


def due_now(store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE event_subscriber SET next_try_at = now() - interval '1 second'"))


def waiting(store: Store) -> int:
    with store.transaction() as tx:
        return int(tx.scalar(sa.text("SELECT count(*) FROM event_outbox")))


def events_of(receiver: WebhookReceiver) -> list[dict[str, Any]]:
    return [one for message in receiver.messages for one in message["data"]["events"]]


def ids_of(receiver: WebhookReceiver) -> list[str]:
    return [one["id"] for one in events_of(receiver)]


def in_utc(at: datetime) -> str:
    return msgspec.json.decode(msgspec.json.encode(at.astimezone(UTC)), type=str)


def test_a_webhook_is_told_of_events_in_order_with_a_signature(store, counting, receiver):
    settings = subscribed(store, receiver.url)
    ids = counting.passes(3) + counting.passes(1)
    [told] = tell_events(store, settings, 0)
    assert (told.sent, told.problem, waiting(store)) == (4, "", 0)
    assert ids_of(receiver) == ids
    [message] = receiver.messages
    assert message["type"] == "processor.events"
    assert message["data"]["events"][0] == {
        "id": ids[0], "camera_id": counting.camera_id, "processor_id": counting.processor_id,
        "ts": "2026-03-02T12:00:10Z", "kind": "enter", "value": 1, "zone": 0, "track_id": 1, "dwell_s": None,
        "processor_version": 1,
    }  # fmt: skip
    [(headers, body)] = receiver.received
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"thirty-two bytes of pure secrecy", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_a_broker_is_told_of_events_in_order_on_the_topic_of_their_processor(store, counting, broker):
    settings = subscribed(store, broker.url("shop"))
    with Subscriber(broker) as subscriber:
        ids = counting.passes(150)
        [told] = tell_events(store, settings, 0)
        topic = f"shop/processors/{counting.processor_id}/events"
        eventually(lambda: len(subscriber.on(topic)) == len(ids))
    assert told.sent == 150
    assert [message["id"] for message in subscriber.on(topic)] == ids
    assert subscriber.received[0][1]["camera_id"] == counting.camera_id


def test_a_broker_that_goes_and_comes_back_misses_nothing_and_hears_it_in_order(store, counting, broker):
    settings = subscribed(store, broker.url())
    topic = f"hypersight/processors/{counting.processor_id}/events"
    first = counting.passes(3)
    tell_events(store, settings, 0)
    broker.stop()
    lost = counting.passes(250)
    [told] = tell_events(store, settings, 0)
    assert told.problem
    assert "hush" not in told.problem
    late = counting.passes(2)
    assert waiting(store) == 252
    broker.start()
    with Subscriber(broker) as subscriber:
        due_now(store)
        tell_events(store, settings, 0.5)
        eventually(lambda: len(subscriber.on(topic)) >= 252)
        assert [message["id"] for message in subscriber.on(topic)] == lost + late
    assert waiting(store) == 0
    assert not set(first) & set(lost)


def test_acknowledgements_that_get_lost_make_duplicates_with_the_same_id_and_lose_nothing(
    store, counting, broker
):
    topic = f"hypersight/processors/{counting.processor_id}/events"
    with CutLine(broker.port) as line, Subscriber(broker) as subscriber:
        line.cut_after = CONNACK_BYTES + 3 * PUBACK_BYTES
        settings = subscribed(store, broker.url().replace(str(broker.port), str(line.port)))
        ids = counting.passes(40)
        [told] = tell_events(store, settings, 0)
        assert told.problem
        line.cut_after = None
        ids += counting.passes(2)
        due_now(store)
        tell_events(store, settings, 0)
        eventually(lambda: subscriber.on(topic) and subscriber.on(topic)[-1]["id"] == ids[-1])
    heard = [message["id"] for message in subscriber.on(topic)]
    assert len(heard) > len(ids)
    assert list(dict.fromkeys(heard)) == ids


def test_a_webhook_that_fails_gets_the_same_batch_with_the_same_id_before_anything_newer(
    store, counting, receiver
):
    settings = subscribed(store, receiver.url)
    receiver.status = 500
    first = counting.passes(2)
    [told] = tell_events(store, settings, 0)
    assert told.problem == "it answered 500"
    tell_events(store, settings, 0)
    assert len(receiver.received) == 1  # it is left alone for a second
    receiver.status = 204
    due_now(store)
    tell_events(store, settings, 0)
    second = counting.passes(1)
    tell_events(store, settings, 0)
    assert ids_of(receiver) == first + first + second
    ids = [headers["webhook-id"] for headers, _ in receiver.received]
    assert ids[0] == ids[1] != ids[2]


def test_one_address_that_hangs_holds_up_no_other_and_no_counting(store, counting, receiver):
    with WebhookReceiver() as other:
        other.status = 503
        settings = subscribed(store, f"{other.url},{receiver.url}")
        ids = counting.passes(2)
        first, second = tell_events(store, settings, 0)
        assert (first.sent, first.problem, second.sent) == (0, "it answered 503", 2)
        assert ids_of(receiver) == ids
        assert waiting(store) == 2
    assert in_words([first, second]) == (
        "address 1: 0 events told now they wait: it answered 503; address 2: 2 events told"
    )


def test_what_waited_for_a_day_is_never_told_and_that_is_said(store, counting, receiver):
    settings = subscribed(store, receiver.url)
    counting.passes(5)
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE event_outbox SET written_at = now() - interval '25 hours'"))
    ids = counting.passes(1)
    receiver.status = 500
    tell_events(store, settings, 0)
    receiver.status = 204
    due_now(store)
    [told] = tell_events(store, settings, 0)
    assert told.skipped == 5
    assert receiver.messages[-1]["data"]["skipped"] == 5
    assert [one["id"] for one in receiver.messages[-1]["data"]["events"]] == ids
    counting.passes(1)
    tell_events(store, settings, 0)
    assert receiver.messages[-1]["data"]["skipped"] == 0


def test_a_batch_whose_teller_died_is_told_again(store, counting, receiver):
    settings = subscribed(store, receiver.url)
    ids = counting.passes(1)
    with store.transaction() as tx:
        batch = outbox.take(tx, hashlib.sha256(receiver.url.encode()).hexdigest()[:16], 10)
    assert batch is not None
    assert tell_events(store, settings, 0)[0].sent == 0  # it may still be under way
    due_now(store)
    tell_events(store, settings, 0)
    assert ids_of(receiver) == ids


def test_nobody_is_told_who_does_not_want_to_hear_of_events(store, counting, receiver):
    counting.passes(1)
    assert waiting(store) == 0  # nobody had subscribed
    settings = subscribed(store, receiver.url)
    counting.passes(1)
    with WebhookReceiver() as other:
        tell_events(store, msgspec.structs.replace(settings, event_urls=other.url), 0)
        assert waiting(store) == 0
        ids = counting.passes(1)
        tell_events(store, msgspec.structs.replace(settings, event_urls=other.url), 0)
        assert ids_of(other) == ids
    assert receiver.received == []


def test_an_address_nobody_asks_for_any_more_is_forgotten_after_a_day(store, counting, receiver):
    subscribed(store, receiver.url)
    counting.passes(1)
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE event_subscriber SET renewed_at = now() - interval '25 hours'"))
    counting.passes(1)
    assert waiting(store) == 1
    upkeep.keep_up(store, Settings(), NOON)
    assert waiting(store) == 0


def test_what_a_watcher_counts_is_told_whole_while_another_address_hangs(
    store, database_url, tmp_path, receiver
):
    film = write_film(tmp_path / "square.mp4", Film(seconds=12.0, gop_s=1.0))
    with (
        CameraSimulator(film, segment_s=1.0, window=8) as camera,
        FakeDetector(answers=squares) as detector,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        one = watched(database_url, tmp_path / "var", camera, detector)
        settings = subscribed(store, f"http://127.0.0.1:{silent.getsockname()[1]}/,{receiver.url}")
        with Watcher(one):
            tell_events(store, settings, 6)
            eventually(lambda: one.events("enter"))
        due_now(store)
        tell_events(store, settings, 0)
        rows = sorted(one.events(), key=lambda row: row["ts"])
        one.store.close()
    told = [(event["processor_id"], event["ts"], event["kind"]) for event in events_of(receiver)]
    assert len(told) == len(rows) > 0
    assert sorted(told) == sorted((row["processor_id"], in_utc(row["ts"]), row["kind"]) for row in rows)
    assert [ts for _, ts, _ in told] == [in_utc(row["ts"]) for row in rows]


def test_films_and_what_is_known_already_are_told_to_nobody(store, counting, receiver):
    subscribed(store, receiver.url)
    counting.passes(1)
    with store.transaction() as tx:
        watching.add_events(tx, [an_event(processor_id=counting.processor_id, ts=noon(9000))])
    assert waiting(store) == 1


def test_a_purged_processor_takes_along_what_was_still_to_be_told(store, counting, receiver):
    subscribed(store, receiver.url)
    counting.passes(2)
    with store.transaction() as tx:
        processors.delete_processor(tx, counting.processor_id, purge=True)
    assert waiting(store) == 0


@pytest.mark.parametrize(
    "urls", ["ftp://me:hush@somewhere/", "mqtt://me:hush@broker:x/", "mqtt:///hush", "mqtt://hush/+"]
)
def test_an_address_that_is_none_is_refused_without_telling_it(store, urls):
    with pytest.raises(InvalidInput, match="HYPERSIGHT_EVENT_URLS") as refused:
        tell_events(store, Settings(event_urls=urls), 0)
    assert "hush" not in str(refused.value)


def test_an_events_id_is_its_key_in_any_time_zone():
    event = an_event(ts=NOON.astimezone().replace(microsecond=5), kind=EventKind.EXIT, zone=2, track_id=17)
    assert EventMessage(1, event).event_id == "4.2026-03-02T12:00:00.000005Z.exit.2.17"
