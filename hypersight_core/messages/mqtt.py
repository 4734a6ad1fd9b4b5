"""Messages to an MQTT broker: the newest state of each camera is retained, events are passed on."""

import queue
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import msgspec
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from hypersight_core.domain.event_messages import EventMessage
from hypersight_core.errors import InvalidInput, TargetUnavailable
from hypersight_core.messages.target import fingerprint
from hypersight_core.tls import new_context

SCHEMES = {"mqtt": 1883, "mqtts": 8883}
"""Each with its usual port; the second is TLS."""
USUAL_PREFIX = "hypersight"
CONNECT_S = 5.0
ACKNOWLEDGED_S = 10.0
KEEPALIVE_S = 30
LOOK_S = 0.1
AT_LEAST_ONCE = 1


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and the topics it gets."""

    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None
    prefix: str

    @classmethod
    def parsed(cls, url: str) -> Self:
        """Read `mqtt(s)://user:password@host:port/prefix`; all but the host may be missing.

        Raises:
            InvalidInput: it is none; without the address, which may hold a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InvalidInput("its port is none") from error
        prefix = unquote(parts.path).strip("/")
        if not parts.hostname or parts.query or parts.fragment or set("+#") & set(prefix):
            raise InvalidInput("it must be mqtt(s)://user:password@host:port/prefix")
        return cls(
            host=parts.hostname,
            port=port or SCHEMES[parts.scheme.lower()],
            is_tls=parts.scheme.lower() == "mqtts",
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            prefix=prefix or USUAL_PREFIX,
        )


class MqttTarget:
    """A broker that gets messages, each acknowledged before it counts as told.

    It stays connected from the first message until a message fails, or until it is closed.
    """

    def __init__(self, url: str) -> None:
        self._broker = Broker.parsed(url)
        self._fingerprint = fingerprint(url)
        self._client: Client | None = None

    @property
    def fingerprint(self) -> str:
        """What names the address without telling it."""
        return self._fingerprint

    def tell_camera(self, message_id: str, body: Mapping[str, Any], at: datetime) -> None:  # noqa: ARG002 - in the body
        """Publish how a camera fares; the broker keeps it for those who subscribe later."""
        topic = f"{self._broker.prefix}/cameras/{body['data']['camera_id']}/state"
        self._publish([(topic, {"id": message_id, **body})], is_retained=True)

    def tell_events(self, events: Sequence[EventMessage], skipped: int, at: datetime) -> None:  # noqa: ARG002 - events have theirs
        """Publish what happened, a message each; the first one says what was skipped before it."""
        messages = [
            (
                f"{self._broker.prefix}/processors/{one.event.processor_id}/events",
                {**one.body(), "skipped": 0 if number else skipped},
            )
            for number, one in enumerate(events)
        ]
        self._publish(messages, is_retained=False)

    def close(self) -> None:
        """End the connection, if there is one."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _publish(self, messages: Sequence[tuple[str, Mapping[str, Any]]], *, is_retained: bool) -> None:
        try:
            client = self._client = self._client or _connected(self._broker)
            sent = [
                client.publish(topic, msgspec.json.encode(body), AT_LEAST_ONCE, is_retained)
                for topic, body in messages
            ]
            _wait_for(client, sent)
        except (OSError, ValueError, RuntimeError) as error:
            self.close()  # with all that its queue still holds: it would be sent out of turn
            raise TargetUnavailable(f"{type(error).__name__}: {error}") from None
        except TargetUnavailable:
            self.close()
            raise


def _connected(broker: Broker) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"hypersight-{secrets.token_hex(4)}",
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_S
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.is_tls:
        client.tls_set_context(new_context())
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.put(
        str(reason) if reason.is_failure else ""
    )
    client.on_disconnect = lambda *_: answers.put("it ended the connection")
    client.connect(broker.host, broker.port, KEEPALIVE_S)
    client.loop_start()
    try:
        problem = answers.get(timeout=CONNECT_S)
    except queue.Empty:
        problem = f"no answer within {CONNECT_S:.0f} s"
    if problem:
        client.disconnect()
        client.loop_stop()
        raise TargetUnavailable(f"the broker does not let us in: {problem}")
    return client


def _wait_for(client: Client, sent: Sequence[MQTTMessageInfo]) -> None:
    until_s = time.monotonic() + ACKNOWLEDGED_S
    for one in sent:
        while not one.is_published():
            if not client.is_connected():
                raise TargetUnavailable("the broker ended the connection before it acknowledged")
            if time.monotonic() > until_s:
                raise TargetUnavailable(f"the broker did not acknowledge within {ACKNOWLEDGED_S:.0f} s")
            one.wait_for_publish(LOOK_S)
