"""Which pictures the API shows of a camera whose persons are blurred."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import sqlalchemy as sa

from hypersight_api.frames.upkeep import tidy
from hypersight_core.store import cameras, processors
from tests.builders import camera_settings, processor_settings
from tests.clips import Film, write_playlist
from tests.fakes.file_server import file_server
from tests.serving import NO_DATABASE, api

pytestmark = pytest.mark.integration

BLURRED, PLAIN = b"persons blurred", b"persons to be seen"
LAST_FRAME, SEGMENT = "/api/v1/cameras/1/last-frame.jpg", "/videos/1/segment-1.ts"
BY_SQL = sa.text("UPDATE camera SET blur_persons = :wanted")


@pytest.fixture
def client(store, database_url, tmp_path):
    """A client of a server with camera 1, of which both kinds of pictures are on disk."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(stream_url="http://127.0.0.1:9/live.m3u8"))
        processors.create_processor(tx, 1, processor_settings(output_hls=True))
    for folder, content in ((tmp_path, PLAIN), (tmp_path / "blurred", BLURRED)):
        written(folder / "snapshots" / "1.jpg", content)
        written(folder / "previews" / "1" / "segment-1.ts", content)
        written(folder / "previews" / "1" / "processed_stream.m3u8", content)
    with api(database_url, tmp_path) as client:
        yield client


def written(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def blur(store, wanted: bool) -> None:
    with store.transaction() as tx:
        tx.execute(BY_SQL, {"wanted": wanted})


def test_once_it_is_on_no_picture_from_before_is_shown_whoever_switched_it_on(client, store):
    paths = (LAST_FRAME, SEGMENT, "/videos/1/processed_stream.m3u8")
    assert [client.get(path).content for path in paths] == [PLAIN] * 3
    blur(store, True)
    time.sleep(2.1)
    assert [client.get(path).content for path in paths] == [BLURRED] * 3
    assert client.patch("/api/v1/cameras/1", json={"blur_persons": False}).json()["blur_persons"] is False


def test_a_snapshot_is_never_the_one_from_before(client, store, tmp_path):
    old = simplejpeg.encode_jpeg(np.full((48, 64, 3), 90, np.uint8))
    written(tmp_path / "snapshots" / "1.jpg", old)
    (tmp_path / "blurred" / "snapshots" / "1.jpg").unlink()
    assert client.get("/api/v1/cameras/1/snapshot.jpg?last=true").content == old
    blur(store, True)
    assert client.get("/api/v1/cameras/1/snapshot.jpg?last=true").status_code == 503
    assert client.post("/getFrame", json={"camera_id": 1}).json()["err"] is True


def test_a_frame_nobody_was_looked_for_on_is_hidden_whole(store, database_url, tmp_path):
    write_playlist(tmp_path, Film(seconds=2, fps=10, gop_s=1, width_px=320, height_px=192))
    with file_server(tmp_path) as server, api(database_url, tmp_path / "var") as client:
        url = f"{server}/live.m3u8"
        with store.transaction() as tx:
            cameras.create_camera(tx, camera_settings(stream_url=url))
        plain = blocks(client.get("/api/v1/cameras/1/snapshot.jpg").content)
        blur(store, True)
        known = client.post("/api/v1/cameras/test-connection", json={"camera_id": 1}).json()
        new = {"stream_url": url, "blur_persons": True}
        asked = client.post("/api/v1/cameras/test-connection", json=new).json()
        taken = client.post("/getFrame", json={"camera_id": 1}).json()
        paths = (known["snapshot_url"], asked["snapshot_url"], taken["path"])
        hidden = [blocks(client.get(path).content) for path in paths]
        hidden.append(blocks(client.get("/api/v1/cameras/1/snapshot.jpg").content))
    assert plain > 20
    assert max(hidden) < 5


def blocks(jpeg: bytes) -> float:
    """Return the largest difference within a block of those a hidden picture is made of."""
    grey = simplejpeg.decode_jpeg(jpeg, "GRAY")[:180, :, 0].astype(int).reshape(9, 20, 16, 20)
    return float(np.median(np.sort((grey.max(axis=(1, 3)) - grey.min(axis=(1, 3))).ravel())[-9:]))


def test_while_the_database_is_away_blurred_pictures_go_before_others(client, tmp_path):
    with api(NO_DATABASE, tmp_path) as cut_off:
        assert cut_off.get(LAST_FRAME).content == BLURRED
        assert cut_off.get(SEGMENT).content == BLURRED


def test_pictures_of_the_other_kind_are_removed_within_a_minute_or_two(client, store, tmp_path):
    for path in [*tmp_path.rglob("*.jpg"), *tmp_path.rglob("segment*"), *tmp_path.rglob("*.m3u8")]:
        for place in (path, path.parent):
            os.utime(place, (time.time() - 70,) * 2)  # noqa: TID251 - ages of files
    blur(store, True)
    tidy(tmp_path, store)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "secret_keys"]
    assert {path.read_bytes() for path in kept} == {BLURRED}
    assert len(kept) == 3
