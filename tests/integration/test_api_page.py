"""The first page and its files."""

import re

import pytest

from hypersight_api.pages.assets import HLS, PACKAGES
from hypersight_api.services import now
from hypersight_core.store import cameras, processors
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
    shown = text_of(html)
    assert "<script>alert" not in html
    assert "Watching 1 of 4 frames late Nothing analysed yet today Times in UTC" in shown
    assert "– no figure: nothing analysed today" in shown
    assert 'data-playlist="/videos/1/processed_stream.m3u8"' in html
    assert 'data-playlist="/videos/2/processed_stream.m3u8"' in html
    assert html.count('class="picture is-shown"') == 1  # the other begins when somebody wants to see it
    assert html.count('class="preview-switch"') == 1
    assert "run make setup" in shown
    assert "No face in view" in shown
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


def test_pages_hold_no_inline_script_or_style_and_load_nothing_from_elsewhere(client, tmp_path):
    for package in PACKAGES:
        for _, name in package.members:
            place = tmp_path / "cache" / "pages" / package.version / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("// library")
    for path in ("/", "/schema"):
        html = client.get(path).text
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", html)
        loaded = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg|mjs))"', html)
        assert loaded
        for url in loaded:
            reply = client.get(url)
            assert reply.status_code == 200, url
    assert f'data-hls="/static/vendor/{HLS.version}/hls.mjs"' in client.get("/").text
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
    page = client.get("/", headers={"accept-encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    style = client.get("/static/shell.css")
    again = client.get("/static/shell.css", headers={"if-none-match": style.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_without_a_database_a_page_says_what_happens_and_what_to_do(tmp_path):
    with api(NO_DATABASE, tmp_path) as client:
        reply = client.get("/")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert "hypersight doctor" in text_of(reply.text)
    assert "hush" not in reply.text
