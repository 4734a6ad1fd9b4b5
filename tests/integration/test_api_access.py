"""Who may ask what."""

import base64

import pytest
from litestar.exceptions import WebSocketDisconnect

from hypersight_core.store import cameras
from tests.builders import camera_settings
from tests.serving import api

pytestmark = pytest.mark.integration

PATHS = ("/", "/statusWatch", "/api/v1/cameras", "/schema", "/metrics", "/static/page.js", "/frame/a.jpg")


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()}


@pytest.fixture
def guarded(store, database_url, tmp_path):
    with api(database_url, tmp_path, base_url="http://cameras.example", api_token="t0ken") as client:
        yield client


@pytest.fixture
def opened(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    with api(database_url, tmp_path, live_token="live") as client:
        yield client


def test_a_stranger_gets_nothing_but_health(guarded):
    for path in PATHS:
        reply = guarded.get(path)
        assert reply.status_code == 401, path
        assert reply.headers["www-authenticate"].startswith("Basic")
    assert guarded.post("/traffic", json={"proc_id": 1, "start_ts": "x"}).status_code == 401
    assert guarded.get("/healthz").json() == {"status": "alive"}
    assert guarded.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer t0ke"}, {"authorization": "Bearer "}, {"authorization": "t0ken"},
        {"authorization": "Basic t0ken"}, {"authorization": "Basic ////"}, basic(""), basic("t0ken "),
        {"authorization": b"Bearer \xff"}, {"cookie": "token=t0ken"},
    ],
)  # fmt: skip
def test_anything_but_the_token_is_refused(guarded, headers):
    assert guarded.get("/statusWatch", headers=headers).status_code == 401


def test_a_token_in_the_address_opens_websockets_only(guarded):
    assert guarded.get("/statusWatch?token=t0ken").status_code == 401
    with guarded.websocket_connect("/faces?token=t0ken") as socket:
        socket.send_text("client")
        assert socket.receive_text() == "OK"
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("/faces?token=wrong") as socket:
        socket.receive_text()
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("/") as socket:
        socket.receive_text()


def test_the_token_opens_everything_as_bearer_or_as_the_password_a_browser_asks_for(guarded):
    for headers in ({"authorization": "Bearer t0ken"}, {"authorization": "bearer t0ken"}, basic("t0ken")):
        assert guarded.get("/statusWatch", headers=headers).status_code == 200
        assert guarded.get("/", headers=headers).status_code == 200


def test_without_a_token_only_loopback_names_are_answered(opened):
    for host in ("127.0.0.1", "localhost:8000", "[::1]:8000", "LOCALHOST"):
        assert opened.get("/statusWatch", headers={"host": host}).status_code == 200
    for host in (
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8000",
        "[",
        "localhost@evil.example",
    ):
        reply = opened.get("/statusWatch", headers={"host": host})
        assert reply.status_code == 403, host


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:81"},
        {"origin": "http://["}, {"sec-fetch-site": "cross-site"},
    ],
)  # fmt: skip
def test_other_web_sites_can_change_nothing_and_see_no_faces(opened, headers):
    assert opened.delete("/api/v1/cameras/1", headers=headers).status_code == 403
    assert opened.post("/getFrame", json={"camera_id": 1}, headers=headers).status_code == 403
    assert len(opened.get("/api/v1/cameras").json()) == 1
    with pytest.raises(WebSocketDisconnect), opened.websocket_connect("/faces", headers=headers) as socket:
        socket.receive_text()


def test_our_own_page_may(opened):
    headers = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    assert opened.delete("/api/v1/cameras/1", headers=headers).status_code == 204


def test_faces_are_brought_by_watchers_only(opened, guarded):
    body = {"frame_ts": "2026-01-01 00:00:00.000000"}
    assert opened.post("/live/faces", json=body).status_code == 403
    assert opened.post("/live/faces", json=body, headers={"authorization": "Bearer no"}).status_code == 403
    assert opened.post("/live/faces", json=body, headers={"authorization": "Bearer live"}).status_code == 400
    # No live token is set there: nobody can know it, not even by saying nothing.
    for headers in ({"authorization": "Bearer t0ken"}, {"authorization": "Bearer "}, {}):
        assert guarded.post("/live/faces", json=body, headers=headers).status_code == 403


def test_every_answer_tells_browsers_to_stay_at_home(opened):
    for path in ("/", "/statusWatch", "/no/such/page", "/static/page.css", "/schema"):
        headers = opened.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
