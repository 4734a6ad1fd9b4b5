"""Which frames need no detector call, and what holds on them instead."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from hypersight_core.domain.detections import Detections
from hypersight_core.domain.stillness import Grey, is_still
from hypersight_core.video.picture import Picture

LOOK_WIDTH_PX = 160
"""Width of the small grey pictures that are compared: a person 20 pixels tall on 1280 is still 2 pixels."""
AGREEING_ANSWERS = 5
"""Answers in a row about a still scene that must find as many persons before they are believed.

One alone would do harm: a person it missed would be gone for as long as nothing moves.
"""
MOST_ANSWERS = 15
"""Where answers never agree, so many take turns: who is found on half of the frames stays on half."""
SCORES = (0.3, 0.5)
"""Scores from which persons are counted to see whether answers agree: weak boxes come and go."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is compared of one frame."""

    at_s: float
    grey: Grey

    @classmethod
    def at(cls, picture: Picture) -> Self:
        """Reduce a frame; costs about what scaling it for a mosaic does."""
        return cls(picture.at.timestamp(), picture.to_grey(LOOK_WIDTH_PX))


class MotionGate:
    """Says on which frames something moved since the frame that the detector saw last.

    Not since the frame before: so a slow movement adds up until it is one.

    Args:
        recheck_s: so long the last answers may hold, in seconds of the stream.
    """

    def __init__(self, recheck_s: float) -> None:
        self._recheck_s = recheck_s
        self._seen: Grey | None = None
        self._seen_s = 0.0

    def is_still(self, looks: Sequence[Look]) -> bool:
        """Say that the detector saw all of this a short while ago."""
        waited_s = looks[-1].at_s - self._seen_s
        return 0 <= waited_s < self._recheck_s and all(self._is_like_before(look) for look in looks)

    def posted(self, looks: Sequence[Look]) -> list[bool]:
        """Remember what the detector looks at now; say of each frame whether it begins a new scene."""
        begins = []
        for look in looks:
            begins.append(not self._is_like_before(look))
            self._seen, self._seen_s = look.grey, look.at_s
        return begins

    def _is_like_before(self, look: Look) -> bool:
        return self._seen is not None and is_still(look.grey, self._seen)


class SceneAnswers:
    """What the detector said about the scene as it is now; on still frames this goes on to hold."""

    def __init__(self) -> None:
        self._found: deque[Detections] = deque(maxlen=MOST_ANSWERS)
        self._turn = 0

    @property
    def are_settled(self) -> bool:
        """Whether the answers can stand for those that are not asked for."""
        return bool(self._holding())

    def add(self, found: Detections, *, begins_scene: bool) -> None:
        """Take in the answer about one frame; what was said about another scene no longer holds."""
        if begins_scene:
            self.forget()
        self._found.append(found)

    def forget(self) -> None:
        """Know nothing: the detector did not answer."""
        self._found.clear()

    def next(self) -> Detections:
        """Return what holds on the next still frame of a settled scene: the answers take turns."""
        self._turn += 1
        holding = self._holding()
        return holding[self._turn % len(holding)]

    def _holding(self) -> list[Detections]:
        """Return the newest answers when they agree, else all once they are many; none before."""
        found = list(self._found)
        newest = found[-AGREEING_ANSWERS:]
        if len(newest) == AGREEING_ANSWERS and len({_people_counts(one) for one in newest}) == 1:
            return newest
        return found if len(found) == MOST_ANSWERS else []


def _people_counts(found: Detections) -> tuple[int, ...]:
    return tuple(int((found.scores >= score).sum()) for score in SCORES)
