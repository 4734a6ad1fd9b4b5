"""Follows a source for a while and keeps what it gives."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hypersight_core.video.picture import Picture
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Access, Gap, Segment, SourceState, open_source


@dataclass
class Followed:
    """What a source gave until `enough`, or until the time was up."""

    segments: list[Segment] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    states: list[SourceState] = field(default_factory=list)

    @property
    def pieces(self) -> list[tuple[datetime, datetime]]:
        """From and to of everything, in order."""
        spans = [(s.start_at, s.stop_at) for s in self.segments] + [
            (g.from_at, g.to_at) for g in self.gaps if g.to_at
        ]
        return sorted(spans)

    def pictures(self, fps: float) -> list[Picture]:
        """Sample all segments."""
        sampler = FrameSampler(fps)
        return [picture for segment in self.segments for picture in sampler.frames(segment)]


def followed(
    url: str,
    enough: Callable[[Followed], bool],
    *,
    within_s: float = 15.0,
    timeout_s: float = 1.0,
    access: Access | None = None,
    **options,
) -> Followed:
    result = Followed()
    ends_s = time.monotonic() + within_s
    source = open_source(
        url,
        stop=lambda: time.monotonic() > ends_s,
        access=access or Access(timeout_s),
        on_state=result.states.append,
        **options,
    )
    try:
        for piece in source.pieces():
            if isinstance(piece, Segment):
                result.segments.append(piece)
            else:
                result.gaps.append(piece)
            if enough(result):
                break
    finally:
        source.close()
    return result


def has_segments(count: int) -> Callable[[Followed], bool]:
    return lambda result: len(result.segments) >= count


def square_left_px(bgr) -> int:
    """Return where the white square begins."""
    columns = (bgr[-1].min(axis=1) > 200).nonzero()[0]
    return int(columns[0])
