"""Whoever is limited to groups of cameras: for them nothing else exists, on any route."""

import inspect
import json
import re
from typing import Any

import pytest
from litestar.exceptions import WebSocketDisconnect

from hypersight_api import limits
from hypersight_api.services import now
from hypersight_core import passwords
from hypersight_core.domain.access import AuditEntry, Principal, Role, Scope
from hypersight_core.errors import NotAllowed, NotFound
from hypersight_core.live.wire import faces_message, message_text
from hypersight_core.store import access_tokens, accounts, audit, cameras
from hypersight_core.store.engine import Store
from tests.builders import camera_settings
from tests.security.two_groups import NOBODYS, PASSWORD, a_group, bearer
from tests.serving import api
from tests.unit.test_api_faces import SEEN

pytestmark = pytest.mark.integration

SITE = "http://cameras.example"
ORIGIN = {"origin": SITE}
OWNER = {"authorization": "Bearer t0ken"}
LIVE = {"authorization": "Bearer live"}
START = "start=2026-01-01T00:00:00Z"

# Every route without a number in its path, and why nothing of another group can be had there.
LISTINGS = {
    "/", "/overview/cards", "/faces-wall", "/operations", "/operations/watchers", "/admin",
    "/statusWatch", "/api/v1/status", "/api/v1/cameras", "/api/v1/outages",
    "/api/v1/accounts", "/api/v1/tokens", "/api/v1/audit",
    "/accounts", "/accounts/tokens", "/accounts/tokens/list", "/accounts/log",
}  # fmt: skip
"""What is listed is compared with what the owner sees."""
NUMBERS_IN_BODIES = {
    "/traffic": {"proc_id": "processor_id", "start_ts": "2026-01-01T00:00:00Z"},
    "/objects": {"proc_id": "objects_id"},
    "/getFrame": {"camera_id": "camera_id"},
    "/api/v1/cameras/test-connection": {"camera_id": "camera_id"},
}
WHOLE_SERVER = {"/metrics"}
OF_NOBODY = {
    "/healthz", "/readyz", "/sign-in", "/sign-out", "/api/v1/me", "/api/v1/zones/check",
    "/admin/cameras/new", "/accounts/new", "/live/faces", "/faces",
    "/frame/{name}",  # a name of 128 random bits, told to who asked for the frame
    "/static/{name}", "/static/vendor/{version}/{name}",
    "/schema", "/schema/openapi.json", "/schema/openapi.yaml", "/schema/openapi.yml", "/schema/{path}",
}  # fmt: skip
"""Tells and changes nothing of any camera; `/live/faces` and `/faces` have tests of their own."""
QUERIES = {
    "/heat-map": START,
    "/traffic": START,
    "/traffic/series": START,
    "/objects/series": START,
    "/dwell": START,
}
SLOW = ("/snapshot.jpg", "processed_stream.m3u8")
"""Asks a camera, or waits for a watcher: of one's own it is not tried here."""


@pytest.fixture
def scene(store, tmp_path):
    return a_group(store, tmp_path, "north"), a_group(store, tmp_path, "south")


@pytest.fixture
def served(database_url, tmp_path, scene):
    with api(database_url, tmp_path, base_url=SITE, api_token="t0ken", live_token="live") as client:
        yield client


def routes(client: Any) -> list[tuple[str, str]]:
    """Return method and path of everything that can be asked over HTTP."""
    return sorted(
        (method, re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path))
        for route in client.app.routes
        for method in getattr(route, "methods", ())
        if method not in {"OPTIONS", "HEAD"}
    )


def parts(path: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", path)


def address(path: str, numbers: dict[str, int], name: str = "segment.ts") -> str:
    filled = re.sub(r"\{(\w+)\}", lambda found: str(numbers.get(found[1], name)), path)
    query = next((one for end, one in QUERIES.items() if path.endswith(end)), "")
    return f"{filled}?{query}" if query else filled


def asked(client: Any, method: str, path: str, headers: dict[str, str], **more: Any) -> tuple[int, str]:
    reply = client.request(method, path, headers=headers, follow_redirects=False, **more)
    return reply.status_code, reply.text


def test_every_route_has_a_number_that_is_looked_up_or_a_place_in_this_file(served):
    for method, path in routes(served):
        if set(parts(path)) & set(limits.NUMBERS):
            assert set(parts(path)) - set(limits.NUMBERS) <= {"name"}, path
        else:
            places = (LISTINGS, NUMBERS_IN_BODIES, WHOLE_SERVER, OF_NOBODY)
            told = f"say in this file what {method} {path} tells to whoever is limited"
            assert sum(path in place for place in places) == 1, told
    sockets = {one.path for one in served.app.routes if not getattr(one, "methods", ())}
    assert sockets <= {"/", "/faces"}


def test_what_another_group_has_answers_as_what_nobody_has_on_every_route(served, store, scene):
    _, south = scene
    headers = bearer(store, "north")
    tried = 0
    for method, path in routes(served):
        if not set(parts(path)) & set(limits.NUMBERS):
            continue
        body: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": {}}
        there = asked(served, method, address(path, south.numbers), headers, **body)
        nowhere = asked(served, method, address(path, dict.fromkeys(south.numbers, NOBODYS)), headers, **body)
        assert there[0] == 404, (method, path, there)
        hidden = {str(number) for number in south.numbers.values()}
        masked = re.sub(rf"\b({'|'.join(hidden)})\b", "*", there[1])
        assert masked == re.sub(rf"\b({'|'.join(hidden)}|{NOBODYS})\b", "*", nowhere[1]), (method, path)
        tried += 1
    assert tried > 25
    assert len(served.get("/api/v1/cameras", headers=OWNER).json()) == 2


def test_what_is_of_ones_own_group_is_found_on_every_route(served, store, scene):
    north, _ = scene
    headers = bearer(store, "north")
    for method, path in routes(served):
        if method != "GET" or not set(parts(path)) & set(limits.NUMBERS) or path.endswith(SLOW):
            continue
        numbers = north.numbers | ({"processor_id": north.numbers["objects_id"]} if "objects" in path else {})
        status, text = asked(served, method, address(path, numbers), headers)
        assert status == 200, (path, text)


def test_lists_and_pages_hold_what_is_of_ones_own_group_and_no_more(served, store, scene):
    headers = bearer(store, "north")
    for path in sorted(LISTINGS):
        everything, seen = asked(served, "GET", path, OWNER), asked(served, "GET", path, headers)
        assert (everything[0], seen[0]) == (200, 200), path
        assert "north" in everything[1], path
        assert "south" in everything[1], path
        assert "north" in seen[1], path
        assert "south" not in seen[1], path


def test_numbers_in_a_body_say_no_more_than_numbers_that_exist_for_nobody(served, store, scene):
    north, south = scene
    headers = bearer(store, "north")
    for path, body in NUMBERS_IN_BODIES.items():

        def answer(numbers: dict[str, int], path: str = path, body: dict[str, str] = body) -> tuple[int, str]:
            sent = {name: numbers.get(value, value) for name, value in body.items()}
            status, text = asked(served, "POST", path, headers, json=sent)
            return status, re.sub(r"\b\d+ (?=does not exist)|\b\d+\b", "*", text)

        nobodys = answer(dict.fromkeys(south.numbers, NOBODYS))
        assert answer(south.numbers) == nobodys, path
        if path in {"/traffic", "/objects"}:
            assert answer(north.numbers) != nobodys, path


def test_every_store_that_handlers_are_given_is_limited(served, scene):
    """Whichever server it asks: the primary, a replica, or one that is added later."""
    scope = {"state": {"principal": Principal("probe", frozenset(Scope), ("north",))}}
    found = []
    for name, dependency in served.app.dependencies.items():
        wanted = inspect.signature(dependency.dependency).parameters
        given = dependency.dependency(*[scope] * len(wanted))
        if isinstance(given, Store):
            with given.transaction() as tx:
                assert [one.name for one in cameras.list_cameras(tx)] == ["north door"], name
            found.append(name)
    assert {"store", "reads"} <= set(found)


def test_outages_of_another_groups_camera_are_none(served, store, scene):
    _, south = scene
    path = f"/api/v1/outages?camera_id={south.numbers['camera_id']}"
    assert served.get(path, headers=OWNER).json() != []
    assert served.get(path, headers=bearer(store, "north")).json() == []


def test_figures_of_the_whole_server_are_told_to_nobody_who_is_limited(served, store, scene):
    assert served.get("/metrics", headers=bearer(store, "north")).status_code == 403
    assert served.get("/metrics", headers=bearer(store)).status_code == 200


def test_who_is_limited_to_two_groups_sees_both_and_who_is_limited_to_an_unknown_one_nothing(
    served, store, scene
):
    def names(*groups: str) -> list[str]:
        return [one["name"] for one in served.get("/api/v1/cameras", headers=bearer(store, *groups)).json()]

    assert names("north", "south", "west") == ["north door", "south door"]
    assert names("west") == []
    assert names() == ["north door", "south door"]


def faces_of(camera_id: int) -> str:
    return message_text(faces_message(SEEN) | {"camera_id": str(camera_id)})


def test_faces_of_another_group_are_never_sent(served, store, scene):
    north, south = scene
    bring = {"headers": LIVE | {"content-type": "application/json"}}
    with served.websocket_connect("/faces", headers=bearer(store, "north")) as socket:
        socket.send_text("client")
        assert socket.receive_text() == "OK"
        for group in (south, south, north):
            text = faces_of(group.numbers["camera_id"])
            assert served.post("/live/faces", content=text, **bring).status_code == 204
        assert json.loads(socket.receive_text())["camera_id"] == str(north.numbers["camera_id"])


def test_faces_are_brought_for_ones_own_cameras_only(served, store, scene):
    north, south = scene
    bring = {"headers": bearer(store, "north") | {"content-type": "application/json"}}
    brought = [
        served.post("/live/faces", content=faces_of(camera_id), **bring).status_code
        for camera_id in (north.numbers["camera_id"], south.numbers["camera_id"], NOBODYS)
    ]
    assert brought == [204, 404, 404]


def test_who_loses_the_right_is_sent_no_more_faces(served, store, scene, monkeypatch):
    monkeypatch.setattr("hypersight_api.faces.controller.KNOWN_FOR_S", 0.1)
    headers = bearer(store, "north")
    with served.websocket_connect("/faces", headers=headers) as socket:
        socket.send_text("client")
        assert socket.receive_text() == "OK"
        for token in served.get("/api/v1/tokens", headers=OWNER).json():
            served.delete(f"/api/v1/tokens/{token['token_id']}", headers=OWNER)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()


CAMERA = {"name": "new", "stream_url": "http://camera.invalid/live.m3u8"}


def test_a_new_camera_is_in_ones_own_groups_and_in_no_other(served, store, scene):
    headers = bearer(store, "north", "west")

    def added(**more: Any) -> Any:
        return served.post("/api/v1/cameras", json=CAMERA | more, headers=headers)

    assert added().json()["groups"] == ["north", "west"]
    assert added(groups=["west"]).json()["groups"] == ["west"]
    for groups in ([], ["south"], ["north", "south"]):
        assert added(groups=groups).status_code == 403, groups
    assert served.post("/api/v1/cameras", json=CAMERA, headers=OWNER).json()["groups"] == []


def test_groups_of_others_stay_on_a_camera_whoever_is_limited_changes(served, store, scene):
    north, _ = scene
    path = f"/api/v1/cameras/{north.numbers['camera_id']}"
    assert served.patch(path, json={"groups": ["north", "south"]}, headers=OWNER).status_code == 200
    headers = bearer(store, "north", "west")

    def changed(*groups: str) -> Any:
        reply = served.patch(path, json={"groups": groups}, headers=headers)
        return reply.json()["groups"] if reply.status_code == 200 else reply.status_code

    assert changed("west") == ["south", "west"]
    assert changed("north", "south") == ["north", "south"]
    assert changed("south") == 403  # it would be gone for them
    assert changed("north", "east") == 403


@pytest.mark.parametrize("change", [{"groups": []}, {"groups": ["south"]}, {"groups": ["north", "south"]}])
def test_a_limited_admin_cannot_lift_its_own_limits(served, store, scene, change):
    with store.transaction() as tx:
        mine = accounts.get_account(tx, scene[0].numbers["account_id"])
        accounts.change_account(tx, mine.account_id, {"role": Role.ADMIN.value})
    served.post(
        "/sign-in", data={"name": mine.name, "token": PASSWORD}, headers=ORIGIN, follow_redirects=False
    )
    headers = ORIGIN | {"x-csrf-token": served.cookies["hypersight_csrf"]}
    path = f"/api/v1/accounts/{mine.account_id}"
    assert served.patch(path, json=change, headers=headers).status_code == 403
    assert served.patch(path, json={"groups": ["north"]}, headers=headers).status_code == 200


def test_a_limited_admin_makes_nobody_wider_than_itself(served, store, scene):
    admin = bearer(store, "north", scopes=(Scope.METRICS_READ, Scope.ACCOUNTS_WRITE))
    account = {"name": "eve", "password": PASSWORD, "role": "viewer"}
    token = {"name": "eve", "scopes": ["metrics:read"]}

    def made(kind: str, body: dict[str, Any], **more: Any) -> Any:
        return served.post(f"/api/v1/{kind}", json=body | more, headers=admin)

    for groups in ([], ["south"], ["north", "south"]):
        assert made("accounts", account, groups=groups).status_code == 403, groups
        assert made("tokens", token, groups=groups).status_code == 403, groups
    assert made("accounts", account, role="admin").status_code == 403
    assert made("tokens", token, scopes=["faces:read"]).status_code == 403
    assert made("accounts", account).json()["groups"] == ["north"]
    assert made("tokens", token).json()["token"]["groups"] == ["north"]


def test_whoever_is_not_limited_does_not_exist_for_a_limited_admin(served, store, scene):
    with store.transaction() as tx:
        owner = accounts.create_account(tx, "owner", passwords.hashed(PASSWORD), Role.ADMIN, ())
        token, _ = access_tokens.create_token(tx, "owner token", tuple(Scope), "tests", None, ())
        deed = AuditEntry(done_at=now(), actor="owner", address="", action="GET", subject="", fields=())
        audit.record(tx, deed)
    admin = bearer(store, "north")

    def names(kind: str, field: str = "name") -> set[str]:
        return {one[field] for one in served.get(f"/api/v1/{kind}", headers=admin).json()}

    assert names("accounts") == {"northern"}
    assert names("tokens") == {"north token", "probe"}
    assert names("audit", "actor") == {"north boss"}
    for kind, number in (("accounts", owner.account_id), ("tokens", token.token_id)):
        assert served.delete(f"/api/v1/{kind}/{number}", headers=admin).status_code == 404
    changed = served.patch(
        f"/api/v1/accounts/{owner.account_id}", json={"password": "mine from now on"}, headers=admin
    )
    assert changed.status_code == 404


@pytest.mark.parametrize("wanted", [(), ("south",), ("north", "south")])
def test_whoever_is_limited_is_granted_some_of_their_groups_and_never_none(wanted):
    """Asked before the database, whose views refuse the same."""
    limited = Principal("probe", frozenset(Scope), ("north", "west"))
    with pytest.raises(NotAllowed):
        limited.granted(wanted)
    assert limited.granted(["west"]) == ("west",)
    assert limited.granted() == ("north", "west")
    assert Principal("owner", frozenset(Scope)).granted([]) == ()


def test_even_a_handler_that_forgets_to_check_cannot_write_beyond_the_groups(store, scene):
    """The database refuses it, whatever the code above asks for."""
    limited = store.limited_to(("north",))
    for groups in ((), ("south",)):
        with pytest.raises(NotAllowed), limited.transaction() as tx:
            cameras.create_camera(tx, camera_settings(groups=groups))
    with pytest.raises(NotFound), limited.transaction() as tx:
        cameras.delete_camera(tx, scene[1].numbers["camera_id"])


def test_a_connection_that_was_limited_is_not_for_whoever_gets_it_next(store, scene):
    with store.limited_to(("north",)).transaction() as tx:
        assert len(cameras.list_cameras(tx)) == 1
    with store.transaction() as tx:
        assert len(cameras.list_cameras(tx)) == 2


def test_deeds_of_accounts_that_are_limited_as_far_are_in_the_log_of_a_limited_admin(served, store, scene):
    for name in ("northern", "southern"):
        sent = {"name": name, "token": PASSWORD}
        assert served.post("/sign-in", data=sent, headers=ORIGIN, follow_redirects=False).status_code == 303
        served.cookies.clear()
    seen = served.get("/api/v1/audit", headers=bearer(store, "north")).json()
    assert [(one["actor"], one["action"]) for one in seen] == [
        ("account northern", "signed in"),
        ("north boss", "PATCH"),
    ]
