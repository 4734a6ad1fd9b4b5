"""Accounts, tokens, what each may do, and the log of what they did."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar.exceptions import WebSocketDisconnect

from hypersight_core import passwords
from hypersight_core.domain.access import Role, Scope
from hypersight_core.store import access_tokens, accounts, audit, cameras
from tests.builders import camera_settings
from tests.serving import api

pytestmark = pytest.mark.integration

SITE = "http://cameras.example"
ORIGIN = {"origin": SITE}
OWNER = {"authorization": "Bearer t0ken"}
PASSWORD = "correct horse battery"
CAMERA = {"name": "Door", "stream_url": "http://camera.invalid/live.m3u8"}


@pytest.fixture
def served(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    with api(database_url, tmp_path, base_url=SITE, api_token="t0ken", live_token="live") as client:
        client.follow_redirects = False
        yield client


def bearer(store, *scopes: Scope, expires_at: datetime | None = None) -> dict[str, str]:
    with store.transaction() as tx:
        _, secret = access_tokens.create_token(tx, "dashboard", scopes, "tests", expires_at)
    return {"authorization": f"Bearer {secret}"}


def add_account(store, role: Role, name: str = "ada") -> int:
    with store.transaction() as tx:
        return accounts.create_account(tx, name, passwords.hashed(PASSWORD), role).account_id


def sign_in(client: Any, name: str, password: str = PASSWORD) -> Any:
    client.cookies.clear()
    return client.post("/sign-in", data={"name": name, "token": password}, headers=ORIGIN)


def csrf(client: Any) -> dict[str, str]:
    return {**ORIGIN, "x-csrf-token": client.cookies["hypersight_csrf"]}


def may_follow_faces(client: Any, **headers: str) -> bool:
    try:
        with client.websocket_connect("/faces", headers=headers) as socket:
            socket.send_text("client")
            return bool(socket.receive_text() == "OK")
    except WebSocketDisconnect:
        return False


def allowed(client: Any, headers: dict[str, str]) -> set[Scope]:
    """Try one thing of each scope."""
    done = {
        Scope.METRICS_READ: client.get("/api/v1/cameras", headers=headers).status_code == 200,
        Scope.FACES_READ: may_follow_faces(client, **headers),
        Scope.CAMERAS_WRITE: client.post("/api/v1/cameras", json=CAMERA, headers=headers).status_code == 201,
        Scope.EVENTS_INGEST: client.post("/live/faces", json={}, headers=headers).status_code == 400,
        Scope.ACCOUNTS_WRITE: client.get("/api/v1/accounts", headers=headers).status_code == 200,
    }
    return {scope for scope, was_done in done.items() if was_done}


@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_may_do_what_its_scope_says_and_nothing_else(served, store, scope):
    assert allowed(served, bearer(store, scope)) == {scope}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.VIEWER, {Scope.METRICS_READ}),
        (Role.OPERATOR, {Scope.METRICS_READ, Scope.FACES_READ, Scope.CAMERAS_WRITE}),
        (Role.ADMIN, set(Scope) - {Scope.EVENTS_INGEST}),
    ],
)
def test_a_person_may_do_what_their_role_says_and_nothing_else(served, store, role, expected):
    add_account(store, role)
    assert sign_in(served, "Ada").status_code == 303
    assert allowed(served, csrf(served)) == expected


def test_every_read_route_of_a_viewer_answers_and_every_write_route_refuses(served, store):
    headers = bearer(store, Scope.METRICS_READ)
    routes = served.get("/schema/openapi.json", headers=headers).json()["paths"]
    tried = 0
    for path, operations in routes.items():
        address = re.sub(r"\{\w+\}", "1", path)
        for method in set(operations) & {"post", "put", "patch", "delete"}:
            if path in {"/traffic", "/objects", "/getFrame"}:
                continue
            assert served.request(method, address, headers=headers, json={}).status_code == 403, (
                method,
                path,
            )
            tried += 1
    assert tried > 8


@pytest.mark.parametrize(
    "secret",
    ["hs_", "hs_" + "A" * 43, "hs_\x00", "HS_" + "A" * 43],
    ids=["empty", "guessed", "zero byte", "case"],
)
def test_a_token_that_was_never_made_opens_nothing(served, secret):
    assert served.get("/api/v1/cameras", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_a_token_expires_and_can_be_revoked(served, store):
    now = datetime.now(UTC)
    late = bearer(store, Scope.METRICS_READ, expires_at=now - timedelta(seconds=1))
    good = bearer(store, Scope.METRICS_READ, expires_at=now + timedelta(minutes=5))
    assert served.get("/api/v1/cameras", headers=late).status_code == 401
    assert served.get("/api/v1/cameras", headers=good).status_code == 200
    listed = served.get("/api/v1/tokens", headers=OWNER).json()
    assert listed[1]["last_used_at"] is not None
    assert served.delete(f"/api/v1/tokens/{listed[1]['token_id']}", headers=OWNER).status_code == 204
    assert served.get("/api/v1/cameras", headers=good).status_code == 401


def test_the_secret_of_a_token_is_shown_once_and_stored_nowhere(served, store):
    asked = {"name": "dashboard", "scopes": ["metrics:read"], "expires_in_days": 30}
    made = served.post("/api/v1/tokens", json=asked, headers=OWNER).json()
    assert (
        served.get("/api/v1/cameras", headers={"authorization": f"Bearer {made['secret']}"}).status_code
        == 200
    )
    assert made["secret"] not in served.get("/api/v1/tokens", headers=OWNER).text
    with store.transaction() as tx:
        rows = tx.exec_driver_sql("SELECT row_to_json(access_token)::text FROM access_token").scalars().all()
    assert made["secret"] not in "".join(rows)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"enabled": False}, "disabled"),
        ({"role": "viewer"}, "role"),
        ({"password": "another one!"}, "password"),
    ],
)
def test_a_changed_account_ends_its_sessions(served, store, change, name):
    account_id = add_account(store, Role.OPERATOR)
    sign_in(served, "ada")
    assert served.get("/api/v1/cameras").status_code == 200
    assert served.patch(f"/api/v1/accounts/{account_id}", json=change, headers=OWNER).status_code == 200
    assert served.get("/api/v1/cameras").status_code == 401
    can_return = sign_in(served, "ada").status_code == 303
    assert can_return == (name == "role")


def test_signing_out_ends_every_session_of_the_account_and_no_other(served, store):
    add_account(store, Role.VIEWER)
    add_account(store, Role.VIEWER, "bob")
    sessions = []
    for name in ("ada", "ada", "bob"):
        sign_in(served, name)
        sessions.append(served.cookies["hypersight_session"])
    served.cookies.clear()

    def statuses() -> list[int]:
        cookies = [{"cookie": f"hypersight_session={session}"} for session in sessions]
        return [served.get("/api/v1/cameras", headers=one).status_code for one in cookies]

    assert statuses() == [200, 200, 200]
    out = served.post("/sign-out", headers={**ORIGIN, "cookie": f"hypersight_session={sessions[0]}"})
    assert out.status_code == 303
    assert statuses() == [401, 401, 200]
    log = served.get("/api/v1/audit?action=signed&actor=ADA", headers=OWNER).json()
    assert [one["action"] for one in log] == ["signed out", "signed in", "signed in"]
    listed = {one["name"]: one for one in served.get("/api/v1/accounts", headers=OWNER).json()}
    assert listed["ada"]["signed_in_at"] is not None


def test_a_deleted_account_is_signed_out_and_cannot_come_back(served, store):
    account_id = add_account(store, Role.VIEWER)
    sign_in(served, "ada")
    assert served.delete(f"/api/v1/accounts/{account_id}", headers=OWNER).status_code == 204
    assert served.get("/api/v1/cameras").status_code == 401
    assert sign_in(served, "ada").status_code == 401


@pytest.mark.parametrize("name", ["ada", "nobody", "a" * 5000, "ada'--", ""])
def test_a_wrong_password_says_the_same_whoever_it_is(served, store, name):
    add_account(store, Role.VIEWER)
    reply = sign_in(served, name, "wrong password")
    assert reply.status_code == 401
    assert "belong together" in reply.text or not name


def test_guessing_passwords_is_slowed_down(served, store):
    add_account(store, Role.VIEWER)
    assert [sign_in(served, "ada", "wrong").status_code for _ in range(5)] == [401] * 5
    assert sign_in(served, "ada").status_code == 429


@pytest.mark.parametrize(
    "body",
    [
        {"name": "eve", "password": "short", "role": "viewer"},
        {"name": "eve", "password": PASSWORD, "role": "root"},
        {"name": " eve", "password": PASSWORD, "role": "viewer"},
        {"name": "", "password": PASSWORD, "role": "viewer"},
        {"name": "eve", "password": PASSWORD},
    ],
)
def test_a_bad_account_is_refused(served, body):
    assert served.post("/api/v1/accounts", json=body, headers=OWNER).status_code == 400


def test_two_accounts_never_differ_by_case_alone(served, store):
    add_account(store, Role.VIEWER)
    body = {"name": "ADA", "password": PASSWORD, "role": "admin"}
    assert served.post("/api/v1/accounts", json=body, headers=OWNER).status_code == 409


def test_the_log_says_who_did_what_and_never_a_value(served, store):
    add_account(store, Role.ADMIN)
    sign_in(served, "ada")
    served.patch("/api/v1/cameras/1", json={"stream_url": "rtsp://u:hush@cam/1"}, headers=csrf(served))
    served.patch("/api/v1/cameras/1", json={"watch_fps": "many"}, headers=csrf(served))
    served.post("/api/v1/zones/check", json={"zones": "[]"}, headers=csrf(served))
    assert may_follow_faces(served, **ORIGIN)
    sign_in(served, "ada", "wrong password")
    served.cookies.clear()
    served.delete("/api/v1/cameras/1", headers=bearer(store, Scope.CAMERAS_WRITE))
    log = served.get("/api/v1/audit", headers=OWNER).json()
    assert [(one["actor"], one["action"], one["subject"], one["fields"]) for one in log] == [
        ("token dashboard", "DELETE /api/v1/cameras/{camera_id}", "camera_id=1", []),
        ("account ada", "sign-in refused", "", []),
        ("account ada", "faces", "", []),
        ("account ada", "PATCH /api/v1/cameras/{camera_id}", "camera_id=1", ["stream_url"]),
        ("account ada", "signed in", "", []),
    ]
    assert "hush" not in str(log)
    older = served.get(f"/api/v1/audit?limit=1&before={log[0]['audit_id']}", headers=OWNER).json()
    assert older == log[1:2]


def test_entries_older_than_a_year_are_forgotten(served, store):
    sign_in(served, "nobody")
    with store.transaction() as tx:
        assert audit.forget_old(tx, datetime.now(UTC) + timedelta(days=364)) == 0
        assert audit.forget_old(tx, datetime.now(UTC) + timedelta(days=366)) == 1


def test_it_says_who_one_is(served, store):
    assert served.get("/api/v1/me", headers=OWNER).json()["name"] == "API token"
    me = served.get("/api/v1/me", headers=bearer(store, Scope.METRICS_READ)).json()
    assert me == {"name": "token dashboard", "scopes": ["metrics:read"], "groups": []}


def test_without_a_token_this_machine_may_do_everything(store, database_url, tmp_path):
    with api(database_url, tmp_path) as client:
        assert client.get("/api/v1/me").json()["name"] == "this machine"
        assert client.get("/api/v1/accounts").json() == []
        assert client.post("/live/faces", json={}).status_code == 403


def test_accounts_and_tokens_are_kept_from_the_command_line(served, store, database_url):
    def hypersight(*words: str, said: str = "") -> str:
        environ = {**os.environ, "HYPERSIGHT_DATABASE_URL": database_url}  # noqa: TID251 - as in a shell
        command = [sys.executable, "-m", "hypersight", *words]
        done = subprocess.run(command, env=environ, input=said, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    hypersight("account", "add", "ada", "--role", "operator", "--group", "north", said=PASSWORD + "\n")
    listed = hypersight("account", "list")
    assert "operator" in listed
    assert "north" in listed
    hypersight("camera", "change", "1", "--group", "north", "--group", "door")
    assert "north" in hypersight("camera", "list")
    hypersight("account", "change", "ada", "--group", "north", "--group", "west")
    with store.transaction() as tx:
        (account,) = accounts.list_accounts(tx)
        assert account.groups == ("north", "west")
        assert cameras.get_camera(tx, 1).groups == ("door", "north")
    hypersight("camera", "change", "1", "--no-groups")
    hypersight("account", "change", "ada", "--no-groups")
    with store.transaction() as tx:
        assert accounts.get_account(tx, account.account_id).groups == ()
        assert cameras.get_camera(tx, 1).groups == ()
    assert sign_in(served, "ada").status_code == 303
    hypersight("account", "change", "ada", "--no-enabled")
    assert sign_in(served, "ada").status_code == 401
    served.cookies.clear()
    secret = hypersight("token", "add", "dashboard", "--scope", "metrics:read", "--days", "30").strip()
    assert served.get("/api/v1/cameras", headers={"authorization": f"Bearer {secret}"}).status_code == 200
    assert secret not in hypersight("token", "list")
    hypersight("token", "revoke", "1")
    hypersight("account", "delete", "ada")
