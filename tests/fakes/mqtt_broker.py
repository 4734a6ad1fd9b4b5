"""An MQTT broker (rumqttd) on a free loopback port, and somebody who subscribes to everything."""

import json
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import trustme
from iotcore import Broker
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

USER, PASSWORD = "watcher", "hush & more"
CONFIG = """
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v4.1]
name = "v4-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
{tls}
[v4.1.connections]
connection_timeout_ms = 5000
max_payload_size = 20480
max_inflight_count = 100
dynamic_filters = true
[v4.1.connections.auth]
"{user}" = "{password}"
"""
TLS = """
[v4.1.tls]
certpath = "{folder}/server.pem"
keypath = "{folder}/server.key"
"""


class MqttBroker:
    """May be stopped and started again on the same port; use it as a context manager."""

    def __init__(self, folder: Path, authority: trustme.CA | None = None) -> None:
        self.port = _free_port()
        self._authority = authority
        config = folder / f"broker-{self.port}.toml"
        tls = ""
        if authority is not None:
            certificate = authority.issue_cert("localhost", "127.0.0.1")
            certificate.private_key_pem.write_to_path(folder / "server.key")
            for pem in certificate.cert_chain_pems:
                pem.write_to_path(folder / "server.pem", append=True)
            tls = TLS.format(folder=folder)
        config.write_text(CONFIG.format(port=self.port, tls=tls, user=USER, password=PASSWORD))
        self._broker = Broker(config_path=str(config))

    def url(self, prefix: str = "") -> str:
        scheme = "mqtt" if self._authority is None else "mqtts"
        return f"{scheme}://{USER}:{quote(PASSWORD)}@localhost:{self.port}/{prefix}"

    def start(self) -> None:
        self._broker.start()

    def stop(self) -> None:
        self._broker.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Subscriber:
    """Keeps every message of a broker, retained ones first; use it as a context manager."""

    def __init__(self, broker: MqttBroker, authority: trustme.CA | None = None) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        """Topic and message, in the order they came."""
        self._is_subscribed = threading.Event()
        self._broker = broker
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"test-{id(self)}")
        self._client.username_pw_set(USER, PASSWORD)
        if authority is not None:
            context = ssl.create_default_context()
            authority.configure_trust(context)
            self._client.tls_set_context(context)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()
        self._client.on_message = self._heard

    def on(self, topic: str) -> list[dict[str, Any]]:
        return [message for heard, message in self.received if heard == topic]

    def __enter__(self) -> Self:
        self._client.connect("localhost", self._broker.port)
        self._client.loop_start()
        assert self._is_subscribed.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _heard(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self.received.append((message.topic, json.loads(message.payload)))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
