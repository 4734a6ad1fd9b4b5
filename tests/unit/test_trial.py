"""Trying a processor on what was detected gives what it would have counted."""

from dataclasses import replace

import numpy as np
import pytest

from hypersight_core.domain.cameras import Anchor, ProcessorSettings
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import Event, EventKind
from hypersight_core.domain.recent import RecentFrame, RecentSegment
from hypersight_core.domain.zones import Zone
from hypersight_core.errors import InvalidInput
from hypersight_core.processors.interface import FoundFaces, Frame, SegmentStart, Services
from hypersight_core.processors.registry import make
from hypersight_core.processors.trial import tried
from tests.builders import a_camera, a_processor, noon, processor_settings

MIDDLE = Zone(((0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0)), "middle")
LINE = Zone(((0.5, 1.0), (0.5, 0.0)), "line, in is to the right")
FPS, SECONDS = 5.0, 24


def a_walk(seconds: float = SECONDS) -> list[RecentSegment]:
    """One person walks from the left to the right and back, once in 12 s, in segments of 2 s."""
    segments = []
    for start in np.arange(0.0, seconds, 2.0):
        frames = []
        for at_s in start + np.arange(0.0, 2.0, 1 / FPS):
            share = at_s % 12.0 / 6.0
            x = 0.1 + 0.8 * (share if share <= 1 else 2 - share)
            box = Detections(np.array([[x - 0.03, 0.4, x + 0.03, 0.7]]), np.array([0.9]))
            frames.append(RecentFrame.of(noon(at_s), 1280, 720, box))
        segments.append(
            RecentSegment("s", noon(start), noon(start + 2), bool(start > 0), len(frames), tuple(frames))
        )
    return segments


def test_what_is_tried_is_what_the_real_processor_counts_to_the_event():
    settings = processor_settings(zones=(MIDDLE, LINE))
    services = Services(lambda _: FoundFaces((), ()), lambda _: b"", lambda _: None)
    real = make(a_camera(), a_processor(processor_id=0, version=0, zones=(MIDDLE, LINE)), services)
    events: list[Event] = []
    for segment in a_walk():
        real.begin(SegmentStart(segment.frames[0].at, segment.is_continuous))
        for frame in segment.frames:
            seen = Frame(frame.at, frame.width_px, frame.height_px, lambda: np.zeros((0, 0, 3), np.uint8))
            events.extend(real.update(seen, frame.detections()))
    found = tried(a_camera(), settings, a_walk())
    assert [sighting.event for sighting in found.sightings] == events
    assert len(events) >= 8


def test_directions_are_told_apart_and_places_lie_where_the_person_was():
    found = tried(a_camera(), processor_settings(zones=(LINE,)), a_walk())
    kinds = [sighting.event.kind for sighting in found.sightings]
    assert kinds == [EventKind.CROSS_IN, EventKind.CROSS_OUT] * 2
    assert (found.entered, found.left) == (2, 2)
    for sighting in found.sightings:
        assert sighting.place_rel is not None
        assert sighting.place_rel[0] == pytest.approx(0.5, abs=0.12)
        assert sighting.place_rel[1] == pytest.approx(0.55, abs=0.02)


def test_the_feet_are_another_place():
    settings = processor_settings(zones=(LINE,), anchor=Anchor.FEET)
    (first, *_) = tried(a_camera(), settings, a_walk()).sightings
    assert first.place_rel is not None
    assert first.place_rel[1] == pytest.approx(0.7, abs=0.02)


def test_presence_is_weighed_by_time():
    found = tried(a_camera(), ProcessorSettings(kind="objects", zones=(MIDDLE,)), a_walk())
    # A quarter of the way lies in the zone.
    assert found.people_max == 1
    assert found.people_mean == pytest.approx(0.25, abs=0.06)
    assert found.watched_s == pytest.approx(SECONDS)


def test_time_that_was_not_analysed_is_not_counted_as_watched():
    half = [replace(one, frames_wanted=2 * one.frames_wanted) for one in a_walk(12)]
    assert tried(a_camera(), processor_settings(zones=(LINE,)), half).watched_s == pytest.approx(6)


def test_a_higher_threshold_sees_nobody():
    found = tried(a_camera(), processor_settings(zones=(LINE,), threshold=0.95), a_walk())
    assert (found.entered, found.frames) == (0, SECONDS * FPS)


def test_without_any_segment_there_is_nothing_and_no_average():
    found = tried(a_camera(), processor_settings(), [])
    assert (found.frames, found.from_at, found.people_mean) == (0, None, None)


def test_faces_need_pictures_and_are_refused():
    with pytest.raises(InvalidInput, match="looks at pictures"):
        tried(a_camera(), ProcessorSettings(kind="faces"), a_walk(2))
