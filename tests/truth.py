"""Entries counted by hand-made rules from ground-truth boxes, independent of the code under test.

A person enters when the centre of its box has been inside the zone for at least `MIN_INSIDE_S`
after it was outside by more than a tenth of its height. Someone first seen inside has not entered.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

MIN_INSIDE_S = 0.25
HYSTERESIS_HEIGHTS = 0.10

Corners = list[tuple[float, float]]


@dataclass(frozen=True)
class Box:
    """One person on one frame, in pixels."""

    frame: int
    left: float
    top: float
    width: float
    height: float


def tracks_of(gt_file: Path) -> dict[int, list[Box]]:
    """Read a MOT ground-truth file: person → boxes in frame order (frames from 0)."""
    tracks: dict[int, list[Box]] = defaultdict(list)
    for line in gt_file.read_text().splitlines():
        frame, person, left, top, width, height, *_ = (float(value) for value in line.split(","))
        tracks[int(person)].append(Box(int(frame) - 1, left, top, width, height))
    return {person: sorted(boxes, key=lambda box: box.frame) for person, boxes in tracks.items()}


def entries(tracks: dict[int, list[Box]], zone_px: Corners, fps: float) -> list[float]:
    """Return the time of each entry, in seconds from the first frame, sorted."""
    return sorted(at for boxes in tracks.values() for at in _entries_of(boxes, zone_px, fps))


def _entries_of(boxes: list[Box], zone_px: Corners, fps: float) -> list[float]:
    found: list[float] = []
    is_counted = _distance_inside(boxes[0], zone_px) >= 0
    inside_since: float | None = None
    for box in boxes:
        at, distance = box.frame / fps, _distance_inside(box, zone_px)
        margin = HYSTERESIS_HEIGHTS * box.height
        if distance <= -margin:
            is_counted, inside_since = False, None
        elif distance >= 0 and not is_counted:
            inside_since = at if inside_since is None else inside_since
            if distance >= margin and at - inside_since + 1 / fps >= MIN_INSIDE_S:
                found.append(inside_since)
                is_counted = True
    return found


def _distance_inside(box: Box, zone_px: Corners) -> float:
    """Distance of the box's centre to the zone's border in pixels; negative outside."""
    x, y = box.left + box.width / 2, box.top + box.height / 2
    nearest, is_inside = float("inf"), False
    for (x0, y0), (x1, y1) in zip(zone_px, zone_px[1:] + zone_px[:1], strict=True):
        dx, dy = x1 - x0, y1 - y0
        share = min(1.0, max(0.0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)))
        nearest = min(nearest, ((x - x0 - share * dx) ** 2 + (y - y0 - share * dy) ** 2) ** 0.5)
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * dx / dy:
            is_inside = not is_inside
    return nearest if is_inside else -nearest
