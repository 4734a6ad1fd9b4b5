"""Segments of a playlist, two seconds long, and what came of them."""

from hypersight_core.video.demux import Cut
from hypersight_core.video.playlist import Entry, Resource
from tests.builders import noon


def an_entry(
    sequence: int,
    start_s: float | None = None,
    *,
    is_discontinuity: bool = False,
    is_absent: bool = False,
) -> Entry:
    start_at = None if start_s is None else noon(start_s)
    return Entry(
        sequence=sequence, media=Resource(f"http://camera/{sequence}.ts"), duration_s=2.0, start_at=start_at,
        is_discontinuity=is_discontinuity, is_absent=is_absent,
    )  # fmt: skip


def a_cut(first_s: float, duration_s: float = 2.0) -> Cut:
    return Cut(coded=(), first_s=first_s, duration_s=duration_s, frame_s=0.04)
