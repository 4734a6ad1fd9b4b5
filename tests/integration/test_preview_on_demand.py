"""A preview begins when somebody looks and ends when nobody does: a real watcher, a real API, their files."""

import io
import time
from pathlib import Path

import av
import m3u8  # type: ignore[import-untyped]
import pytest

from hypersight_core.store import cameras, previews, processors
from hypersight_core.store.leases import read_leases
from tests.builders import camera_settings, processor_settings
from tests.integration.test_watcher import Watched, Watcher, camera, detector, eventually, film, one
from tests.serving import NO_DATABASE, api, watched

__all__ = ["camera", "detector", "film", "one"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

PLAYLIST = "/videos/{}/processed_stream.m3u8"


def test_a_preview_begins_when_it_is_asked_for_and_goes_when_nobody_asks(one: Watched) -> None:
    with api(one.settings.database_url, one.settings.var_dir) as client, Watcher(one):
        eventually(lambda: one.events("enter"))
        assert previews_of(one) == 0
        assert folders(one) == []

        first = eventually(lambda: playing(client, one.traffic_id), within_s=30)
        assert first.target_duration >= 2
        newer = eventually(lambda: newer_than(first, playing(client, one.traffic_id)), within_s=30)
        segment = client.get(f"/videos/{one.traffic_id}/{newer.segments[-1].uri}").content
        with av.open(io.BytesIO(segment), "r") as container:
            frames = list(container.decode(video=0))
        assert len(frames) >= 5
        assert folders(one) == [str(one.traffic_id)]
        eventually(lambda: previews_of(one) == 1)

        asked_s = time.monotonic()
        counted = len(one.events())
        eventually(lambda: folders(one) == [], within_s=40)
        assert time.monotonic() - asked_s > previews.LASTS_S - 4
        eventually(lambda: previews_of(one) == 0)
        assert len(one.events()) > counted

        again = eventually(lambda: playing(client, one.traffic_id), within_s=30)
        assert again.media_sequence > newer.media_sequence


def playing(client, processor_id: int) -> m3u8.M3U8 | None:
    reply = client.get(PLAYLIST.format(processor_id))
    if reply.status_code == 503:
        assert reply.headers["retry-after"]
        return None
    assert reply.status_code == 200, reply.text
    return m3u8.loads(reply.text)


def newer_than(first: m3u8.M3U8, found: m3u8.M3U8 | None) -> m3u8.M3U8 | None:
    ends = [one.media_sequence + len(one.segments) for one in (first, found) if one is not None]
    return found if len(ends) == 2 and ends[1] > ends[0] else None


def previews_of(one: Watched) -> int:
    with one.store.transaction() as tx:
        (lease,) = read_leases(tx)
    return lease.figures.previews if lease.figures else 0


def folders(one: Watched) -> list[str]:
    return [path.name for path in (one.settings.var_dir / "previews").glob("*")]


def test_of_a_camera_nobody_watches_there_is_none_at_once(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
        processors.create_processor(tx, 1, processor_settings(enabled=False))
    with api(database_url, tmp_path) as client:
        for processor_id in (1, 2, 3, 2**40):
            reply = client.get(PLAYLIST.format(processor_id))
            assert (reply.status_code, reply.json()["err"]) == (404, True)
        with watched(store, 1, phase="reconnecting"):
            assert client.get(PLAYLIST.format(1)).status_code == 404


def test_a_preview_that_does_not_begin_is_a_503_that_says_when_to_ask_again(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    with api(database_url, tmp_path) as client, watched(store, 1):
        reply = client.get(PLAYLIST.format(1))
        with store.transaction() as tx:
            assert previews.wanted_previews(tx, 1) == {1}
            assert previews.wanted_previews(tx, 2) == set()
    assert (reply.status_code, reply.json()["err"], reply.headers["retry-after"]) == (503, True, "2")


def test_a_preview_that_plays_goes_on_while_the_database_is_away(tmp_path: Path):
    playlist = tmp_path / "previews" / "1" / "processed_stream.m3u8"
    playlist.parent.mkdir(parents=True)
    playlist.write_text("#EXTM3U\n")
    with api(NO_DATABASE, tmp_path) as client:
        assert client.get(PLAYLIST.format(1)).text == "#EXTM3U\n"
        assert client.get(PLAYLIST.format(2)).status_code == 503
