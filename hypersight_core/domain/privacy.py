"""Where persons are to be made unrecognizable on a picture.

Every box the detector named, however unsure it is, and everybody found a moment ago who is not found now.
"""

from dataclasses import dataclass

import numpy as np

from hypersight_core.domain.detections import Detections, Floats
from hypersight_core.domain.tracking import Tracker
from hypersight_core.domain.tracks import TrackingSettings

MARGIN = 0.15
"""Of a box's size, added on each side: heads and hands reach out of boxes."""
MARGIN_GROWTH = 0.3
"""Added to the margin per second that somebody is not found."""
FOLLOWED = TrackingSettings(confirm_hits=1, confirm_s=0.0)
"""One detection is enough to be remembered for the time that tracks are."""


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """What of a picture is hidden."""

    boxes_rel: Floats | None
    """Shape `(n, 4)`, margins included, perhaps reaching out of [0, 1]; None: all of the picture."""


EVERYTHING = Veil(None)


class Veiling:
    """Follows the persons of one camera, frame by frame, so that a missed one stays hidden."""

    def __init__(self) -> None:
        self._tracker = Tracker(FOLLOWED)
        self._last_at_s, self._aspect = -np.inf, 0.0

    def veil(self, at_s: float, aspect: float, detections: Detections | None) -> Veil:
        """Return what to hide on a frame; all of it when nobody knows who is on it.

        Args:
            aspect: width of the frame in heights.
        """
        if detections is None:
            return EVERYTHING
        if at_s <= self._last_at_s or aspect != self._aspect:
            self._tracker = Tracker(FOLLOWED)
        self._last_at_s, self._aspect = at_s, aspect
        heights = np.array([aspect, 1.0, aspect, 1.0])
        found = np.ones(len(detections), dtype=np.bool_)
        self._tracker.update(at_s, detections.boxes_rel * heights, found)
        boxes = np.concatenate([_grown(detections.boxes_rel * heights, MARGIN), self._missed(at_s)])
        return Veil(boxes / heights)

    def _missed(self, at_s: float) -> Floats:
        """Return where those should be who are not found on this frame, in frame heights."""
        tracks = self._tracker.tracks
        unseen_s = at_s - tracks.seen_at
        is_missed = unseen_s > 0
        sizes = tracks.sizes.T[is_missed]
        handles = self._tracker.predicted_points(at_s).T[is_missed]
        corners = handles - sizes * np.array([0.5, FOLLOWED.handle])
        margins = MARGIN + MARGIN_GROWTH * unseen_s[is_missed, np.newaxis]
        return _grown(np.concatenate([corners, corners + sizes], axis=1), margins)


def _grown(boxes: Floats, margins: Floats | float) -> Floats:
    room = (boxes[:, 2:] - boxes[:, :2]) * margins
    return np.concatenate([boxes[:, :2] - room, boxes[:, 2:] + room], axis=1)
