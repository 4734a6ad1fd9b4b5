"""Replies about validations."""

from datetime import datetime
from typing import Self

import msgspec

from hypersight_core.domain.validation import Mistake
from hypersight_core.store.validations import Validation


def picture_url(validation_id: int) -> str:
    """Return where the picture of a comparison is."""
    return f"/api/v1/validations/{validation_id}/picture.jpg"


class ValidationOut(msgspec.Struct, frozen=True):
    """How well a processor counted a film that somebody else counted too."""

    validation_id: int
    processor_id: int
    processor_version: int
    clip: str
    truth_from: str
    length_s: float
    watch_fps: float
    tolerance_s: float
    created_at: datetime
    true_count: int
    counted: int
    matched: int
    precision: float
    """Share of the counted passings that took place."""
    recall: float
    """Share of the passings that were counted."""
    count_error: float | None
    """(counted - true) / true: negative when too few; null when nobody passed."""
    picture_url: str
    """JPEG: both counts over time, and the frames of the mistakes."""

    @classmethod
    def of(cls, kept: Validation) -> Self:
        """Work out what is shown of a comparison."""
        tally = kept.tally
        same = {name: getattr(kept, name) for name in cls.__struct_fields__ if hasattr(kept, name)}
        return cls(
            **same | {"length_s": round(kept.length_s, 3)},
            true_count=tally.truth,
            counted=tally.counted,
            matched=tally.matched,
            precision=round(tally.precision, 4),
            recall=round(tally.recall, 4),
            count_error=None if tally.count_error is None else round(tally.count_error, 4),
            picture_url=picture_url(kept.validation_id),
        )


class MistakeOut(msgspec.Struct, frozen=True):
    """A passing that was missed, or counted though nobody passed."""

    at_s: float
    """Seconds from the first frame of the film."""
    zone: int
    direction: str
    """in or out."""
    mistake: str
    """missed or invented."""

    @classmethod
    def of(cls, mistake: Mistake) -> Self:
        """Copy what is shown."""
        passing = mistake.passing
        return cls(
            passing.at_s,
            passing.zone,
            "in" if passing.is_in else "out",
            "missed" if mistake.is_missed else "invented",
        )
