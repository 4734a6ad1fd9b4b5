"""The best view of each person's face, once a second instead of on every frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from hypersight_core.domain.cameras import Anchor
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.faces import Face
from hypersight_core.processors.following import Following
from hypersight_core.processors.interface import Frame

WINDOW = timedelta(seconds=1)
NOBODY = 0
"""Stands for a face that belongs to no followed person."""


@dataclass(frozen=True, slots=True)
class View:
    """A face on a frame."""

    at: datetime
    face: Face

    @property
    def quality(self) -> float:
        """Larger is better: certain and large, in pixels."""
        left, top, right, bottom = self.face.box_px
        return self.face.score * (right - left) * (bottom - top)


@dataclass(slots=True)
class _Window:
    ends_at: datetime
    best: View


class BestViews:
    """Follows the persons in front of one camera and keeps one face for each, no longer than a second."""

    def __init__(self, threshold: float) -> None:
        self._following = Following((), Anchor.CENTER, threshold)
        self._windows: dict[int, _Window] = {}

    def add(
        self, frame: Frame, persons: Detections, faces: Sequence[Face]
    ) -> list[tuple[datetime, list[Face]]]:
        """Take in the persons and faces of the next frame.

        Returns:
            The faces whose second is over, and those of nobody, by the time of their frame.
        """
        if self._following.update(frame, persons) is None:
            self._windows.clear()
        over = [person for person, window in self._windows.items() if frame.at >= window.ends_at]
        done = [self._windows.pop(person).best for person in over]
        done += [View(frame.at, face) for face in faces if self._is_nobodys(frame, face)]
        done.sort(key=lambda view: view.at)
        return [(at, [view.face for view in views]) for at, views in groupby(done, key=lambda view: view.at)]

    def _is_nobodys(self, frame: Frame, face: Face) -> bool:
        """Keep the face of a followed person if it is the best so far; say when it belongs to nobody."""
        person, view = self._person(frame, face), View(frame.at, face)
        if person == NOBODY:
            return True
        window = self._windows.get(person)
        if window is None:
            self._windows[person] = _Window(frame.at + WINDOW, view)
        elif view.quality > window.best.quality:
            window.best = view
        return False

    def _person(self, frame: Frame, face: Face) -> int:
        """Return the smallest followed person whose box holds the middle of the face."""
        left, top, right, bottom = face.box_px
        x, y = (left + right) / 2 / frame.width_px, (top + bottom) / 2 / frame.height_px
        around = [
            ((box[2] - box[0]) * (box[3] - box[1]), person.track_id)
            for person in self._following.in_view()
            if (box := person.box_rel)[0] <= x <= box[2] and box[1] <= y <= box[3]
        ]
        return min(around)[1] if around else NOBODY
