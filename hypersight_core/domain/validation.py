"""How well a counter counted a clip that somebody else counted too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TOLERANCE_S = 1.5
"""Two times mean the same passage when they are no further apart; people press buttons late."""


@dataclass(frozen=True, slots=True)
class Passing:
    """A person went into a zone or out of it, or over a line."""

    at_s: float
    """Seconds from the first frame of the clip."""
    zone: int
    """Index of the zone in the processor's list."""
    is_in: bool
    box_rel: tuple[float, float, float, float] | None = None
    """Left, top, right and bottom of the person there, in [0, 1] of the frame; None: nobody said."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Passings of one kind, or of all."""

    truth: int
    counted: int
    matched: int

    @property
    def precision(self) -> float:
        """Share of the counted passings that took place; 1 when none was counted."""
        return self.matched / self.counted if self.counted else 1.0

    @property
    def recall(self) -> float:
        """Share of the passings that were counted; 1 when there was none."""
        return self.matched / self.truth if self.truth else 1.0

    @property
    def count_error(self) -> float | None:
        """Return (counted - true) / true: negative when too few; None when nobody passed."""
        return (self.counted - self.truth) / self.truth if self.truth else None


@dataclass(frozen=True, slots=True)
class Mistake:
    """A passing that was missed, or one that was counted and did not take place."""

    passing: Passing
    is_missed: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was counted, next to the truth."""

    tallies: dict[tuple[int, bool], Tally]
    """By zone and whether it is the way in."""
    mistakes: tuple[Mistake, ...]
    """In order of time."""

    @property
    def total(self) -> Tally:
        """All passings together."""
        every = self.tallies.values()
        return Tally(
            sum(t.truth for t in every), sum(t.counted for t in every), sum(t.matched for t in every)
        )


def compare(
    truth: Iterable[Passing],
    counted: Iterable[Passing],
    kinds: Iterable[tuple[int, bool]],
    tolerance_s: float = TOLERANCE_S,
) -> Comparison:
    """Match passings of the same zone and direction one to one, at most `tolerance_s` apart.

    As many as possible are matched: with intervals of one length, taking the earliest pairs first is optimal.

    Args:
        kinds: zone and whether it is the way in, of what the truth speaks about; others are left out.
    """
    true, found = list(truth), list(counted)
    tallies, mistakes = {}, []
    for kind in sorted(set(kinds)):
        here, there = _of_kind(true, kind), _of_kind(found, kind)
        missed, invented = _unmatched(here, there, tolerance_s)
        tallies[kind] = Tally(len(here), len(there), len(here) - len(missed))
        mistakes += [Mistake(one, is_missed=True) for one in missed]
        mistakes += [Mistake(one, is_missed=False) for one in invented]
    return Comparison(tallies, tuple(sorted(mistakes, key=lambda one: one.passing.at_s)))


def _of_kind(passings: Sequence[Passing], kind: tuple[int, bool]) -> list[Passing]:
    return sorted((one for one in passings if (one.zone, one.is_in) == kind), key=lambda one: one.at_s)


def _unmatched(
    truth: Sequence[Passing], counted: Sequence[Passing], tolerance_s: float
) -> tuple[list[Passing], list[Passing]]:
    missed, invented = [], []
    true_index = counted_index = 0
    while true_index < len(truth) and counted_index < len(counted):
        gap_s = counted[counted_index].at_s - truth[true_index].at_s
        if gap_s > tolerance_s:
            missed.append(truth[true_index])
        if gap_s < -tolerance_s:
            invented.append(counted[counted_index])
        true_index += gap_s >= -tolerance_s
        counted_index += gap_s <= tolerance_s
    return missed + list(truth[true_index:]), invented + list(counted[counted_index:])
