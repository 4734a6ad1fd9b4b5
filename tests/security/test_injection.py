"""Text of strangers in places where it might be taken for more than text."""

import re

import pytest
import sqlalchemy as sa

from hypersight_core.store import cameras, processors
from tests.builders import camera_settings, processor_settings
from tests.serving import api

pytestmark = pytest.mark.integration

SQL = (
    "1; DROP TABLE camera",
    "1 OR 1=1",
    "' OR ''='",
    "1)) UNION SELECT stream_url FROM camera --",
    "\x00",
    "%27",
)
MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}${7*7}'


@pytest.fixture
def client(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(name=MARKUP, http_headers={"X-Key": "hush"}))
        processors.create_processor(tx, 1, processor_settings(name=MARKUP))
    with api(database_url, tmp_path) as client:
        yield client


@pytest.mark.parametrize("text", SQL)
def test_sql_in_a_parameter_is_a_parameter(client, store, text):
    day = {"start": "2026-03-01T00:00:00Z", "stop": "2026-03-02T00:00:00Z"}
    answers = [
        client.get(f"/api/v1/processors/1/{what}", params=day | {name: text})
        for what in ("traffic", "traffic/series", "events", "dwell")
        for name in ("start", "stop", "bucket", "cursor", "limit", "format")
    ]
    answers += [
        client.post(path, json={"proc_id": text, "start_ts": text}) for path in ("/traffic", "/objects")
    ]
    answers += [
        client.post("/api/v1/cameras", json={"name": text, "stream_url": "http://127.0.0.1:9/a.m3u8"})
    ]
    answers += [
        client.get(f"/api/v1/{what}", params={"limit": text, "camera_id": text})
        for what in ("outages", "audit")
    ]

    assert {answer.status_code for answer in answers} <= {200, 201, 400, 404}
    assert not any("secret" in answer.text or "psycopg" in answer.text for answer in answers)
    with store.transaction() as tx:
        names = tx.scalars(sa.text("SELECT name FROM camera ORDER BY camera_id")).all()
    assert names in ([MARKUP], [MARKUP, text])


@pytest.mark.parametrize(
    "path", ["/", "/cameras/1", "/operations", "/faces-wall", "/admin", "/admin/cameras/1"]
)
def test_the_name_of_a_camera_is_text_on_every_page(client, path):
    page = client.get(path)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "{{7*7}}" in page.text or "alert" not in page.text  # no template language looked into it
    assert "unsafe" not in page.headers["content-security-policy"]


def test_names_of_accounts_tokens_groups_and_cameras_are_text_on_the_pages_of_accounts(client):
    words = {"name": MARKUP[:100], "groups": ["<img src=x onerror=alert(1)>"]}
    account = words | {"password": "correct horse battery", "role": "viewer"}
    assert client.post("/api/v1/accounts", json=account).status_code == 201
    assert client.post("/api/v1/tokens", json=words | {"scopes": ["metrics:read"]}).status_code == 201
    assert client.patch("/api/v1/cameras/1", json={"watch_fps": 3}).status_code == 200
    for path in ("/accounts", "/accounts/1", "/accounts/tokens", "/accounts/log"):
        page = client.get(path)
        assert page.status_code == 200
        assert "alert" in page.text, path
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    asked = client.get("/accounts/log", params={"actor": MARKUP, "action": MARKUP})
    assert "<script>alert" not in asked.text
    assert "<img src=x" not in asked.text


def test_the_name_of_a_camera_cannot_end_a_line_of_metrics(client):
    figures = client.get("/metrics").text
    assert all(
        line.startswith("#") or re.fullmatch(r"[a-z_:]+(\{.*\})? \S+", line)
        for line in figures.splitlines()
        if line
    )


def test_no_error_and_no_list_shows_a_secret(client):
    asked = [
        client.get(path)
        for path in (
            "/api/v1/cameras",
            "/api/v1/cameras/1",
            "/api/v1/status",
            "/statusWatch",
            "/api/v1/cameras/1/status",
        )
    ]
    asked.append(client.post("/api/v1/cameras/test-connection", json={"camera_id": 1}))
    asked.append(client.post("/api/v1/cameras", json={"name": "a", "stream_url": "ftp://user:secret@host/"}))
    asked.append(client.patch("/api/v1/cameras/1", json={"http_headers": {"X-Key\n": "hush"}}))
    for answer in asked:
        assert "secret" not in answer.text
        assert "hush" not in answer.text


def test_a_deleted_camera_leaves_no_secret_behind(client, store):
    assert client.delete("/api/v1/cameras/1").status_code == 204
    with store.transaction() as tx:
        row = tx.execute(sa.text("SELECT stream_url, http_headers FROM camera")).one()
    assert tuple(row) == ("http://camera.invalid/live.m3u8", {})
