"""The disturbed run next to the undisturbed one: what was lost, doubled, or reported wrongly."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypersight_core.domain.events import EventKind

SAME = timedelta(seconds=0.25)
"""Events closer than this are one: another resolution moves a border by a fraction of a pixel."""
BEFORE, AFTER = timedelta(seconds=0.5), timedelta(seconds=2.5)
"""Around what was missed nobody can know who passed: persons must be found and followed again."""
SEAM_S = 0.05
GRID = timedelta(seconds=0.5)

Span = tuple[datetime, datetime]
Key = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is left of a run: rows of `processor_event` and `observation`, in any order."""

    events: Sequence[Any]
    observations: Sequence[Any]

    @property
    def missed(self) -> list[Span]:
        """Pieces of time that were not wholly watched."""
        return [
            (one["from_at"], one["to_at"])
            for one in self.observations
            if one["frames_detected"] < one["frames_wanted"]
        ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stretch of stream time came to."""

    lost: int
    doubled: int
    presence_error_s: float
    missed_s: float
    coverage_error_s: float
    """Time that is reported neither as watched nor as missed, or twice."""


def verdict(true: Iterable[Any], seen: Seen, span: Span) -> Verdict:
    """Compare within `span`; what lies near missed time is not looked at."""
    blind = [(first - BEFORE, last + AFTER) for first, last in seen.missed]
    wanted, found = _passings(true, span, blind), _passings(seen.events, span, blind)
    matched = sum(_matches(times, found.get(key, [])) for key, times in wanted.items())
    return Verdict(
        lost=sum(map(len, wanted.values())) - matched,
        doubled=sum(map(len, found.values())) - matched,
        presence_error_s=_presence_error_s(true, seen.events, span, blind),
        missed_s=round(sum(_overlap_s(one, span) for one in seen.missed), 2),
        coverage_error_s=_coverage_error_s(seen.observations, span),
    )


def _passings(events: Iterable[Any], span: Span, blind: Sequence[Span]) -> dict[Key, list[datetime]]:
    times: defaultdict[Key, list[datetime]] = defaultdict(list)
    for one in events:
        is_inside = span[0] <= one["ts"] < span[1]
        if one["kind"] != EventKind.COUNT and is_inside and not _is_within(one["ts"], blind):
            times[(one["processor_id"], str(one["kind"]), one["zone"])].append(one["ts"])
    return times


def _matches(wanted: list[datetime], found: list[datetime]) -> int:
    """Return how many pairs of equal times can be made; both in order, one-to-one."""
    wanted, found, count = sorted(wanted), sorted(found), 0
    for at in wanted:
        while found and found[0] < at - SAME:
            found.pop(0)
        if found and found[0] <= at + SAME:
            found.pop(0)
            count += 1
    return count


def _presence_error_s(true: Iterable[Any], seen: Iterable[Any], span: Span, blind: Sequence[Span]) -> float:
    wanted, found = _steps(true), _steps(seen)
    wrong, at = 0, span[0]
    while at < span[1]:
        is_changing = _value(wanted, at - SAME) != _value(wanted, at + SAME)
        if not is_changing and not _is_within(at, blind) and _value(wanted, at) != _value(found, at):
            wrong += 1
        at += GRID
    return wrong * GRID.total_seconds()


def _steps(events: Iterable[Any]) -> list[tuple[datetime, int]]:
    return sorted((one["ts"], one["value"]) for one in events if one["kind"] == EventKind.COUNT)


def _value(steps: Sequence[tuple[datetime, int]], at: datetime) -> int | None:
    known = bisect_right(steps, at, key=lambda step: step[0])
    return steps[known - 1][1] if known else None


def _coverage_error_s(observations: Iterable[Any], span: Span) -> float:
    pieces = sorted((one["from_at"], one["to_at"]) for one in observations)
    seams = [
        abs((later - earlier).total_seconds())
        for (_, earlier), (later, _) in pairwise(pieces)
        if span[0] <= earlier < span[1]
    ]
    return round(float(sum(seam for seam in seams if seam > SEAM_S)), 2)


def _overlap_s(one: Span, other: Span) -> float:
    return max(0.0, (min(one[1], other[1]) - max(one[0], other[0])).total_seconds())


def _is_within(at: datetime, spans: Iterable[Span]) -> bool:
    return any(first <= at <= last for first, last in spans)
