"""What was detected in the last minutes: kept for ten of them, within bounds, and gone afterwards."""

from datetime import timedelta

import pytest

from hypersight_core.domain.recent import RecentFrame, RecentSegment
from hypersight_core.store import recent
from hypersight_core.store.recent import RecentDetections, recent_folder, recent_segments
from tests.builders import noon

SCENE = "http://camera.invalid/live.m3u8"
BOX = (0.25, 0.1, 0.3000000000000001, 0.4, 0.9)


def a_segment(at_s: float, *, scene: str = SCENE, boxes: int = 1) -> RecentSegment:
    frame = RecentFrame(noon(at_s), 1280, 720, (BOX,) * boxes)
    return RecentSegment(
        scene, noon(at_s), noon(at_s + 2), is_continuous=True, frames_wanted=1, frames=(frame,)
    )


def read(tmp_path, at_s: float, scene: str = SCENE) -> list[RecentSegment]:
    return recent_segments(tmp_path, 1, scene, noon(at_s))


def test_segments_come_back_as_they_were_in_order(tmp_path):
    kept = RecentDetections(tmp_path, 1)
    segments = [a_segment(at_s) for at_s in (0.0, 59.0, 61.0, 130.5)]
    for segment in segments:
        kept.append(segment, segment.stop_at)
    assert read(tmp_path, 140) == segments


def test_nothing_older_than_ten_minutes_is_on_disk_or_read(tmp_path):
    kept = RecentDetections(tmp_path, 1)
    for at_s in range(0, 1200, 20):
        kept.append(a_segment(at_s), noon(at_s))
    assert len(list(recent_folder(tmp_path, 1).iterdir())) <= recent.KEPT_MINUTES
    assert read(tmp_path, 1180)[0].start_at >= noon(1180) - timedelta(minutes=10)
    assert read(tmp_path, 1180 + 601) == []


def test_a_successor_goes_on_and_removes_what_its_predecessor_left(tmp_path):
    RecentDetections(tmp_path, 1).append(a_segment(0), noon(0))
    RecentDetections(tmp_path, 1).append(a_segment(30), noon(30))
    assert len(read(tmp_path, 31)) == 2
    RecentDetections(tmp_path, 1).append(a_segment(700), noon(700))
    assert len(list(recent_folder(tmp_path, 1).iterdir())) == 1


def test_a_clock_that_was_set_back_leaves_nothing_from_the_future(tmp_path):
    kept = RecentDetections(tmp_path, 1)
    kept.append(a_segment(7200), noon(7200))
    kept.append(a_segment(0), noon(0))
    assert [segment.start_at for segment in read(tmp_path, 1)] == [noon(0)]
    assert len(list(recent_folder(tmp_path, 1).iterdir())) == 1


def test_what_is_kept_stays_within_its_bytes(tmp_path):
    kept = RecentDetections(tmp_path, 1)
    for at_s in range(0, 600, 10):
        kept.append(a_segment(at_s, boxes=20_000), noon(at_s))
        size = sum(path.stat().st_size for path in recent_folder(tmp_path, 1).iterdir())
        assert size <= recent.MAX_BYTES
    assert read(tmp_path, 591)[-1].start_at == noon(590)


def test_another_stream_of_the_same_camera_is_left_out(tmp_path):
    kept = RecentDetections(tmp_path, 1)
    kept.append(a_segment(0, scene="http://other.invalid/"), noon(0))
    kept.append(a_segment(2), noon(2))
    assert [segment.start_at for segment in read(tmp_path, 3)] == [noon(2)]


def test_half_a_line_of_a_killed_watcher_is_left_out(tmp_path):
    kept = RecentDetections(tmp_path, 1)
    kept.append(a_segment(0), noon(0))
    (path,) = recent_folder(tmp_path, 1).iterdir()
    path.write_bytes(path.read_bytes() + path.read_bytes()[:40])
    assert len(read(tmp_path, 1)) == 1


@pytest.mark.parametrize("name", ["x.jsonl", "1.part", "-5.jsonl"])
def test_files_that_are_not_ours_are_left_alone(tmp_path, name):
    folder = recent_folder(tmp_path, 1)
    folder.mkdir(parents=True)
    (folder / name).write_text("not ours")
    RecentDetections(tmp_path, 1).append(a_segment(0), noon(0))
    assert (folder / name).read_text() == "not ours"
    assert len(read(tmp_path, 1)) == 1


def test_a_disk_that_fails_is_said_once_and_costs_nothing_else(tmp_path, caplog):
    (tmp_path / "recent").write_text("in the way")
    kept = RecentDetections(tmp_path, 1)
    for at_s in (0, 2, 4):
        kept.append(a_segment(at_s), noon(at_s))
    assert [record.message for record in caplog.records] == ["recent detections not kept, counting goes on"]
    (tmp_path / "recent").unlink()
    kept.append(a_segment(6), noon(6))
    assert len(read(tmp_path, 7)) == 1
