"""Outages noticed in a real database and told to a real HTTP server."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
import trustme

from hypersight_core.errors import InvalidInput
from hypersight_core.operations.notices import notice_and_tell
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, outages, upkeep
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease, WatcherState
from hypersight_core.store.processors import create_processor
from tests.builders import camera_settings, processor_settings
from tests.fakes.mqtt_broker import MqttBroker, Subscriber
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.integration.test_watcher import eventually
from tests.serving import api

pytestmark = pytest.mark.integration
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of pure secrecy").decode()
BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def settings(receiver: WebhookReceiver) -> Settings:
    return Settings(
        notify_urls=receiver.url, notify_secret=SECRET, page_url="http://page", dagster_url="http://dagster"
    )


@pytest.fixture
def camera_id(store: Store) -> int:
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings(name="gate"))
        create_processor(tx, camera.camera_id, processor_settings())
    return camera.camera_id


def look(store: Store, settings: Settings, second: float) -> None:
    notice_and_tell(store, settings, BEGIN + timedelta(seconds=second))


def due_now(store: Store) -> None:
    """Let time pass for everything that waits."""
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE notification SET next_try_at = now() - interval '1 second'"))


def watched(store: Store, camera_id: int, phase: str = "watching", detail: str = "") -> Lease:
    lease = Lease(store, camera_id, "7c6f0f2e-2f0e-4f49-9c6f-5d2b0a3f1c11")
    lease.acquire()
    lease.beat(WatcherState(phase=phase, position_at=None, lag_s=None, detail=detail))
    return lease


def test_a_failure_and_its_end_are_told_once_each_with_a_signature(store, settings, receiver, camera_id):
    for second in (0, 30, 60, 90, 600):
        look(store, settings, second)
    lease = watched(store, camera_id)
    for second in (610, 620, 640, 650, 700):
        look(store, settings, second)
    lease.release("disabled")
    down, back = receiver.messages
    assert (down["type"], back["type"]) == ("camera.down", "camera.recovered")
    assert down["data"] | {"outage_id": 0} == {
        "outage_id": 0, "camera_id": camera_id, "camera": "gate", "state": "down", "reason": "Not watched",
        "began_at": BEGIN.isoformat(), "ended_at": None, "lasted_s": 60,
        "camera_url": f"http://page/cameras/{camera_id}", "run_url": None,
    }  # fmt: skip
    assert back["data"]["lasted_s"] == 610
    assert back["data"]["run_url"] == "http://dagster/runs/7c6f0f2e-2f0e-4f49-9c6f-5d2b0a3f1c11"
    for headers, body in receiver.received:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(b"thirty-two bytes of pure secrecy", signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_a_detector_that_is_away_is_told_as_that_without_any_secret(store, settings, receiver, camera_id):
    why = "http://me:secret@detector/objects?token=abc does not answer"
    lease = watched(store, camera_id, "detector_away", why)
    look(store, settings, 0)
    look(store, settings, 60)
    lease.release("disabled")
    [message] = receiver.messages
    assert message["type"] == "camera.detector_away"
    assert "waiting for it: http://detector/objects" in message["data"]["reason"]
    said = json.dumps(message) + str(receiver.received[0][0])
    assert not any(secret in said for secret in ("me:secret", "abc", "camera.invalid", SECRET))


def test_a_message_that_nobody_takes_is_repeated_with_the_same_id_until_it_arrives(
    store, settings, receiver, camera_id
):
    receiver.status = 500
    look(store, settings, 0)
    look(store, settings, 60)
    look(store, settings, 61)
    assert len(receiver.received) == 1  # it waits for ten seconds
    with store.transaction() as tx:
        assert tx.scalar(sa.text("SELECT problem FROM notification")) == "it answered 500"
    receiver.status = 204
    due_now(store)
    look(store, settings, 75)
    due_now(store)
    look(store, settings, 90)
    assert [headers["webhook-id"] for headers, _ in receiver.received] == [
        receiver.received[0][0]["webhook-id"]
    ] * 2


def test_what_is_to_be_told_survives_the_end_of_the_process_that_noticed_it(
    store, settings, receiver, camera_id
):
    away = msgspec.structs.replace(settings, notify_urls="http://127.0.0.1:9/hook")
    look(store, away, 0)
    look(store, away, 60)  # written down; nobody listens there
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE notification SET target = :it"), {"it": fingerprint(receiver.url)})
    due_now(store)
    look(store, settings, 120)
    assert [message["type"] for message in receiver.messages] == ["camera.down"]


def test_a_recovery_waits_for_its_failure_to_arrive(store, settings, receiver, camera_id):
    receiver.status = 503
    look(store, settings, 0)
    look(store, settings, 60)
    lease = watched(store, camera_id)
    look(store, settings, 70)
    look(store, settings, 100)
    receiver.status = 200
    due_now(store)
    look(store, settings, 110)
    lease.release("disabled")
    assert [message["type"] for message in receiver.messages] == [
        "camera.down", "camera.down", "camera.recovered",
    ]  # fmt: skip


def test_a_message_that_nobody_takes_for_a_day_is_given_up(store, settings, receiver, camera_id):
    receiver.status = 500
    look(store, settings, 0)
    look(store, settings, 60)
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE notification SET created_at = :at"), {"at": BEGIN - timedelta(days=1)})
    due_now(store)
    look(store, settings, 120)
    due_now(store)
    look(store, settings, 180)
    assert len(receiver.received) == 2


def test_each_address_hears_once_and_one_that_is_away_holds_up_nobody(store, settings, receiver, camera_id):
    with WebhookReceiver() as other:
        other.status = 500
        both = msgspec.structs.replace(settings, notify_urls=f"{other.url}, {receiver.url}")
        look(store, both, 0)
        look(store, both, 60)
        due_now(store)
        look(store, both, 80)
        assert len(receiver.received) == 1
        assert len(other.received) == 2


def test_a_switched_off_camera_ends_its_outage(store, settings, receiver, camera_id):
    look(store, settings, 0)
    look(store, settings, 60)
    with store.transaction() as tx:
        cameras.delete_camera(tx, camera_id)
    look(store, settings, 70)
    assert [message["data"]["state"] for message in receiver.messages] == ["down", "switched_off"]
    assert "was switched off or deleted" in receiver.messages[1]["text"]


def test_without_addresses_outages_are_kept_all_the_same(store, receiver, camera_id):
    look(store, Settings(), 0)
    look(store, Settings(), 60)
    with store.transaction() as tx:
        [outage] = outages.newest_outages(tx, camera_id)
        assert tx.scalar(sa.text("SELECT count(*) FROM notification")) == 0
    assert (outage.camera_id, outage.ended_at) == (camera_id, None)


def test_the_api_lists_outages_and_upkeep_forgets_old_ones(store, database_url, tmp_path, camera_id):
    for second in (0, 60):
        look(store, Settings(), second)
    lease = watched(store, camera_id)
    for second in (100, 130):
        look(store, Settings(), second)
    lease.release("disabled")
    with api(database_url, tmp_path) as client:
        [one] = client.get(f"/api/v1/outages?camera_id={camera_id}").json()
        assert client.get("/api/v1/outages?camera_id=999").json() == []
    assert {key: one[key] for key in ("condition", "reason", "began_at", "ended_at", "ended_by")} == {
        "condition": "down", "reason": "Not watched", "began_at": "2026-03-02T12:00:00Z",
        "ended_at": "2026-03-02T12:01:40Z", "ended_by": "recovered",
    }  # fmt: skip
    upkeep.keep_up(store, Settings(), BEGIN + timedelta(days=91))
    with store.transaction() as tx:
        assert outages.newest_outages(tx) == []


def test_two_rounds_at_once_tell_nothing_twice(store, settings, receiver, camera_id):
    look(store, settings, 0)
    with store.transaction() as tx:
        assert outages.only_one(tx)
        look(store, settings, 60)
        assert receiver.received == []
    look(store, settings, 70)
    assert len(receiver.received) == 1


def test_a_broker_retains_how_each_camera_fares(store, settings, camera_id, tmp_path):
    with MqttBroker(tmp_path) as broker:
        told = msgspec.structs.replace(settings, notify_urls=broker.url("shop"))
        look(store, told, 0)
        look(store, told, 60)
        topic = f"shop/cameras/{camera_id}/state"
        with Subscriber(broker) as late:  # subscribed after it was told
            eventually(lambda: late.on(topic))
            assert [message["data"]["state"] for message in late.on(topic)] == ["down"]
            assert late.on(topic)[0]["id"].startswith("msg_")
        lease = watched(store, camera_id)
        for second in (70, 100):
            look(store, told, second)
        lease.release("disabled")
        with Subscriber(broker) as later:
            eventually(lambda: later.on(topic))
            assert [message["type"] for message in later.on(topic)] == ["camera.recovered"]


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_is_reached_over_tls_if_its_certificate_is_believed(
    store, settings, camera_id, tmp_path, monkeypatch
):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    with MqttBroker(tmp_path, authority) as broker:
        told = msgspec.structs.replace(settings, notify_urls=broker.url())
        look(store, told, 0)
        look(store, told, 60)
        assert "CERTIFICATE_VERIFY_FAILED" in problem(store)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        due_now(store)
        look(store, told, 70)
        with Subscriber(broker, authority) as late:
            eventually(lambda: late.received)
    assert problem(store) == ""


def test_a_wrong_password_of_a_broker_is_said_without_it(store, settings, camera_id, tmp_path):
    with MqttBroker(tmp_path) as broker:
        wrong = f"mqtt://watcher:s3cret-but-wrong@localhost:{broker.port}"
        told = msgspec.structs.replace(settings, notify_urls=wrong)
        look(store, told, 0)
        look(store, told, 60)
    assert problem(store).startswith("the broker does not let us in")
    assert "s3cret" not in problem(store)


def test_a_broker_that_says_nothing_is_waited_for_a_moment(store, settings, camera_id):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = msgspec.structs.replace(settings, notify_urls=f"mqtt://127.0.0.1:{silent.getsockname()[1]}")
        look(store, told, 0)
        began_s = time.monotonic()
        look(store, told, 60)
        assert time.monotonic() - began_s < 10
    assert "no answer within 5 s" in problem(store)


def test_a_newer_outage_waits_for_what_is_still_to_be_told_of_the_camera(
    store, settings, receiver, camera_id
):
    look(store, settings, 0)
    look(store, settings, 60)
    receiver.status = 500
    lease = watched(store, camera_id)
    for second in (70, 100):
        look(store, settings, second)
    lease.release("disabled")
    for second in (200, 260):  # the second outage begins while the end of the first waits
        look(store, settings, second)
    receiver.status = 200
    for second in (270, 280):
        due_now(store)
        look(store, settings, second)
    assert [message["type"] for message in receiver.messages] == [
        "camera.down", "camera.recovered", "camera.recovered", "camera.down",
    ]  # fmt: skip


@pytest.mark.parametrize("urls", ["ftp://somewhere/", "hook.example", "mqtt://"])
def test_an_address_that_is_none_is_refused(store, urls):
    with pytest.raises(InvalidInput, match="HYPERSIGHT_NOTIFY_URLS"):
        look(store, Settings(notify_urls=urls), 0)


def problem(store: Store) -> str:
    with store.transaction() as tx:
        return str(tx.scalar(sa.text("SELECT problem FROM notification ORDER BY notification_id DESC")))


def fingerprint(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]
