"""The calls that exist in the field, byte for byte, on a real database."""

import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime

import numpy as np
import pytest
import simplejpeg

from hypersight_api.frames.grabbing import MAX_GRABS
from hypersight_api.frames.pictures import FRESH_S, KEPT_S
from hypersight_core.domain.events import EventKind
from hypersight_core.store import cameras, processors
from tests.builders import an_event, camera_settings, processor_settings
from tests.clips import Film, write_film
from tests.serving import NO_DATABASE, api, saved, watched

pytestmark = pytest.mark.integration


@pytest.fixture
def client(store, database_url, tmp_path):
    with store.transaction() as tx:
        paris = cameras.create_camera(tx, camera_settings(time_zone="Europe/Paris"))
        processors.create_processor(tx, paris.camera_id, processor_settings())
        processors.create_processor(tx, paris.camera_id, processor_settings(kind="objects"))
    with api(database_url, tmp_path) as client:
        yield client


def entered(ts: str, track_id: int, **more: object):
    return an_event(processor_id=1, ts=datetime.fromisoformat(ts), track_id=track_id, **more)


def test_traffic_of_an_interval_byte_for_byte(client, store):
    saved(
        store,
        entered("2020-03-27T00:00:00+01:00", 1),  # start itself does not belong to the interval
        entered("2020-03-27T14:21:01.133333+01:00", 2),
        entered("2020-03-27T14:22:00+01:00", 3, kind=EventKind.EXIT, dwell_s=1.0),
        entered("2020-03-27T22:34:16.068667+01:00", 4, kind=EventKind.CROSS_IN),
        entered("2020-03-28T00:00:00.000001+01:00", 5),  # the stop does
    )
    body = '{"proc_id": 1, "start_ts": "2020-03-27 00:00:00.0", "stop_ts": "2020-03-28 00:00:00.0"}'
    reply = client.post("/traffic", content=body, headers={"content-type": "text/plain"})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.text == (
        '{"err": false, "max_ts": "2020-03-27 22:34:16.068667", '
        '"min_ts": "2020-03-27 14:21:01.133333", "traffic": 2}'
    )


def test_traffic_without_a_stop_goes_on_until_now_and_both_forms_of_time_are_read(client, store):
    saved(store, entered("2020-03-27T13:00:00+00:00", 1))
    for start in ("2020-03-27 13:59:59", "2020-03-27T12:59:59Z", "2020-03-27T13:59:59+01:00"):
        reply = client.post("/traffic", json={"proc_id": 1, "start_ts": start, "stop_ts": None, "more": 1})
        assert reply.json()["traffic"] == 1
        assert reply.json()["min_ts"] == "2020-03-27 14:00:00.000000"


@pytest.mark.parametrize("proc_id", [2, 3, 0, -1, 2**31, 2**80])
def test_traffic_of_no_traffic_processor(client, proc_id):
    reply = client.post("/traffic", json={"proc_id": proc_id, "start_ts": "2020-03-26 00:00:00.0"})
    assert (reply.status_code, reply.text) == (200, '{"err": true, "msg": "Wrong processor id"}')


def test_traffic_where_nothing_was_counted(client):
    reply = client.post("/traffic", json={"proc_id": 1, "start_ts": "2020-03-26 00:00:00.0"})
    assert (reply.status_code, reply.text) == (200, '{"err": true, "msg": "No records found"}')


def test_persons_at_a_moment_byte_for_byte(client, store):
    for at, count in (("2020-03-26T21:54:29.006+01:00", 10), ("2020-03-27T00:00:00.000001+01:00", 11)):
        ts = datetime.fromisoformat(at)
        saved(store, an_event(processor_id=2, ts=ts, kind=EventKind.COUNT, value=count, zone=-1, track_id=0))
    reply = client.post("/objects", json={"proc_id": 2, "ts": "2020-03-27 00:00:00.0"})
    assert reply.status_code == 200
    assert reply.text == '{"err": false, "count": 10, "ts": "2020-03-26 21:54:29.006000"}'
    assert client.post("/objects", json={"proc_id": 2}).json()["count"] == 11


def test_persons_where_nothing_was_observed_or_nothing_is_counted(client):
    reply = client.post("/objects", json={"proc_id": 2, "ts": "2020-03-27 00:00:00.0"})
    assert (reply.status_code, reply.text) == (200, '{"err": true, "msg": "No observations found"}')
    reply = client.post("/objects", json={"proc_id": 1})
    assert (reply.status_code, reply.text) == (200, '{"err": true, "msg": "Wrong processor id"}')


def test_status_says_watching_only_while_a_live_process_watches_and_hides_credentials(client, store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    with watched(store, 2):
        assert client.get("/statusWatch").text == (
            '{"1": {"watching": false, "url": "http://camera.invalid/live.m3u8"}, '
            '"2": {"watching": true, "url": "http://camera.invalid/live.m3u8"}}'
        )
    assert client.get("/statusWatch").json()["2"]["watching"] is False


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/traffic", "", "no JSON"),
        ("/traffic", "proc_id=1", "no JSON"),
        ("/traffic", '{"proc_id": 1, "more": ' + "[" * 100_000, "no JSON"),
        ("/traffic", "[]", "object"),
        ("/traffic", "{}", "proc_id"),
        ("/traffic", '{"proc_id": 1}', "start_ts"),
        ("/traffic", '{"proc_id": true, "start_ts": "2020-03-26 00:00:00"}', "proc_id"),
        ("/traffic", '{"proc_id": "1", "start_ts": "2020-03-26 00:00:00"}', "proc_id"),
        ("/traffic", '{"proc_id": 1.5, "start_ts": "2020-03-26 00:00:00"}', "proc_id"),
        ("/traffic", '{"proc_id": NaN, "start_ts": "2020-03-26 00:00:00"}', "no JSON"),
        ("/traffic", '{"proc_id": null, "start_ts": "2020-03-26 00:00:00"}', "proc_id"),
        ("/traffic", '{"proc_id": 1, "start_ts": 0}', "start_ts"),
        ("/traffic", '{"proc_id": 1, "start_ts": "yesterday"}', "is no time"),
        ("/traffic", '{"proc_id": 99, "start_ts": "yesterday"}', "is no time"),
        ("/traffic", '{"proc_id": 1, "start_ts": "0001-01-01T00:00:00+09:00"}', "out of range"),
        ("/traffic", '{"proc_id": 1, "start_ts": "1815-06-18 11:35:00"}', "year"),
        (
            "/traffic",
            '{"proc_id": 1, "start_ts": "2020-03-26 00:00:01", "stop_ts": "2020-03-26 00:00:00"}',
            "ends before it starts",
        ),
        ("/objects", '{"proc_id": [1]}', "proc_id"),
        ("/objects", '{"proc_id": 2, "ts": "2020-13-01 00:00:00"}', "is no time"),
        ("/getFrame", '{"camera_id": "1; DROP TABLE camera"}', "camera_id"),
        ("/getFrame", '{"camera": 1}', "camera_id"),
    ],
)
def test_what_cannot_be_understood_is_a_400_that_says_why(client, path, body, says):
    reply = client.post(path, content=body)
    assert reply.status_code == 400
    assert list(reply.json()) == ["err", "msg"]
    assert reply.json()["err"] is True
    assert says in reply.json()["msg"]


def test_a_huge_body_is_refused_before_it_is_read(client):
    reply = client.post("/traffic", content=b'{"proc_id": 1, "start_ts": "' + b"0" * 1_100_000 + b'"}')
    assert reply.status_code == 413
    assert reply.json()["err"] is True


def test_a_database_that_is_away_is_a_503_without_details(tmp_path):
    with api(NO_DATABASE, tmp_path) as client:
        reply = client.post("/objects", json={"proc_id": 1})
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "2"
    assert reply.json() == {
        "err": True, "msg": "the database is not available at the moment; try again in a few seconds"
    }  # fmt: skip


def a_jpeg(width_px: int, height_px: int) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.full((height_px, width_px, 3), 90, np.uint8)))


def test_a_frame_of_a_watched_camera_is_its_latest_one(client, tmp_path):
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "1.jpg").write_bytes(a_jpeg(768, 576))
    reply = client.post("/getFrame", json={"camera_id": 1})
    assert list(reply.json()) == ["err", "path", "height", "width"]
    assert (reply.json()["height"], reply.json()["width"]) == (576, 768)
    picture = client.get(reply.json()["path"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content == a_jpeg(768, 576)
    another = client.post("/getFrame", json={"camera_id": 1}).json()["path"]
    assert another != reply.json()["path"]


def test_a_frame_of_long_ago_is_none_of_now_and_one_taken_is_kept_for_ten_minutes(client, tmp_path):
    for name in ("snapshots", "frames"):
        (tmp_path / name).mkdir()
    places = [tmp_path / "snapshots" / "1.jpg", tmp_path / "frames" / "a.jpg", tmp_path / "frames" / "b.jpg"]
    for place, old_s in zip(places, (FRESH_S + 30, KEPT_S - 60, KEPT_S + 60), strict=True):
        place.write_bytes(a_jpeg(768, 576))
        written_s = place.stat().st_mtime - old_s
        os.utime(place, (written_s, written_s))
    assert client.post("/getFrame", json={"camera_id": 1}).json()["msg"] == "Camera does not respond"
    assert [place.exists() for place in places] == [True, True, False]


def test_a_frame_of_a_camera_nobody_watches_is_taken_now(client, store, tmp_path):
    (tmp_path / "media").mkdir()
    film = write_film(tmp_path / "media" / "film.mp4", Film(width_px=320, height_px=240))
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(stream_url=film.as_uri()))
    reply = client.post("/getFrame", json={"camera_id": 2}).json()
    assert (reply["err"], reply["height"], reply["width"]) == (False, 240, 320)
    assert client.get(reply["path"]).content.startswith(b"\xff\xd8")
    picture = client.get("/api/v1/cameras/2/snapshot.jpg")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert simplejpeg.decode_jpeg_header(picture.content)[:2] == (240, 320)
    assert len(list((tmp_path / "frames").glob("*"))) == 1


def test_cameras_that_keep_silent_cannot_fill_the_machine_with_processes(client, store):
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(MAX_GRABS + 1) as pool:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/live.m3u8"
        with store.transaction() as tx:
            cameras.create_camera(tx, camera_settings(stream_url=url))
        asked = [pool.submit(client.post, "/getFrame", json={"camera_id": 2}) for _ in range(MAX_GRABS + 1)]
        refused = next(as_completed(asked)).result()
        silent.close()  # so that the others need not wait any longer
        answers = [one.result() for one in asked]
    assert refused.status_code == 503
    assert refused.json()["err"] is True
    assert sorted(answer.status_code for answer in answers) == [200] * MAX_GRABS + [503]


@pytest.mark.parametrize("camera_id", [1, 2, -1, 2**40])
def test_a_camera_that_is_not_there_does_not_respond(client, camera_id, tmp_path):
    reply = client.post("/getFrame", json={"camera_id": camera_id})
    assert (reply.status_code, reply.text) == (200, '{"err": true, "msg": "Camera does not respond"}')
    assert list((tmp_path / "frames").glob("*")) == []


@pytest.mark.parametrize(
    "path",
    [
        "/frame/..%2f..%2fsecret.jpg", "/frame/../secret.jpg", "/frame/a.png", "/frame/%00.jpg", "/frame/",
        "/videos/1/..%2f..%2fsecret.ts", "/videos/1/secret.txt", "/videos/../secret.ts", "/videos/x/a.ts",
        "/videos/1/processed_stream.m3u8%00.ts", "/videos/-1/a.ts", "/frame/missing.jpg",
    ],
)  # fmt: skip
def test_no_other_file_can_be_fetched(client, path, tmp_path):
    for name in ("secret.jpg", "secret.ts", "secret.txt"):
        (tmp_path / name).write_text("secret")
        (tmp_path / "previews" / "1").mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / name, tmp_path / "previews" / name)
    reply = client.get(path)
    assert reply.status_code == 404
    assert "secret" not in reply.text.replace(path, "")


def test_a_preview_is_its_playlist_and_its_segments(client, tmp_path):
    folder = tmp_path / "previews" / "1"
    folder.mkdir(parents=True)
    (folder / "processed_stream.m3u8").write_text("#EXTM3U\n")
    (folder / "part-00001.ts").write_bytes(b"\x47" * 188)
    playlist = client.get("/videos/1/processed_stream.m3u8")
    assert playlist.text == "#EXTM3U\n"
    assert playlist.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert playlist.headers["cache-control"] == "no-store"
    segment = client.get("/videos/1/part-00001.ts")
    assert (segment.content, segment.headers["content-type"]) == (b"\x47" * 188, "video/mp2t")
