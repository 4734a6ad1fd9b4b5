"""Previews are live or not there, and pictures do not pile up."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hypersight_api.frames.upkeep import tidy
from hypersight_core.errors import DatabaseUnavailable
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store
from tests.builders import camera_settings, processor_settings
from tests.serving import NO_DATABASE, api

pytestmark = pytest.mark.integration

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2.000,\nsegment-1.ts\n"


@pytest.fixture
def showing(store):
    """A store with camera 1; its processor 1 makes a preview, processor 2 no longer does, 3 is deleted."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        for output_hls in (True, False, True):
            processors.create_processor(tx, 1, processor_settings(output_hls=output_hls))
        processors.delete_processor(tx, 3)
    return store


def written(path: Path, age_s: float, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for place in (path, path.parent):
        aged(place, age_s)
    return path


def aged(path: Path, age_s: float) -> None:
    at_s = datetime.now(UTC).timestamp() - age_s
    os.utime(path, (at_s, at_s))


@pytest.mark.parametrize(("age_s", "status"), [(0, 200), (35, 200), (45, 404), (90_000, 404)])
def test_a_preview_that_gets_no_new_segments_is_not_served_as_live(
    showing, database_url, tmp_path, age_s, status
):
    written(tmp_path / "previews" / "1" / "processed_stream.m3u8", age_s, PLAYLIST)
    with api(database_url, tmp_path) as client:
        reply = client.get("/videos/1/processed_stream.m3u8")
    assert reply.status_code == status
    if status == 404:
        assert reply.json() == {
            "err": True,
            "msg": "there is no preview now: it plays while the camera is watched",
        }


def test_pictures_of_what_is_gone_are_removed(showing, tmp_path):
    previews, snapshots, frames = tmp_path / "previews", tmp_path / "snapshots", tmp_path / "frames"
    kept = [
        written(previews / "1" / "segment-1.ts", 3000),
        written(snapshots / "1.jpg", 3000),
        written(frames / "young.jpg", 500),
    ]
    gone = [
        written(previews / "2" / "segment-1.ts", 70),
        written(previews / "3" / "processed_stream.m3u8", 70),
        written(snapshots / "7.jpg", 70),
        written(frames / "old.jpg", 700),
    ]
    tidy(tmp_path, showing)
    assert [path.exists() for path in kept] == [True] * len(kept)
    assert [path.exists() for path in gone] == [False] * len(gone)
    assert [path.name for path in previews.iterdir()] == ["1"]


def test_a_watcher_that_still_writes_is_not_disturbed(showing, tmp_path):
    last = written(tmp_path / "previews" / "3" / "segment-9.ts", 5)
    tidy(tmp_path, showing)
    assert last.exists()


def test_of_a_camera_nobody_watches_the_folder_stays_and_its_pictures_go(showing, tmp_path):
    preview = written(tmp_path / "previews" / "1" / "segment-1.ts", 4000)
    snapshot = written(tmp_path / "snapshots" / "1.jpg", 90_000)
    tidy(tmp_path, showing)
    assert (preview.exists(), preview.parent.exists(), snapshot.exists()) == (False, True, False)


def test_while_the_database_is_away_nothing_is_taken_for_gone(tmp_path):
    preview = written(tmp_path / "previews" / "3" / "segment-1.ts", 4000)
    frame = written(tmp_path / "frames" / "old.jpg", 700)
    store = Store(NO_DATABASE)
    with pytest.raises(DatabaseUnavailable):
        tidy(tmp_path, store)
    store.close()
    assert (preview.exists(), frame.exists()) == (True, False)


def test_a_server_tidies_up_by_itself(showing, database_url, tmp_path):
    old = written(tmp_path / "frames" / "old.jpg", 700)
    with api(database_url, tmp_path) as client:
        for _ in range(100):
            assert client.get("/healthz").status_code == 200
            if not old.exists():
                return
    assert not old.exists()


def test_positions_go_with_time_and_with_their_camera(showing, tmp_path):
    old = written(tmp_path / "recent" / "1" / "1.jsonl", 700)
    new = written(tmp_path / "recent" / "1" / "2.jsonl", 100)
    gone = written(tmp_path / "recent" / "7" / "2.jsonl", 100)
    tidy(tmp_path, showing)
    assert (old.exists(), new.exists(), gone.parent.exists()) == (False, True, False)
