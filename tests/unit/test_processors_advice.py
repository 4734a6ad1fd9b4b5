"""What a processor tells an operator about its camera."""

import pytest

from hypersight_core.processors import registry
from hypersight_core.processors.interface import SegmentStart
from tests.builders import LEFT_HALF, a_camera, a_processor, noon
from tests.walkers import Path, a_frame, film, no_services, walk


def advice(kind: str, paths: list[Path], *, fps: float) -> str:
    processor = registry.make(a_camera(), a_processor(kind=kind, zones=(LEFT_HALF,)), no_services())
    processor.begin(SegmentStart(noon(), is_continuous=False))
    for at_s, detections in film(paths, fps=fps, seconds=20.0):
        processor.update(a_frame(at_s), detections)
    return processor.advice()


def crowd(seconds: float) -> list[Path]:
    """Return six persons far from each other, each crossing the picture in `seconds` again and again."""
    return [
        walk((0.05, 0.1 + 0.15 * lane), (0.95, 0.1 + 0.15 * lane), seconds, begins=begins)
        for lane in range(6)
        for begins in range(0, 20, round(seconds))
    ]


@pytest.mark.parametrize("kind", ["traffic", "objects"])
def test_a_scene_too_fast_for_the_frame_rate_is_said(kind):
    assert "raise watch_fps" in advice(kind, crowd(seconds=5.0), fps=2.0)


@pytest.mark.parametrize("kind", ["traffic", "objects"])
def test_the_same_scene_at_a_higher_rate_needs_no_advice(kind):
    assert advice(kind, crowd(seconds=5.0), fps=10.0) == ""


@pytest.mark.parametrize(("fps", "is_too_slow"), [(4.7, True), (5.6, False)], ids=["0.77", "0.64"])
def test_too_fast_begins_at_a_median_step_of_seven_tenths_of_a_box(fps, is_too_slow):
    # 0.9 of the picture in 5 s, with boxes 0.05 wide, is 3.6 widths a second.
    assert bool(advice("traffic", crowd(seconds=5.0), fps=fps)) is is_too_slow


def test_an_empty_scene_needs_no_advice():
    assert advice("traffic", [], fps=1.0) == ""
