"""Signing in with a browser where the server listens beyond loopback."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from litestar.exceptions import WebSocketDisconnect

from hypersight_core.store import cameras
from tests.builders import camera_settings
from tests.serving import api

pytestmark = pytest.mark.integration

TOKEN = "t0ken"
SITE = "http://cameras.example"
PAGE = {"accept": "text/html,application/xhtml+xml"}
ORIGIN = {"origin": SITE}


@pytest.fixture
def guarded(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    with api(database_url, tmp_path, base_url=SITE, api_token="t0ken") as client:
        client.follow_redirects = False
        yield client


def sign_in(client: Any, token: str = TOKEN, to: str = "/", **more: str) -> Any:
    return client.post("/sign-in", data={"token": token, "next": to}, headers={**ORIGIN, **more})


@pytest.mark.parametrize("path", ["/", "/?x=1", "/api/v1/cameras?x=1&y=2"])
def test_a_browser_is_sent_to_sign_in_and_a_program_gets_401(guarded, path):
    reply = guarded.get(path, headers=PAGE)
    assert reply.status_code == 303
    sent = urlsplit(reply.headers["location"])
    assert (sent.path, parse_qs(sent.query)["next"]) == ("/sign-in", [path])
    assert guarded.get(path).status_code == 401


def test_a_browsers_own_questions_get_a_401_without_a_window_that_asks_for_a_password(guarded):
    reply = guarded.get("/api/v1/status", headers={"user-agent": "Mozilla/5.0", "accept": "*/*"})
    assert (reply.status_code, "www-authenticate" in reply.headers) == (401, False)
    part = guarded.get("/", headers={**PAGE, "hx-request": "true"})
    assert part.status_code == 401


def test_the_page_that_asks_can_be_seen_with_its_style_and_shows_nothing_else(guarded):
    page = guarded.get("/sign-in?next=/admin", headers=PAGE)
    assert page.status_code == 200
    assert 'name="next" value="/admin"' in page.text
    assert "door" not in page.text
    for path in ("/static/shell.css", "/static/theme.js", "/static/icon.svg"):
        assert path in page.text
        assert guarded.get(path).status_code == 200
    assert guarded.get("/static/shell.js").status_code == 401


def test_the_token_opens_a_session_that_reads(guarded):
    reply = sign_in(guarded, to="/admin?x=1")
    assert (reply.status_code, reply.headers["location"]) == (303, "/admin?x=1")
    session, csrf = reply.headers.get_list("set-cookie")
    assert session.startswith("hypersight_session=")
    for flag in ("HttpOnly", "SameSite=strict", "Max-Age=43200", "Path=/"):
        assert flag.lower() in session.lower()
    assert "httponly" not in csrf.lower()
    assert "samesite=strict" in csrf.lower()
    assert "secure" not in session.lower()
    assert "t0ken" not in session + csrf
    assert guarded.get("/api/v1/cameras").status_code == 200
    assert guarded.get("/", headers=PAGE).status_code == 200
    with guarded.websocket_connect("/faces") as socket:
        socket.send_text("client")
        assert socket.receive_text() == "OK"


def test_over_tls_the_cookies_are_for_tls_only(store, database_url, tmp_path):
    with api(database_url, tmp_path, base_url="https://cameras.example", api_token="t0ken") as client:
        client.follow_redirects = False
        reply = sign_in(client, origin="https://cameras.example")
        assert all("secure" in cookie.lower() for cookie in reply.headers.get_list("set-cookie"))


def test_a_session_writes_only_with_its_own_token_and_from_its_own_site(guarded):
    sign_in(guarded)
    right = {"x-csrf-token": guarded.cookies["hypersight_csrf"]}
    change = {"name": "other"}
    for headers in (
        {}, ORIGIN, {"x-csrf-token": ""}, {"x-csrf-token": "guess"},
        {**right, "origin": "https://evil.example"}, {**right, "sec-fetch-site": "cross-site"},
    ):  # fmt: skip
        reply = guarded.patch("/api/v1/cameras/1", json=change, headers=headers)
        assert reply.status_code == 403, headers
    assert guarded.get("/api/v1/cameras/1").json()["name"] == "door"
    assert guarded.patch("/api/v1/cameras/1", json=change, headers={**ORIGIN, **right}).status_code == 200


def test_a_foreign_page_hears_no_faces_on_somebodys_session(guarded):
    sign_in(guarded)
    with (
        pytest.raises(WebSocketDisconnect),
        guarded.websocket_connect("/faces", headers={"origin": "https://evil.example"}) as socket,
    ):
        socket.receive_text()


def test_programs_write_with_the_token_as_ever(guarded):
    reply = guarded.patch(
        "/api/v1/cameras/1", json={"name": "other"}, headers={"authorization": "Bearer t0ken"}
    )
    assert reply.status_code == 200


def test_sign_out_ends_it(guarded):
    sign_in(guarded)
    reply = guarded.post("/sign-out", headers=ORIGIN)
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in")
    assert guarded.get("/api/v1/cameras").status_code == 401


def test_a_wrong_token_says_so_and_the_sixth_has_to_wait(guarded):
    for _ in range(5):
        reply = sign_in(guarded, "wrong")
        assert reply.status_code == 401
        assert "That is not the token" in reply.text
        assert "set-cookie" not in reply.headers
    waiting = sign_in(guarded, "t0ken")
    assert waiting.status_code == 429
    assert 50 <= int(waiting.headers["retry-after"]) <= 60
    assert "set-cookie" not in waiting.headers


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/sign-in",
        "/a\nb",
    ],
)
def test_nobody_is_sent_to_another_site_afterwards(guarded, to):
    assert sign_in(guarded, to=to).headers["location"] == "/"


def test_another_site_can_sign_nobody_in(guarded):
    assert sign_in(guarded, origin="https://evil.example").status_code == 403


@pytest.mark.parametrize("cookie", ["x", "gAAAAA", "é", ""])
def test_a_made_up_cookie_opens_nothing(guarded, cookie):
    reply = guarded.get("/api/v1/cameras", headers={"cookie": f"hypersight_session={cookie}".encode()})
    assert reply.status_code == 401


def test_without_a_token_there_is_nothing_to_sign_in_to(store, database_url, tmp_path):
    with api(database_url, tmp_path) as client:
        client.follow_redirects = False
        assert client.get("/sign-in").headers["location"] == "/"
        assert client.post("/sign-in", data={"token": ""}).status_code == 401
