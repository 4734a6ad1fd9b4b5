"""Faces: who is in view now, broadcast and never saved."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.events import Event
from hypersight_core.domain.faces import Box, Face, FacesInFrame
from hypersight_core.domain.geometry import ZoneGeometry
from hypersight_core.domain.overlay import Mark, Overlay
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.processors.best_views import BestViews
from hypersight_core.processors.interface import Frame, Pixels, SegmentStart, Services
from hypersight_core.redaction import redacted

logger = logging.getLogger(__name__)

UPPER_BODY = 0.5
"""Part of a person's box, from its top, in which the face is looked for."""
CROP_MARGIN = 0.1
"""Of the person's box width and upper body height, added to each side."""
FACE_MARGIN = 0.15
"""Of the face's size, added to each side of its picture."""
LEAST_SIDE_PX = 16
"""Smaller crops hold no face anybody could find."""
MAX_PERSONS = 32
"""A frame asks the face detector for the most certain ones only."""


class Faces:
    """Cuts the faces out of each frame and broadcasts them; saves nothing and remembers nobody."""

    def __init__(self, camera: Camera, processor: Processor, services: Services) -> None:
        self._camera_id, self._camera_url = camera.camera_id, redacted(camera.stream_url)
        self._services = services
        self._processor = processor
        self._is_detector_away = False
        self._overlay = Overlay(zones=processor.zones)
        self._best_views = BestViews(processor.threshold) if processor.best_view else None

    def begin(self, start: SegmentStart) -> Sequence[Event]:
        """Begin a segment."""
        del start
        return ()

    def update(self, frame: Frame, detections: Detections) -> Sequence[Event]:
        """Find and broadcast the faces of the persons in the zones; never an event."""
        persons = self._persons(frame, detections)
        faces = self._faces(frame, persons) if len(persons) else []
        if self._best_views is not None:
            for at, best in self._best_views.add(frame, persons, faces):
                self._publish(at, best)
        elif faces:
            self._publish(frame.at, faces)
        self._overlay = self._drawn(frame, faces)
        return ()

    def reconfigure(self, processor: Processor) -> None:
        """Go on under an edited configuration."""
        self._processor = processor
        self._best_views = BestViews(processor.threshold) if processor.best_view else None

    def state(self) -> Mapping[str, Any]:
        """Return nothing: faces are not remembered."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Do nothing: there is nothing to remember."""

    def overlay(self) -> Overlay:
        """Return the faces on the newest frame."""
        return self._overlay

    def advice(self) -> str:
        """Return nothing: a fast scene harms no face."""
        return ""

    def _publish(self, at: datetime, faces: Sequence[Face]) -> None:
        self._services.publish_faces(FacesInFrame(self._camera_id, self._camera_url, at, tuple(faces)))

    def _persons(self, frame: Frame, detections: Detections) -> Detections:
        """Return the most certain persons in the zones; no zones: in the frame."""
        persons = detections.above(self._processor.threshold)
        polygons = [zone for zone in self._processor.zones if not zone.is_line]
        if polygons and len(persons):
            boxes = persons.boxes_rel
            y = boxes[:, 1] + self._processor.anchor.share * (boxes[:, 3] - boxes[:, 1])
            aspect = frame.width_px / frame.height_px
            points = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2 * aspect, y])
            is_inside = (ZoneGeometry(polygons, aspect).signed_distances(points) >= 0).any(axis=0)
            persons = Detections(boxes[is_inside], persons.scores[is_inside])
        order = np.argsort(-persons.scores, kind="stable")[:MAX_PERSONS]
        return Detections(persons.boxes_rel[order], persons.scores[order])

    def _faces(self, frame: Frame, persons: Detections) -> list[Face]:
        pixels = frame.pixels()
        faces: list[Face] = []
        try:
            for box in persons.boxes_rel:
                faces += self._faces_of(pixels, box.tolist())
        except DetectorUnavailable as error:
            if not self._is_detector_away:
                logger.warning("face detector does not answer", extra={"reason": str(error)})
            self._is_detector_away = True
        else:
            if self._is_detector_away:
                logger.info("face detector answers again")
            self._is_detector_away = False
        return _without_doubles(faces)

    def _faces_of(self, pixels: Pixels, box_rel: Sequence[float]) -> list[Face]:
        left, top, right, bottom = _upper_body_px(box_rel, pixels.shape[1], pixels.shape[0])
        if min(right - left, bottom - top) < LEAST_SIDE_PX:
            return []
        crop = np.ascontiguousarray(pixels[top:bottom, left:right])
        found = self._services.find_faces(self._services.encode_jpeg(crop))
        faces = []
        for box_in_crop_px, score in zip(found.boxes_px, found.scores, strict=True):
            if score < self._processor.threshold:
                continue
            box_px = _shifted(left, top, box_in_crop_px, pixels)
            picture = _cut(pixels, box_px)
            if picture is not None:
                faces.append(Face(box_px, float(score), self._services.encode_jpeg(picture)))
        return faces

    def _drawn(self, frame: Frame, faces: Sequence[Face]) -> Overlay:
        size = (frame.width_px, frame.height_px, frame.width_px, frame.height_px)
        marks = []
        for face in faces:
            left, top, right, bottom = (value / side for value, side in zip(face.box_px, size, strict=True))
            marks.append(Mark((left, top, right, bottom), f"{face.score:.2f}", is_inside=True))
        caption = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        return Overlay(tuple(marks), self._processor.zones, caption)


def _upper_body_px(box_rel: Sequence[float], width_px: int, height_px: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = box_rel
    wide, tall = (right - left) * CROP_MARGIN, (bottom - top) * UPPER_BODY
    edges = (left - wide, top - tall * CROP_MARGIN, right + wide, top + tall * (1 + CROP_MARGIN))
    return _clipped(
        (edges[0] * width_px, edges[1] * height_px, edges[2] * width_px, edges[3] * height_px),
        width_px,
        height_px,
    )


def _shifted(left: int, top: int, box_px: Box, pixels: Pixels) -> Box:
    """Return a box of the crop that begins at `left`, `top` as a box of the frame, within the frame."""
    height_px, width_px = pixels.shape[:2]
    x_min, x_max = (min(max(float(x + left), 0.0), float(width_px)) for x in (box_px[0], box_px[2]))
    y_min, y_max = (min(max(float(y + top), 0.0), float(height_px)) for y in (box_px[1], box_px[3]))
    return x_min, y_min, x_max, y_max


def _cut(pixels: Pixels, box_px: Box) -> Pixels | None:
    """Return the picture of a face with some room around it; None where nothing of it is on the frame."""
    x_min, y_min, x_max, y_max = box_px
    wide, tall = (x_max - x_min) * FACE_MARGIN, (y_max - y_min) * FACE_MARGIN
    room = (x_min - wide, y_min - tall, x_max + wide, y_max + tall)
    left, top, right, bottom = _clipped(room, pixels.shape[1], pixels.shape[0])
    if right <= left or bottom <= top:
        return None
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _clipped(edges: Box, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """Return whole pixels within the frame."""
    left, right = (min(max(round(edge), 0), width_px) for edge in (edges[0], edges[2]))
    top, bottom = (min(max(round(edge), 0), height_px) for edge in (edges[1], edges[3]))
    return left, top, right, bottom


def _without_doubles(faces: Sequence[Face]) -> list[Face]:
    """Return the faces without those whose middle lies in a better one: crops of neighbours overlap."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda one: -one.score):
        x, y = (face.box_px[0] + face.box_px[2]) / 2, (face.box_px[1] + face.box_px[3]) / 2
        if not any(o.box_px[0] <= x <= o.box_px[2] and o.box_px[1] <= y <= o.box_px[3] for o in kept):
            kept.append(face)
    return kept
