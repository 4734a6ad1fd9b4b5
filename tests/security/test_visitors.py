"""Sessions, and sockets that strangers talk nonsense to."""

import contextlib
import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from hypersight_core.live.publisher import FacesPublisher
from tests.integration.test_api_process import seen
from tests.serving import NO_DATABASE, api, api_process

pytestmark = pytest.mark.integration

SITE = "http://cameras.example"
GREETINGS = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=200),
    st.sampled_from(["client\n", "CLIENT", "OK", '{"client": 1}', "c" * 3000]),
)
FRAMES = st.lists(st.one_of(st.text(max_size=100), st.binary(max_size=100)), max_size=5)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
SOME = settings(max_examples=40, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def test_a_session_is_new_whatever_cookie_the_browser_came_with(store, database_url, tmp_path):
    with api(database_url, tmp_path, base_url=SITE, api_token="t0ken") as client:
        client.follow_redirects = False
        opened = []
        for planted in ("", "attacker"):
            client.cookies.clear()
            if planted:
                client.cookies.set("hypersight_session", planted)
            reply = client.post("/sign-in", data={"token": "t0ken", "next": "/"}, headers={"origin": SITE})
            assert reply.status_code == 303
            opened.append(reply.cookies["hypersight_session"])
    assert len({*opened, "attacker", ""}) == len(opened) + 2


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("var")
    with api_process(NO_DATABASE, folder, HYPERSIGHT_LIVE_TOKEN="live") as process:
        yield process


@pytest.fixture(scope="module")
def neighbour(running):
    """Follow the faces while others misbehave."""
    with connect(running.url("/faces", "ws"), compression=None) as client:
        client.send("client")
        assert client.recv(timeout=5) == "OK"
        yield client


@SOME
@given(greeting=GREETINGS.filter(lambda said: said != "client"))
def test_whatever_is_said_instead_of_the_greeting_is_refused(running, greeting):
    with connect(running.url("/faces", "ws"), compression=None) as client:
        client.send(greeting)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=5)
        assert client.close_code == 1008


@SOME
@given(frames=FRAMES, path=st.sampled_from(["/", "/faces"]))
def test_whatever_a_viewer_says_after_it_changes_nothing(running, frames, path):
    with connect(running.url(path, "ws"), compression=None) as client:
        client.send("client")
        assert client.recv(timeout=5) == "OK"
        for frame in frames:
            client.send(frame)
        assert client.ping().wait(5)


@SOME
@given(raw=st.binary(max_size=60))
def test_bytes_that_are_no_frame_at_all_hurt_nobody(running, raw):
    with (
        contextlib.suppress(ConnectionClosed, OSError),
        connect(running.url("/", "ws"), close_timeout=0.1) as client,
    ):
        client.socket.sendall(raw)


@SOME
@given(path=st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=20))
def test_no_other_path_is_a_socket(running, path):
    with pytest.raises(InvalidStatus) as refused, connect(running.url(f"/x{path}", "ws")):
        pass
    assert refused.value.response.status_code < 500


@SOME
@given(body=BODIES)
def test_whatever_a_watcher_brings_is_faces_or_refused(running, body):
    reply = httpx.post(
        running.url("/live/faces"), content=json.dumps(body), headers={"authorization": "Bearer live"}
    )
    assert reply.status_code == 400


def test_after_all_that_faces_still_come_nobody_is_left_over_and_no_bug_was_logged(running, neighbour):
    for greeting in (b"\xff", "x", "client ", "client"):
        with connect(running.url("/faces", "ws"), compression=None) as client:
            client.send(greeting)
    publisher = FacesPublisher(running.url(""), "live")
    publisher.publish(seen())
    assert json.loads(neighbour.recv(timeout=5))["camera_id"] == "1"
    publisher.close()
    figures = httpx.get(running.url("/metrics")).text
    assert "hypersight_faces_viewers 1.0" in figures
    assert not [line for line in running.log if "Traceback" in line or "a request failed" in line]
