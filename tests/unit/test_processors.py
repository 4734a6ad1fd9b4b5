"""Traffic and objects: what they say about frames of known scenes."""

import json
from datetime import timedelta

import numpy as np
import pytest

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import NO_TRACK, NO_ZONE, Event, EventKind
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput
from hypersight_core.processors import registry
from hypersight_core.processors.interface import SegmentStart
from tests.builders import LEFT_HALF, a_camera, a_processor, noon
from tests.walkers import a_frame, along, events_of, film, no_services, running, seen, walk

MIDDLE = Zone(((0.35, 0.2), (0.65, 0.2), (0.65, 0.8), (0.35, 0.8)))
UPWARD = Zone(((0.5, 1.0), (0.5, 0.0)))
THROUGH = walk((0.05, 0.5), (0.95, 0.5), 9.0)


def values(events: list[Event]) -> list[int]:
    return [event.value for event in events]


def kinds_of(events: list[Event]) -> list[EventKind]:
    return [event.kind for event in events]


def test_every_kind_has_a_maker_and_an_unknown_one_is_refused():
    assert registry.kinds() == ("traffic", "objects", "faces")
    with pytest.raises(InvalidInput, match="dancing"):
        registry.make(a_camera(), a_processor(kind="dancing"), no_services())


def test_a_line_is_refused_where_persons_must_be_inside():
    with pytest.raises(InvalidInput, match="no inside"):
        a_processor(kind="objects", zones=(UPWARD,))


def test_traffic_tells_who_went_in_and_out_when_and_for_how_long():
    frames = film([THROUGH], fps=5, seconds=10)
    way_in, way_out = events_of(a_processor(zones=(LEFT_HALF, MIDDLE), version=3), frames)[:2]
    assert (way_in.kind, way_in.zone, way_in.processor_id, way_in.processor_version) == (
        EventKind.ENTER,
        1,
        4,
        3,
    )
    assert abs(way_in.ts - noon(3.0)) < timedelta(seconds=0.1)
    assert (way_out.kind, way_out.zone) == (EventKind.EXIT, 0)


def test_who_vanishes_just_inside_before_the_confirmation_time_is_over_has_gone_in():
    # Seen last at 3.2 s, 0.2 s after the border; nobody saw a way back.
    path = along((0.0, (0.05, 0.5)), (3.3, (0.38, 0.5)), (60.0, None))
    (event,) = events_of(a_processor(zones=(MIDDLE,)), film([path], fps=5, seconds=20))
    assert (event.kind, event.value) == (EventKind.ENTER, 1)
    assert (event.ts - noon(3.0)).total_seconds() == pytest.approx(0.0, abs=0.05)


def test_dwell_is_the_time_between_the_way_in_and_the_way_out():
    way_in, way_out = events_of(a_processor(zones=(MIDDLE,)), film([THROUGH], fps=5, seconds=10))
    assert way_in.dwell_s is None
    assert way_out.dwell_s == pytest.approx((way_out.ts - way_in.ts).total_seconds(), abs=1e-5)
    assert way_out.track_id == way_in.track_id > NO_TRACK


def test_traffic_over_a_line_is_cross_in_one_way_and_cross_out_the_other():
    back = walk((0.95, 0.7), (0.05, 0.7), 9.0)
    processor = a_processor(zones=(UPWARD,))
    assert kinds_of(events_of(processor, film([THROUGH], fps=5, seconds=10))) == [EventKind.CROSS_IN]
    assert kinds_of(events_of(processor, film([back], fps=5, seconds=10))) == [EventKind.CROSS_OUT]


def test_one_person_in_two_zones_that_touch_counts_once_supervision_1987():
    right_half = Zone(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    middle_left = Zone(((0.2, 0.0), (0.5, 0.0), (0.5, 1.0), (0.2, 1.0)))
    events = events_of(a_processor(zones=(middle_left, right_half)), film([THROUGH], fps=5, seconds=10))
    ways_in = [event for event in events if event.kind is EventKind.ENTER]
    assert [(event.zone, event.value) for event in ways_in] == [(0, 1), (1, 0)]


def test_weak_detections_go_on_with_a_person_but_never_begin_one():
    frames = [(at, Detections(found.boxes_rel, np.full(len(found), 0.9 if at < 2 else 0.35)))
              for at, found in film([THROUGH], fps=5, seconds=10)]  # fmt: skip
    weak = [(at, Detections(found.boxes_rel, np.full(len(found), 0.35))) for at, found in frames]
    processor = a_processor(zones=(MIDDLE,), threshold=0.4)
    assert kinds_of(events_of(processor, frames)) == [EventKind.ENTER, EventKind.EXIT]
    assert events_of(processor, weak) == []


def test_events_lie_after_the_last_frame_of_the_segment_before():
    frames = film([THROUGH, walk((0.95, 0.3), (0.05, 0.3), 7.0)], fps=2, seconds=10)
    events: list[Event] = []
    following = running(a_processor(zones=(MIDDLE,)))
    for at_s, found in frames:
        following.begin(SegmentStart(noon(at_s), is_continuous=at_s > 0))
        new = list(following.update(a_frame(at_s), found))
        assert all(event.ts > noon(at_s - 0.5) for event in new)
        events += new
    assert len(events) == 4


def test_events_come_in_order_of_time_and_with_distinct_keys():
    paths = [walk((0.05, 0.2 + 0.1 * i), (0.95, 0.2 + 0.1 * i), 6.0 + 0.2 * i) for i in range(6)]
    events = events_of(a_processor(zones=(LEFT_HALF, MIDDLE, UPWARD)), film(paths, fps=5, seconds=10))
    keys = [(event.ts, event.kind, event.zone, event.track_id) for event in events]
    assert len(set(keys)) == len(keys) > 20
    assert all(event.ts.utcoffset() == timedelta(0) for event in events)


def test_a_frame_that_comes_twice_or_out_of_order_changes_nothing():
    frames = film([THROUGH], fps=5, seconds=10)
    shuffled = [
        frame for pair in zip(frames[1:], frames[:-1], strict=True) for frame in (pair[0], pair[0], pair[1])
    ]
    processor = a_processor(zones=(MIDDLE,))
    assert events_of(processor, shuffled) == events_of(processor, frames[1:])


def test_a_stream_clock_that_is_set_back_begins_anew_with_new_persons():
    processor = running(a_processor(zones=(MIDDLE,)))
    events: list[Event] = []
    for start_s in (0.0, -3600.0):
        processor.begin(SegmentStart(noon(start_s), is_continuous=False))
        for at_s, found in film([THROUGH], fps=5, seconds=10):
            events += processor.update(a_frame(start_s + at_s), found)
    assert kinds_of(events) == [EventKind.ENTER, EventKind.EXIT] * 2
    assert events[2].ts < noon(-3590)
    assert events[2].track_id > events[0].track_id


def test_a_new_resolution_begins_anew_and_breaks_nothing():
    processor = running(a_processor(zones=(MIDDLE,)))
    for at_s, found in film([THROUGH], fps=5, seconds=2):
        processor.update(a_frame(at_s), found)
    assert processor.update(a_frame(3.0, width_px=640, height_px=640), seen([(0.5, 0.5)])) == []
    assert processor.overlay().marks[0].is_inside


def test_editing_the_zones_keeps_the_visits_of_those_that_stay():
    processor = running(a_processor(zones=(MIDDLE,)))
    events: list[Event] = []
    for at_s, found in film([THROUGH], fps=5, seconds=10):
        if at_s == 4.0:
            processor.reconfigure(a_processor(zones=(UPWARD, MIDDLE), version=2))
        events += processor.update(a_frame(at_s), found)
    assert [(e.kind, e.zone, e.processor_version) for e in events] == [
        (EventKind.ENTER, 0, 1), (EventKind.CROSS_IN, 0, 2), (EventKind.EXIT, 1, 2),
    ]  # fmt: skip
    assert events[2].dwell_s == pytest.approx(3.0, abs=0.1)


def test_the_traffic_overlay_shows_persons_and_counts_since_the_start():
    processor = running(a_processor(zones=(MIDDLE,)))
    for at_s, found in film([THROUGH, walk((0.05, 0.3), (0.5, 0.3), 9.0)], fps=5, seconds=8.0):
        processor.update(a_frame(at_s), found)
    overlay = processor.overlay()
    assert overlay.caption == "in 2 · out 1"
    assert overlay.zones == (MIDDLE,)
    assert [(mark.label, mark.is_inside) for mark in overlay.marks] == [("#1", False), ("#2", True)]
    assert overlay.marks[0].box_rel == pytest.approx((0.825, 0.4, 0.875, 0.6), abs=0.02)


def test_objects_say_the_real_count_with_the_first_frame():
    objects = a_processor(kind="objects", zones=(LEFT_HALF,))
    (event,) = events_of(objects, [(0.0, seen([(0.2, 0.3), (0.3, 0.7), (0.8, 0.5)]))])
    assert (event.kind, event.value, event.ts, event.zone, event.track_id) == (
        EventKind.COUNT, 2, noon(), NO_ZONE, NO_TRACK,
    )  # fmt: skip


def test_objects_say_the_count_at_each_change_and_at_the_start_of_each_segment():
    objects = a_processor(kind="objects", zones=(MIDDLE,))
    frames = film([THROUGH], fps=5, seconds=10)
    assert values(events_of(objects, frames)) == [0, 1, 0]
    segmented = events_of(objects, frames, segment_frames=10)
    starts = [event for event in segmented if event.ts in {noon(2.0 * i) for i in range(6)}]
    assert len(starts) == 6


def test_an_edited_objects_processor_says_the_count_with_the_next_frame():
    processor = running(a_processor(kind="objects"))
    room = seen([(0.2, 0.5)])
    processor.update(a_frame(0.0), room)
    processor.reconfigure(a_processor(kind="objects", version=2, threshold=0.3))
    (event,) = processor.update(a_frame(0.2), room)
    assert (event.value, event.processor_version, event.ts) == (1, 2, noon(0.2))
    assert processor.update(a_frame(0.4), room) == ()


def test_one_missed_detection_is_no_dip_and_one_ghost_no_peak():
    frames = [(i / 5, seen([] if i == 9 else [(0.2, 0.5)])) for i in range(20)]
    frames[14] = (frames[14][0], seen([(0.2, 0.5), (0.4, 0.2)]))
    assert values(events_of(a_processor(kind="objects"), frames)) == [1]


def test_one_person_in_two_overlapping_zones_is_one_person():
    objects = a_processor(kind="objects", zones=(LEFT_HALF, MIDDLE))
    assert values(events_of(objects, [(0.0, seen([(0.4, 0.5)]))])) == [1]


def test_without_zones_the_whole_frame_counts():
    objects = a_processor(kind="objects", zones=())
    assert values(events_of(objects, [(0.0, seen([(0.1, 0.1), (0.9, 0.9)]))])) == [2]


@pytest.mark.parametrize("gap_s", [0.2, 600.0])
def test_after_a_gap_nobody_stale_is_reported_frigate_hass_integration_662(gap_s):
    processor = running(a_processor(kind="objects", zones=()))
    for i in range(10):
        processor.update(a_frame(i / 5), seen([(0.2, 0.5), (0.7, 0.5)]))
    restarted = running(a_processor(kind="objects", zones=()))
    restarted.restore(json.loads(json.dumps(processor.state())))
    restarted.begin(SegmentStart(noon(1.8 + gap_s), is_continuous=False))
    assert values(list(restarted.update(a_frame(1.8 + gap_s), seen([(0.5, 0.5)])))) == [1]


def test_after_an_outage_of_the_detector_those_seen_then_count_and_nobody_else():
    processor = running(a_processor(kind="objects", zones=()))
    counts = []
    for at_s in (0.0, 0.5, 1.0, 60.0, 60.5):
        points = [(0.2, 0.5), (0.7, 0.5)] if at_s < 60 else [(0.45, 0.5)]
        counts += values(list(processor.update(a_frame(at_s), seen(points))))
    assert counts == [2, 1]


def test_events_carry_the_frames_own_time_not_todays_frigate_2584():
    events = events_of(a_processor(kind="objects", zones=()), [(-86_400.0 * 365, seen([(0.5, 0.5)]))])
    assert [event.ts for event in events] == [noon(-86_400.0 * 365)]


@pytest.mark.parametrize("kind", ["traffic", "objects"])
def test_a_state_nobody_can_read_is_left_alone(kind, caplog):
    processor = running(a_processor(kind=kind))
    processor.restore({"following": {"format": 0}})
    assert "counting starts afresh" in caplog.text
    processor.update(a_frame(0.0), seen([(0.2, 0.5)]))


def test_a_person_that_hides_for_a_moment_is_one_visit():
    hides = along(
        (0, (0.1, 0.5)), (4, (0.5, 0.5)), (4.01, None), (5.5, (0.5, 0.5)), (9.5, (0.9, 0.5)), (11, None)
    )
    events = events_of(a_processor(zones=(MIDDLE,)), film([hides], fps=5, seconds=12))
    assert kinds_of(events) == [EventKind.ENTER, EventKind.EXIT]
    assert events[1].dwell_s == pytest.approx(4.5, abs=0.3)
