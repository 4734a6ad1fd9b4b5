"""The admin pages as HTML: what they show, and what they never do."""

import re

import numpy as np
import pytest

from hypersight_core.store import cameras, processors
from hypersight_core.video.jpeg import encode_jpeg
from tests.builders import camera_settings, processor_settings
from tests.integration.test_api_upkeep import aged
from tests.serving import NO_DATABASE, api

pytestmark = pytest.mark.integration

PATHS = (
    "/admin",
    "/admin/cameras/new",
    "/admin/cameras/1",
    "/admin/cameras/1/processors/new",
    "/admin/processors/1",
)
JPEG = encode_jpeg(np.zeros((48, 64, 3), np.uint8))
NASTY = '"><script>alert(1)</script>'


@pytest.fixture
def client(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(name=NASTY, http_headers={"X-Key": "hush"}))
        processors.create_processor(tx, 1, processor_settings(name=NASTY))
    with api(database_url, tmp_path) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_a_page_shows_no_secret_and_no_foreign_markup_and_is_no_place_for_scripts(client, path):
    reply = client.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "secret" not in reply.text
    assert "hush" not in reply.text
    assert "<script>alert" not in reply.text
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", reply.text)
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', reply.text)
    assert loaded
    for url in loaded:
        assert client.get(url).status_code == 200, url


def test_the_modules_a_page_imports_are_there(client):
    waiting, seen = {"/static/admin_processor.js", "/static/admin_camera.js", "/static/admin.js"}, set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        reply = client.get(path)
        assert reply.status_code == 200, path
        found = re.findall(r'^(?:import|\} from|import .* from) .*?"(\.?/[^"]+)"', reply.text, re.MULTILINE)
        waiting |= {"/static/" + one.rsplit("/", 1)[1] for one in found} - seen
    assert "/static/zone_geometry.js" in seen


@pytest.mark.parametrize("path", ["cameras/9", "processors/9", "cameras/9/processors/new"])
def test_what_is_not_there_is_a_page_that_says_so(client, path):
    reply = client.get(f"/admin/{path}")
    assert reply.status_code == 404
    assert "There is no such page" in reply.text


def test_without_a_database_the_page_says_so(tmp_path):
    with api(NO_DATABASE, tmp_path) as client:
        reply = client.get("/admin")
    assert reply.status_code == 503
    assert "hypersight doctor" in reply.text


def test_the_last_picture_of_a_camera_that_is_away_is_given_where_asked_for(client, tmp_path):
    path = "/api/v1/cameras/1/snapshot.jpg"
    assert client.get(path).status_code == 503
    assert client.get(f"{path}?last=true").status_code == 503
    snapshot = tmp_path / "snapshots" / "1.jpg"
    snapshot.parent.mkdir()
    snapshot.write_bytes(JPEG)
    fresh = client.get(path)
    assert (fresh.status_code, fresh.headers["x-picture"], fresh.content) == (200, "fresh", JPEG)
    aged(snapshot, 900)
    assert client.get(path).status_code == 503
    last = client.get(f"{path}?last=true")
    assert (last.status_code, last.headers["x-picture"], last.content) == (200, "last", JPEG)
    assert int(last.headers["x-picture-age-s"]) == pytest.approx(900, abs=30)
