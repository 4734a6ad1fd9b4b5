"""Testing a connection before a camera is saved: facts and a picture, or a reason and what to do."""

import socket

import pytest

from hypersight.simulator.camera import CameraSimulator
from hypersight_core.store import cameras
from tests.builders import camera_settings
from tests.clips import Film, write_film, write_playlist
from tests.fakes.file_server import file_server
from tests.serving import api

pytestmark = pytest.mark.integration

PATH = "/api/v1/cameras/test-connection"


@pytest.fixture
def client(store, database_url, tmp_path):
    with api(database_url, tmp_path / "var") as client:
        yield client


def test_a_camera_that_works_is_described_with_a_picture(client, tmp_path):
    film = write_film(tmp_path / "film.mp4", Film(seconds=6, gop_s=1.0))
    with CameraSimulator(film, segment_s=1.0, window=4) as camera:
        found = client.post(PATH, json={"stream_url": camera.url}).json()
    assert found["can_be_watched"] is True
    assert (found["codec"], found["width_px"], found["height_px"]) == ("h264", 160, 96)
    assert found["fps"] == pytest.approx(25, abs=0.5)
    assert found["clock_source"] == "program_date_time"
    assert found["took_s"] < 10
    picture = client.get(found["snapshot_url"])
    assert (picture.headers["content-type"], picture.content[:2]) == ("image/jpeg", b"\xff\xd8")


def test_each_reason_is_told_apart_with_what_to_do_and_without_secrets(client, tmp_path):
    write_playlist(tmp_path, Film(seconds=2, fps=10, gop_s=1))
    (tmp_path / "page.html").write_text("<html>a camera's own page</html>")
    (tmp_path / "page.m3u8").write_text("<html>a camera's own page</html>")
    with file_server(tmp_path, login="user:hush") as server:
        host = server.removeprefix("http://")
        cases = {
            f"http://user:wrong-hush@{host}/live.m3u8": "refused",
            f"http://user:hush@{host}/other.m3u8": "not_found",
            f"http://user:hush@{host}/page.html": "unsupported",
            f"http://user:hush@{host}/page.m3u8": "unsupported",
            "http://user:hush@127.0.0.1:9/live.m3u8": "unreachable",
            "rtsp://user:hush@127.0.0.1:9/stream": "unreachable",
            "http://user:hush@camera.invalid/live.m3u8": "unreachable",
        }
        for url, fault in cases.items():
            found = client.post(PATH, json={"stream_url": url})
            assert found.status_code == 200
            assert found.json()["can_be_watched"] is False, url
            assert found.json()["fault"] == fault, found.text
            assert found.json()["advice"]
            assert found.json()["snapshot_url"] is None
            assert "hush" not in found.text
        right = client.post(PATH, json={"stream_url": f"http://user:hush@{host}/live.m3u8"}).json()
        assert right["can_be_watched"] is True


def test_a_silent_camera_is_given_up_in_ten_seconds(client):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = client.post(PATH, json={"stream_url": f"rtsp://127.0.0.1:{silent.getsockname()[1]}/x"}).json()
    assert found["fault"] == "timed_out"
    assert found["took_s"] < 12.5


def test_the_stored_password_is_used_for_the_address_as_shown_and_for_no_other_host(client, store, tmp_path):
    write_playlist(tmp_path, Film(seconds=2, fps=10, gop_s=1))
    seen: list[tuple[str, dict[str, str]]] = []
    with file_server(tmp_path, login="user:hush") as server, file_server(tmp_path, seen=seen) as other:
        url = server.replace("http://", "http://user:hush@") + "/live.m3u8"
        with store.transaction() as tx:
            cameras.create_camera(tx, camera_settings(stream_url=url, http_headers={"X-Key": "hush"}))
        for shown in ({}, {"stream_url": f"{server}/live.m3u8"}):
            found = client.post(PATH, json={"camera_id": 1, **shown})
            assert found.json()["can_be_watched"] is True
            assert "hush" not in found.text
        moved = client.post(PATH, json={"camera_id": 1, "stream_url": f"{other}/live.m3u8"})
        assert moved.status_code == 400
        bare = {"camera_id": 1, "stream_url": f"{other}/live.m3u8", "http_headers": {}}
        client.post(PATH, json=bare)
    assert seen
    assert not any("hush" in str(headers) or "Authorization" in headers for _, headers in seen)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"stream_url": ""}, {"stream_url": "ftp://x/y"}, {"stream_url": "gopher://x"}, {"stream_url": 7},
        {"stream_url": "http://x/\n-i"}, {"stream_url": "http://x", "http_headers": {"a b": "c"}},
        {"stream_url": "concat:/etc/passwd"}, {"stream_url": "http://x", "more": 1},
    ],
)  # fmt: skip
def test_what_could_never_be_a_camera_is_refused_with_the_field(client, body):
    reply = client.post(PATH, json=body)
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/problem+json"


def test_an_unknown_camera_is_a_404(client):
    assert client.post(PATH, json={"camera_id": 9}).status_code == 404
