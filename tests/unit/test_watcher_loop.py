"""Segments in, records out: on real video, with a detector that sees what the film shows."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import EventKind, Reason, SegmentRecord
from hypersight_core.domain.mosaic import GUTTER_PX, MosaicLayout
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.video.jpeg import decode_jpeg, encode_jpeg
from hypersight_core.video.source import Gap, Recording, Segment, open_source
from hypersight_core.watcher.gate import AGREEING_ANSWERS
from hypersight_core.watcher.loop import SegmentLoop
from tests.builders import NOON, a_camera, a_processor, a_record, noon
from tests.clips import SQUARE_PX, Film, write_film
from tests.fakes.square_finder import SquareFinder

MIDDLE = Zone(((0.3, 0.0), (0.7, 0.0), (0.7, 1.0), (0.3, 1.0)), "middle")
FILM = Film(seconds=14.72, gop_s=2.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "square.mp4", FILM)


@pytest.fixture(scope="module")
def segments(film) -> list[Segment]:
    source = open_source(str(film), stop=lambda: False, recording=Recording(starts_at=NOON))
    found = [piece for piece in source.pieces() if isinstance(piece, Segment)]
    assert len(found) > 3
    return found


def a_plan(**camera) -> WatchPlan:
    usual = {"watch_fps": 5.0}
    return WatchPlan(
        camera=a_camera(**(usual | camera)),
        processors=(
            a_processor(processor_id=4, zones=(MIDDLE,)),
            a_processor(processor_id=5, kind="objects", zones=(MIDDLE,)),
        ),
    )


@pytest.fixture
def make_loop():
    made: list[SegmentLoop] = []

    def make(
        plan: WatchPlan,
        finder: SquareFinder,
        *,
        max_lag_s: float = 0.0,
        stop: threading.Event | None = None,
    ) -> SegmentLoop:
        services = Services(lambda _: FoundFaces((), ()), encode_jpeg, lambda _: None)
        stop = stop or threading.Event()
        made.append(SegmentLoop(plan, finder, services, outputs=None, max_lag_s=max_lag_s, stop=stop))
        made[-1].configure(plan)
        return made[-1]

    yield make
    for loop in made:
        loop.close()


class TiringFinder(SquareFinder):
    """Answers four times, and then never again."""

    def __init__(self) -> None:
        super().__init__()
        self.when_tired: Callable[[], None] = lambda: None
        self._asked = itertools.count(1)

    def detect(self, jpeg: bytes) -> Detections:
        """Return what is seen, four times."""
        if next(self._asked) > 4:
            self.when_tired()
            raise DetectorUnavailable("tired")
        return super().detect(jpeg)


def counted(loop: SegmentLoop, segments: list[Segment]) -> list[SegmentRecord]:
    return [record for segment in segments if (record := loop.segment(segment)) is not None]


def events_of(records: list[SegmentRecord]):
    return [event for record in records for event in record.events]


def test_each_passage_of_the_square_is_one_entry_and_one_exit(make_loop, segments):
    records = counted(make_loop(a_plan(), SquareFinder()), segments)
    kinds = [event.kind for event in events_of(records) if event.processor_id == 4]
    assert kinds.count(EventKind.ENTER) == rises_above(0.3)
    assert kinds.count(EventKind.EXIT) == rises_above(0.7)


def rises_above(x_rel: float) -> int:
    """How often the square's centre passes a vertical line to the right, by the film's own rule."""
    centres = [(FILM.square_left_px(index) + SQUARE_PX / 2) / FILM.width_px for index in range(FILM.frames)]
    return sum(before < x_rel <= after for before, after in pairwise(centres))


def test_records_are_numbered_and_cover_the_film_without_holes(make_loop, segments):
    records = counted(make_loop(a_plan(), SquareFinder()), segments)
    assert [record.seq for record in records] == list(range(1, len(segments) + 1))
    seen = [record.observations[0] for record in records]
    assert all(before.to_at == after.from_at for before, after in pairwise(seen))
    assert seen[0].from_at == NOON
    assert abs((seen[-1].to_at - NOON).total_seconds() - FILM.seconds) < 0.1
    assert all(one.frames_wanted == one.frames_detected > 0 and one.reason is None for one in seen)


def test_the_heat_of_a_film_with_one_person_is_its_length(make_loop, segments):
    records = counted(make_loop(a_plan(), SquareFinder()), segments)
    person_s = sum(one.person_ms for record in records for one in record.heat) / 1000
    assert person_s == pytest.approx(FILM.seconds, abs=0.1)
    assert len({one.cell for record in records for one in record.heat}) > 5  # it walks


@pytest.mark.parametrize("rows_cols", [(1, 1), (2, 2), (1, 3)])
def test_the_mosaic_changes_no_count(make_loop, segments, rows_cols):
    rows, cols = rows_cols
    alone = events_of(counted(make_loop(a_plan(), SquareFinder()), segments))
    finder = _OneAtATime(rows, cols)
    together = events_of(counted(make_loop(a_plan(watch_rows=rows, watch_cols=cols), finder), segments))
    assert [(event.kind, event.zone) for event in together] == [(event.kind, event.zone) for event in alone]
    assert finder.calls <= -(
        -sum(r.observations[0].frames_wanted for r in counted(make_loop(a_plan(), SquareFinder()), segments))
        // (rows * cols)
    ) + len(segments)


class _OneAtATime(SquareFinder):
    """Looks at each cell of a mosaic by itself, as a detector of persons sees several at once."""

    def __init__(self, rows: int, cols: int) -> None:
        super().__init__()
        self._rows, self._cols = rows, cols

    def detect(self, jpeg: bytes):
        self.calls += 1
        mosaic = decode_jpeg(jpeg)
        layout = self._layout(mosaic.shape)
        boxes_px = []
        for index in range(layout.size):
            left, top, right, bottom = layout.cell_px(index)
            found = SquareFinder().detect(encode_jpeg(mosaic[top:bottom, left:right], quality=95))
            size_px = np.tile([right - left, bottom - top], 2)
            boxes_px += [box * size_px + np.tile([left, top], 2) for box in found.boxes_rel]
        boxes = np.array(boxes_px).reshape(-1, 4) / np.tile([layout.width_px, layout.height_px], 2)
        return Detections(boxes, np.full(len(boxes), 0.9))

    def _layout(self, shape: tuple[int, ...]) -> MosaicLayout:
        """Return the layout that makes a mosaic of `shape`."""
        width_px = (shape[1] + GUTTER_PX) // self._cols - GUTTER_PX
        height_px = (shape[0] + GUTTER_PX) // self._rows - GUTTER_PX
        return MosaicLayout(self._rows, self._cols, width_px, height_px)


def test_frames_on_which_nothing_moved_are_watched_and_counted_without_a_call(make_loop, tmp_path):
    film = write_film(tmp_path / "still.mp4", Film(seconds=20.0, step_px=0, width_px=640, height_px=384))
    source = open_source(str(film), stop=lambda: False, recording=Recording(starts_at=NOON))
    still = [piece for piece in source.pieces() if isinstance(piece, Segment)]
    finder = SquareFinder()
    everywhere = a_processor(processor_id=5, kind="objects", zones=())
    plan = replace(a_plan(motion_gate=True, motion_recheck_s=8.0), processors=(everywhere,))

    records = counted(make_loop(plan, finder), still)

    assert finder.calls == AGREEING_ANSWERS + 2
    seen = [record.observations[0] for record in records]
    assert sum(one.frames_wanted for one in seen) == sum(one.frames_detected for one in seen) == 100
    assert {one.reason for one in seen} == {None}
    assert [event.value for event in events_of(records)][-1] == 1


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_restart_between_two_segments_changes_no_event(make_loop, segments, killed_after):
    undisturbed = events_of(counted(make_loop(a_plan(), SquareFinder()), segments))
    before = counted(make_loop(a_plan(), SquareFinder()), segments[:killed_after])
    saved = msgspec.json.decode(msgspec.json.encode(before[-1]), type=SegmentRecord)

    successor = make_loop(a_plan(), SquareFinder())
    successor.resume(saved, saved.observations[-1].to_at)
    # The window of a live stream still holds segments that were counted before the restart.
    after = counted(successor, segments[max(0, killed_after - 1) :])

    assert events_of(before) + events_of(after) == undisturbed
    assert [record.seq for record in before + after] == list(range(1, len(segments) + 1))


def test_a_detector_outage_is_a_gap_in_coverage_and_never_a_zero(make_loop, segments):
    finder = SquareFinder()
    loop = make_loop(a_plan(), finder)
    loop.segment(segments[0])
    finder.is_away = True
    record = loop.segment(segments[1])
    assert record is not None
    assert [event for event in record.events if event.kind is EventKind.COUNT] == []
    (seen,) = record.observations
    assert (seen.frames_detected, seen.reason) == (0, Reason.DETECTOR_ERROR)
    assert seen.frames_wanted > 0
    assert "away" in loop.detector_problem

    finder.is_away = False
    recovered = loop.segment(segments[2])
    assert recovered is not None
    assert recovered.observations[0].reason is None
    assert loop.detector_problem == ""


def test_a_segment_of_which_some_frames_got_no_answer_says_why(make_loop, segments):
    finder = TiringFinder()
    loop = make_loop(a_plan(), finder)
    record = loop.segment(segments[0])
    assert record is not None
    (seen,) = record.observations
    assert (seen.frames_wanted, seen.frames_detected, seen.reason) == (10, 4, Reason.DETECTOR_ERROR)


def test_what_the_stream_no_longer_has_once_the_detector_is_back_is_the_detectors_gap(make_loop, segments):
    finder = SquareFinder()
    loop = make_loop(a_plan(), finder)
    finder.is_away = True
    loop.segment(segments[0])
    record = loop.gap(Gap(segments[0].stop_at, segments[0].stop_at + timedelta(seconds=10)))
    assert record is not None
    assert record.observations[0].reason is Reason.DETECTOR_ERROR


def test_a_watcher_told_to_stop_leaves_a_segment_without_all_answers_to_its_successor(make_loop, segments):
    stop = threading.Event()
    finder = TiringFinder()
    loop = make_loop(a_plan(), finder, max_lag_s=60.0, stop=stop)
    finder.when_tired = stop.set
    assert loop.segment(segments[0]) is None
    assert loop.position_at is None


def test_a_gap_of_the_stream_is_recorded_with_its_reason(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    record = loop.gap(Gap(noon(0), noon(10)))
    assert record is not None
    (seen,) = record.observations
    assert (seen.from_at, seen.to_at, seen.reason) == (noon(0), noon(10), Reason.STREAM_DOWN)
    assert (seen.frames_wanted, seen.frames_detected) == (50, 0)


def test_a_gap_of_unknown_length_leaves_no_record(make_loop):
    assert make_loop(a_plan(), SquareFinder()).gap(Gap(noon(0), None)) is None


def test_a_clock_set_back_by_a_day_is_counted_and_not_taken_for_a_repetition(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    loop.resume(a_record(seq=7, position_at=noon(86_400)), noon(86_400))
    record = loop.segment(segments[0])
    assert record is not None
    assert record.seq == 8
    (seen,) = record.observations
    assert (seen.from_at, seen.to_at) == (segments[0].start_at, segments[0].stop_at)
    assert seen.frames_detected > 0


def test_a_clock_set_back_by_minutes_counts_nothing_twice_and_is_said(make_loop, segments, caplog):
    loop = make_loop(a_plan(), SquareFinder())
    loop.resume(a_record(seq=7, position_at=noon(300)), noon(300))
    assert counted(loop, segments) == []
    assert loop.advice == "", "as much comes again after a reconnection"
    for round_s in (20, 40):
        again = [replace(one, start_at=one.start_at + timedelta(seconds=round_s)) for one in segments]
        assert counted(loop, again) == []
    assert loop.advice.endswith("nothing is counted until it shows 2026-03-02 12:05:00 UTC")
    assert caplog.messages == ["stream's clock set back"]
    fresh = replace(segments[0], start_at=noon(301))
    assert loop.segment(fresh) is not None
    assert loop.advice == ""


def test_the_time_of_records_without_room_is_missing_and_said_so_by_the_next_record(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    for segment in segments[:2]:
        refused = loop.segment(segment)
        assert refused is not None
        loop.unstored(refused)
    record = loop.segment(segments[2])
    assert record is not None
    lost, seen = record.observations
    assert (lost.from_at, lost.to_at) == (segments[0].start_at, segments[1].stop_at)
    assert (lost.frames_wanted, lost.frames_detected, lost.reason) == (20, 0, Reason.LATE_DROPPED)
    assert (seen.from_at, seen.reason) == (segments[2].start_at, None)


def test_what_passed_while_nobody_watched_is_observed_as_paused(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    loop.resume(a_record(seq=7, position_at=noon(-30.2)), noon(-30))
    first, second = loop.segment(segments[0]), loop.segment(segments[1])
    assert first is not None
    assert second is not None
    paused, seen = first.observations
    assert (paused.from_at, paused.to_at, paused.reason) == (noon(-30), noon(0), Reason.PAUSED)
    assert (paused.frames_wanted, paused.frames_detected) == (150, 0)
    assert (seen.from_at, seen.reason) == (noon(0), None)
    assert len(second.observations) == 1


def test_a_piece_that_was_observed_in_part_before_a_restart_is_not_observed_twice(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    loop.resume(a_record(seq=7, position_at=noon(0.9)), noon(1))
    record = loop.segment(segments[0])
    assert record is not None
    (seen,) = record.observations
    assert (seen.from_at, seen.to_at) == (noon(1), segments[0].stop_at)


def test_the_heat_of_a_piece_that_was_counted_in_part_is_of_the_rest_alone(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    loop.resume(a_record(seq=7, position_at=noon(0.9)), noon(1))
    record = loop.segment(segments[0])
    assert record is not None
    assert sum(one.person_ms for one in record.heat) == pytest.approx(1000, abs=50)


def test_a_year_without_a_watcher_leaves_no_row_for_every_hour(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    loop.resume(a_record(seq=7, position_at=NOON - timedelta(days=365)), NOON - timedelta(days=365))
    record = loop.segment(segments[0])
    assert record is not None
    assert len(record.observations) == 1


def test_an_edited_zone_takes_effect_at_the_next_segment(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    loop.segment(segments[0])
    nowhere = Zone(((0.0, 0.0), (0.01, 0.0), (0.01, 0.01)), "nowhere")
    edited = WatchPlan(
        camera=a_plan().camera, processors=(a_processor(processor_id=4, zones=(nowhere,), version=2),)
    )
    loop.configure(edited)
    later = counted(loop, segments[1:])
    assert [event for event in events_of(later) if event.kind is EventKind.ENTER] == []
    assert {event.processor_id for event in events_of(later)} <= {4}


def test_a_processor_of_a_kind_that_was_taken_away_is_said_and_stops_no_other(make_loop, segments):
    plan = a_plan()
    with_hats = replace(plan, processors=(*plan.processors, a_processor(processor_id=6, kind="hats")))
    loop = make_loop(with_hats, SquareFinder())
    assert events_of(counted(loop, segments)) == events_of(counted(make_loop(plan, SquareFinder()), segments))
    assert loop.advice == "no such kind here, so not counted: processor 6 (hats)"


@pytest.mark.parametrize("edited_after", [1, 2, 3])
def test_an_edit_of_the_camera_loses_no_open_visit(make_loop, segments, edited_after):
    undisturbed = events_of(counted(make_loop(a_plan(), SquareFinder()), segments))
    loop = make_loop(a_plan(), SquareFinder())
    before = counted(loop, segments[:edited_after])
    loop.configure(a_plan(name="renamed"))
    assert events_of(before) + events_of(counted(loop, segments[edited_after:])) == undisturbed


def test_a_segment_that_comes_too_late_is_a_gap_with_its_reason(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    dropped = loop.drop(segments[0])
    assert dropped is not None
    (seen,) = dropped.observations
    assert (seen.frames_wanted, seen.frames_detected, seen.reason) == (10, 0, Reason.LATE_DROPPED)
    assert loop.drop(segments[0]) is None
    following = loop.segment(segments[1])
    assert following is not None
    assert following.observations[0].frames_detected == 10


def test_frames_that_cannot_be_decoded_are_not_watched(make_loop, segments):
    loop = make_loop(a_plan(), SquareFinder())
    loop.segment(segments[0])
    broken = [replace(one, packet=_garbled(one.packet)) for one in segments[1].coded]
    record = loop.segment(replace(segments[1], coded=tuple(broken)))
    assert record is not None
    (seen,) = record.observations
    assert (seen.frames_wanted, seen.frames_detected, seen.reason) == (10, 0, Reason.STREAM_DOWN)


def test_a_stream_slower_than_watch_fps_is_watched_wholly(make_loop, segments):
    record = make_loop(a_plan(watch_fps=30.0), SquareFinder()).segment(segments[0])
    assert record is not None
    (seen,) = record.observations
    assert (seen.frames_wanted, seen.reason) == (seen.frames_detected, None)
    assert seen.frames_wanted >= 48


def _garbled(packet: "av.Packet[Any]") -> "av.Packet[Any]":
    broken = av.Packet(bytes(len(bytes(packet))))
    broken.pts, broken.dts, broken.time_base = packet.pts, packet.dts, packet.time_base
    broken.is_keyframe = packet.is_keyframe
    return broken
