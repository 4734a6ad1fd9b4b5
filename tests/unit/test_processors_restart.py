"""A restart is not to be seen in the events."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.zones import Zone
from hypersight_core.processors.interface import SegmentStart
from tests.builders import LEFT_HALF, a_processor, noon
from tests.walkers import a_frame, running, seen

MIDDLE = Zone(((0.35, 0.2), (0.65, 0.2), (0.65, 0.8), (0.35, 0.8)))


@settings(max_examples=40)
@given(
    st.sampled_from(["traffic", "objects"]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1.0, 2.0, 7.0]),
    st.integers(1, 9),
    st.sampled_from(list(Anchor)),
)
def test_a_restart_between_any_two_segments_gives_the_same_events(kind, seed, fps, restart, anchor):
    random = np.random.default_rng(seed)
    people = random.random((4, 2))
    processor = a_processor(kind=kind, zones=(LEFT_HALF, MIDDLE), anchor=anchor)
    through, stopped = running(processor), running(processor)
    for segment in range(10):
        if segment == restart:
            saved = json.loads(json.dumps(stopped.state(), allow_nan=False))
            stopped = running(processor)
            stopped.restore(saved)
        start = SegmentStart(noon(4 * segment / fps), is_continuous=segment > 0)
        assert through.begin(start) == stopped.begin(start)
        for i in range(4):
            people = np.clip(people + random.normal(0, 0.08 / fps**0.5, people.shape), 0.03, 0.97)
            found = seen([tuple(point) for point in people[random.random(4) < 0.85]])
            frame = a_frame((4 * segment + i) / fps)
            assert through.update(frame, found) == stopped.update(frame, found)
    assert through.state() == stopped.state()
    assert through.overlay() == stopped.overlay()
