"""The example of `docs/ADD_A_PROCESSOR.md`: a fourth kind, as its readers would test theirs."""

import json
from pathlib import Path
from types import MappingProxyType

import pytest

from examples import queue_processor
from examples.queue_processor import WAITING_S, Queue
from hypersight_core.domain.cameras import Processor
from hypersight_core.domain.events import Event
from hypersight_core.processors import registry
from hypersight_core.processors.interface import SegmentStart
from hypersight_core.processors.registry import Kind, Measure
from tests.builders import LEFT_HALF, a_processor, noon
from tests.walkers import a_frame, along, events_of, film, running, walk

ROOT = Path(__file__).parents[2]
SHOPPER = along(
    (0.0, (0.8, 0.5)), (4.0, (0.3, 0.5)), (20.0, (0.3, 0.5)), (24.0, (0.8, 0.5)), (30.0, (0.8, 0.5))
)
"""Comes to the till at 2.4 s, leaves at 21.6 s."""
PASSER_BY = walk((0.9, 0.2), (0.1, 0.2), 8.0, begins=1.0)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    more = MappingProxyType({**registry.KINDS, "queue": Kind(Queue, Measure.PRESENCE)})
    monkeypatch.setattr(registry, "KINDS", more)


def till() -> Processor:
    return a_processor(kind="queue", zones=(LEFT_HALF,))


def test_who_stays_is_waiting_and_who_passes_is_not():
    events = events_of(till(), film([SHOPPER, PASSER_BY], fps=2.0, seconds=30.0))
    assert [event.value for event in events] == [0, 1, 0]
    began, ended = ((event.ts - noon()).total_seconds() for event in events[1:])
    assert began == pytest.approx(2.4 + WAITING_S, abs=1.0)
    assert ended == pytest.approx(21.6, abs=1.0)


def test_a_missed_detection_does_not_begin_the_waiting_anew():
    frames = film([SHOPPER], fps=2.0, seconds=30.0)
    nobody = film([], fps=2.0, seconds=30.0)
    gappy = [nobody[i] if i % 7 == 3 else frame for i, frame in enumerate(frames)]
    assert [event.value for event in events_of(till(), gappy)] == [0, 1, 0]


def test_a_restart_at_any_frame_gives_the_same_events():
    frames = film([SHOPPER, PASSER_BY], fps=2.0, seconds=26.0)
    through = events_of(till(), frames, segment_frames=4)
    for restart in range(4, len(frames), 4):
        processor = running(till())
        events: list[Event] = []
        for index, (at_s, found) in enumerate(frames):
            if index == restart:
                saved = json.loads(json.dumps(processor.state(), allow_nan=False))
                processor = running(till())
                processor.restore(saved)
            if index % 4 == 0:
                events += processor.begin(SegmentStart(noon(at_s), is_continuous=index > 0))
            events += processor.update(a_frame(at_s), found)
        assert events == through


def test_the_document_shows_the_code_that_runs():
    code = Path(queue_processor.__file__).read_text(encoding="utf-8")
    assert f"```python\n{code}```" in (ROOT / "docs" / "ADD_A_PROCESSOR.md").read_text(encoding="utf-8")
