"""The API as the process a user starts: websockets, slow clients, start and end."""

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from hypersight_core.domain.faces import Face, FacesInFrame
from hypersight_core.live.publisher import WAITING_FRAMES, FacesPublisher
from hypersight_core.live.wire import faces_message, message_text
from tests.serving import NO_DATABASE, api_process

pytestmark = pytest.mark.integration

BEARER = {"authorization": "Bearer live"}


@pytest.fixture
def running(tmp_path):
    with api_process(NO_DATABASE, tmp_path, HYPERSIGHT_LIVE_TOKEN="live") as process:
        yield process


def seen(camera_id: int = 1, jpeg: bytes = b"\xff\xd8face") -> FacesInFrame:
    face = Face((10.0, 20.0, 30.0, 40.0), 0.98, jpeg)
    return FacesInFrame(camera_id, "http://user:secret@camera.invalid/", datetime.now(UTC), (face,))


@contextmanager
def viewer(running, path: str = "/faces", **more):
    with connect(running.url(path, "ws"), compression=None, **more) as client:
        client.send("client")
        assert client.recv(timeout=5) == "OK"
        yield client


@pytest.mark.parametrize("path", ["/faces", "/"])
def test_faces_reach_every_viewer_in_the_form_of_the_field(running, path):
    publisher = FacesPublisher(running.url(""), "live")
    with viewer(running, path) as one, viewer(running, path) as two:
        publisher.publish(seen())
        messages = [json.loads(client.recv(timeout=5)) for client in (one, two)]
    publisher.close()
    assert messages[0] == messages[1]
    assert list(messages[0]) == ["frame_ts", "container", "camera_id", "camera_url", "faces"]
    assert messages[0]["camera_url"] == "http://camera.invalid/"
    face = messages[0]["faces"][0]
    assert (face["bbox"], face["conf"]) == ([10, 20, 30, 40], 0.98)
    assert base64.b64decode(face["img"]) == b"\xff\xd8face"


def test_the_page_and_the_websocket_share_the_root_path(running):
    assert httpx.get(running.url("/")).status_code == 503  # the page, which has no database here
    with viewer(running, "/"):
        pass


@pytest.mark.parametrize("greeting", ["hello", "client ", "", b"client", "x" * 3000])
def test_any_other_greeting_is_refused(running, greeting):
    with connect(running.url("/faces", "ws")) as client:
        client.send(greeting)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=5)
        assert client.close_code == 1008


def test_a_slow_viewer_loses_its_oldest_messages_and_holds_nobody_up(running):
    jpeg = os.urandom(300_000)
    with viewer(running, max_queue=1) as slow, viewer(running, max_queue=None) as quick:
        frames = 60
        for number in range(frames):
            reply = httpx.post(running.url("/live/faces"), content=body(number, jpeg), headers=BEARER)
            assert reply.status_code == 204
            assert json.loads(quick.recv(timeout=5))["camera_id"] == str(number)
        got: list[int] = []
        while not got or got[-1] != frames - 1:
            got.append(int(json.loads(slow.recv(timeout=5))["camera_id"]))
    assert got == sorted(got)
    assert len(got) < frames


def body(camera_id: int, jpeg: bytes) -> str:
    return message_text(faces_message(seen(camera_id, jpeg)))


def test_a_body_beyond_eight_megabytes_is_refused(running):
    reply = httpx.post(running.url("/live/faces"), content=b"x" * 8_100_000, headers=BEARER, timeout=20)
    assert reply.status_code == 413


def test_it_ends_soon_though_viewers_stay(running):
    with viewer(running), connect(running.url("/", "ws")):
        began_s = time.monotonic()
        running.stop()
        assert time.monotonic() - began_s < 5


def test_a_token_in_an_address_is_never_logged(tmp_path):
    with api_process(NO_DATABASE, tmp_path, HYPERSIGHT_API_TOKEN="hush") as process:
        with viewer(process, "/faces?token=hush"):
            pass
        assert httpx.get(process.url("/healthz?token=hush")).status_code == 200
        with pytest.raises(InvalidStatus), connect(process.url("/faces?token=wrong", "ws")):
            pass
    log = "".join(process.log)
    assert "listening" in log
    assert "hush" not in log
    assert "token=" not in log


def started(tmp_path, **environ: str) -> "subprocess.CompletedProcess[str]":
    usual = {"HYPERSIGHT_DATABASE_URL": NO_DATABASE, "HYPERSIGHT_VAR_DIR": str(tmp_path)}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HYPERSIGHT_")}  # noqa: TID251
    return subprocess.run(
        [sys.executable, "-m", "hypersight_api"],
        env=inherited | usual | environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = started(tmp_path, HYPERSIGHT_API_PORT=str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "HYPERSIGHT_API_PORT" in ended.stderr
    assert "in use" in ended.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_it_does_not_open_to_strangers_without_a_token(tmp_path, host):
    ended = started(tmp_path, HYPERSIGHT_API_HOST=host)
    assert ended.returncode == 1
    assert "HYPERSIGHT_API_TOKEN" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("url", ["mysql://user:hush@db/x", "not a url", ""])
def test_a_database_url_that_is_none_is_a_clear_message(tmp_path, url):
    ended = started(tmp_path, HYPERSIGHT_DATABASE_URL=url, HYPERSIGHT_API_PORT="0")
    assert ended.returncode == 1
    assert "database" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hush" not in ended.stderr


@contextmanager
def a_web_server(answer):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            answer(self, json.loads(content))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_publisher_never_waits_for_a_slow_hub_and_drops_the_oldest():
    first, arrived, gate = threading.Event(), [], threading.Event()

    def slowly(handler, message) -> None:
        arrived.append(int(message["camera_id"]))
        first.set()
        gate.wait(5)
        handler.send_response(204)
        handler.end_headers()

    with a_web_server(slowly) as url:
        publisher = FacesPublisher(url, "live")
        publisher.publish(seen(0))
        assert first.wait(5)
        began_s = time.monotonic()
        for number in range(1, 101):
            publisher.publish(seen(number))
        assert time.monotonic() - began_s < 0.5
        gate.set()
        publisher.close()
    # One place of the queue is taken by the word to end.
    assert arrived == [0, *range(101 - WAITING_FRAMES + 1, 101)]


def test_a_publisher_says_an_outage_once_and_goes_on_when_it_is_over(caplog):
    is_well = threading.Event()

    def moody(handler, _) -> None:
        handler.send_response(204 if is_well.is_set() else 503)
        handler.end_headers()

    caplog.set_level("INFO", "hypersight_core.live.publisher")
    with a_web_server(moody) as url:
        publisher = FacesPublisher(url, "live")
        for _ in range(5):
            publisher.publish(seen())
        deadline_s = time.monotonic() + 5
        while not caplog.messages and time.monotonic() < deadline_s:
            time.sleep(0.02)
        time.sleep(0.3)
        is_well.set()
        publisher.publish(seen())
        publisher.close()
    assert caplog.messages == ["faces are not broadcast for now", "faces are broadcast again"]


def test_a_publisher_without_a_hub_ends_in_time():
    publisher = FacesPublisher("http://127.0.0.1:1", "live")
    for _ in range(100):
        publisher.publish(seen())
    began_s = time.monotonic()
    publisher.close()
    assert time.monotonic() - began_s < 3
