"""The first page and its files."""

import re

import pytest
import sqlalchemy as sa

from hypersight_api.pages.assets import HLS, PACKAGES
from hypersight_api.services import now
from hypersight_core.store import cameras, processors
from hypersight_core.store.leases import read_leases
from tests.builders import an_event, camera_settings, processor_settings
from tests.serving import NO_DATABASE, api, saved, watched

pytestmark = pytest.mark.integration


@pytest.fixture
def client(store, database_url, tmp_path):
    with api(database_url, tmp_path, dagster_url="http://127.0.0.1:3000") as client:
        yield client


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_page_without_cameras_says_how_to_add_one(client):
    shown = text_of(client.get("/").text)
    assert "No cameras yet" in shown
    assert "hypersight camera add" in shown


def test_the_page_shows_states_and_figures_in_words(client, store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(name="Door <script>alert(1)</script>"))
        processors.create_processor(tx, 1, processor_settings(name="Way in", output_hls=True))
        processors.create_processor(tx, 1, processor_settings(kind="faces", zones=(), name="Faces"))
    with watched(store, 1, detail="1 of 4 frames late"):
        html = client.get("/").text
        camera = client.get("/cameras/1").text
        wall = client.get("/faces-wall").text
    shown = text_of(html)
    assert "<script>alert" not in html + camera + wall
    assert "Watching 1 of 4 frames late" in shown
    assert "Nothing analysed yet today. Times in UTC." in shown
    assert "– no figure: nothing analysed today" in shown
    assert 'data-playlist="/videos/1/processed_stream.m3u8"' in camera
    assert 'data-playlist="/videos/2/processed_stream.m3u8"' in camera
    assert camera.count('class="picture is-shown"') == 1  # the other begins when somebody wants to see it
    assert camera.count('class="preview-switch"') == 1
    assert "run make setup" in text_of(camera)
    assert "No face in view" in text_of(wall)
    assert 'href="http://127.0.0.1:3000"' in html
    assert "secret" not in html


def test_todays_figure_is_shown_when_there_is_one(client, store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    saved(
        store, an_event(processor_id=1, ts=now(), track_id=1), an_event(processor_id=1, ts=now(), track_id=2)
    )
    assert "2 came in today" in text_of(client.get("/").text)


def test_pages_hold_no_inline_script_or_style_and_load_nothing_from_elsewhere(client, store, tmp_path):
    for package in PACKAGES:
        for _, name in package.members:
            place = tmp_path / "cache" / "pages" / package.version / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("// library")
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
        processors.create_processor(tx, 1, processor_settings(kind="faces", zones=()))
    accounts = ("/accounts", "/accounts/new", "/accounts/tokens", "/accounts/log")
    for path in ("/", "/cameras/1", "/faces-wall", "/operations", "/schema", *accounts):
        html = client.get(path).text
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", html)
        loaded = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg|mjs))"', html)
        assert loaded
        for url in loaded:
            reply = client.get(url)
            assert reply.status_code == 200, url
    assert f'data-hls="/static/vendor/{HLS.version}/hls.mjs"' in client.get("/cameras/1").text
    library = client.get(f"/static/vendor/{HLS.version}/hls.mjs")
    assert (library.text, library.headers["content-type"]) == ("// library", "text/javascript; charset=utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2fassets.py",
        "/static/page.html",
        "/static/vendor/1/hls.mjs",
        "/static/vendor/../page.js/x",
    ],
)
def test_no_other_file_is_served(client, path):
    assert client.get(path).status_code == 404


def test_pages_go_packed_over_the_wire_and_files_are_asked_for_only_when_they_changed(client):
    for asked, packed in (("gzip", "gzip"), ("gzip, deflate, br", "br")):
        page = client.get("/", headers={"accept-encoding": asked})
        assert page.headers["content-encoding"] == packed
    style = client.get("/static/shell.css")
    again = client.get("/static/shell.css", headers={"if-none-match": style.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_without_a_database_a_page_says_what_happens_and_what_to_do(tmp_path):
    with api(NO_DATABASE, tmp_path) as client:
        reply = client.get("/")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert "hypersight doctor" in text_of(reply.text)
    assert "hush" not in reply.text


def test_a_camera_without_processors_says_what_to_do(client, store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    shown = text_of(client.get("/cameras/1").text)
    assert "hypersight processor add 1 objects" in shown
    assert "nothing to watch for" in text_of(client.get("/operations").text)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cameras/9", 404),
        ("/cameras/1?range=2h", 400),
        ("/cameras/1?start=yesterday", 400),
        ("/cameras/1?start=2026-03-02T12:00&stop=2026-03-01T12:00", 400),
        ("/cameras/1?bucket=2h", 400),
    ],
)
def test_what_cannot_be_shown_is_a_page_that_says_why(client, store, path, status):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
    reply = client.get(path)
    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("text/html")
    assert "All cameras" in text_of(reply.text)


def test_where_nobody_looked_a_camera_page_shows_no_zero(client, store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(time_zone="Europe/Paris"))
        processors.create_processor(tx, 1, processor_settings())
    shown = text_of(client.get("/cameras/1?range=24h").text)
    assert "Not watched at all in this time: there is no figure" in shown
    assert "Came in – Went out – Net –" in shown


def test_a_watcher_is_replaced_on_request_but_only_if_there_is_one(client, store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    assert client.post("/api/v1/cameras/1/restart").status_code == 409
    with watched(store, 1):
        assert client.post("/api/v1/cameras/1/restart").status_code == 202
        with store.transaction() as tx:
            [lease] = read_leases(tx)
    assert lease.stop_run_id == lease.run_id == "test-1"


def test_a_state_says_since_when(client, store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    with watched(store, 1, phase="reconnecting", detail="no answer"):
        with store.transaction() as tx:
            tx.execute(sa.text("UPDATE watcher_lease SET state_since = now() - interval '12 seconds'"))
        status = client.get("/api/v1/cameras/1/status").json()
    assert status["text"] == "The camera does not answer: reconnecting since 12 s"
    assert (status["run_id"], status["watcher"]["starts"]) == ("test-1", 1)


def test_the_last_frame_is_the_one_a_watcher_left(client, tmp_path):
    assert client.get("/api/v1/cameras/1/last-frame.jpg").status_code == 404
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "1.jpg").write_bytes(b"jpeg")
    reply = client.get("/api/v1/cameras/1/last-frame.jpg")
    assert reply.content == b"jpeg"
    same = {"if-modified-since": reply.headers["last-modified"]}
    assert client.get("/api/v1/cameras/1/last-frame.jpg", headers=same).status_code == 304
