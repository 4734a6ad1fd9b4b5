"""What people see on a preview: zones, boxes, numbers and the time."""

import math
from datetime import UTC, datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hypersight_core.domain.overlay import Mark, Overlay
from hypersight_core.domain.zones import Zone
from hypersight_core.video.picture import Pixels

INSIDE_BGR, OUTSIDE_BGR, ZONE_BGR, TEXT_BGR, SHADE_BGR = (
    (80, 220, 60),
    (60, 170, 255),
    (255, 190, 60),
    (255, 255, 255),
    (20, 20, 20),
)
TEXT_PX = 14
LINE_PX = 2
ARROW_PX = 18
PADDING_PX = 3

_Point = tuple[float, float]


def annotated(bgr: Pixels, overlay: Overlay, at: datetime) -> Pixels:
    """Return a copy of `bgr`, shape `(height, width, 3)`, with `overlay` and the time drawn over it."""
    image = Image.fromarray(bgr)  # channels stay in their order, so colours are given as BGR
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(TEXT_PX)
    for zone in overlay.zones:
        _draw_zone(draw, font, zone, image.size)
    for mark in overlay.marks:
        _draw_mark(draw, font, mark, image.size)
    time_text = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    _text(draw, font, (0, 0), time_text, SHADE_BGR)
    if overlay.caption:
        _text(draw, font, (0, image.height - TEXT_PX - 3 * PADDING_PX), overlay.caption, SHADE_BGR)
    return np.asarray(image)


def _draw_zone(draw: ImageDraw.ImageDraw, font: "_Font", zone: Zone, size: tuple[int, int]) -> None:
    corners = [_placed(corner, size) for corner in zone.corners_rel]
    if zone.is_line:
        draw.line(corners, fill=ZONE_BGR, width=LINE_PX)
        draw.line(_inward(corners[0], corners[1]), fill=ZONE_BGR, width=LINE_PX)
    else:
        draw.polygon(corners, outline=ZONE_BGR, width=LINE_PX)
    if zone.name:
        _text(draw, font, corners[0], zone.name, ZONE_BGR)


def _draw_mark(draw: ImageDraw.ImageDraw, font: "_Font", mark: Mark, size: tuple[int, int]) -> None:
    colour = INSIDE_BGR if mark.is_inside else OUTSIDE_BGR
    left, top = _placed(mark.box_rel[:2], size)
    right, bottom = _placed(mark.box_rel[2:], size)
    draw.rectangle((left, top, max(left, right), max(top, bottom)), outline=colour, width=LINE_PX)
    if mark.label:
        _text(draw, font, (left, top - TEXT_PX - 2 * PADDING_PX), mark.label, colour)


def _inward(start: _Point, end: _Point) -> list[_Point]:
    """Return a stroke from the line's middle to its right, looking along it: the way in."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    return [middle, (middle[0] - dy / length * ARROW_PX, middle[1] + dx / length * ARROW_PX)]


def _text(
    draw: ImageDraw.ImageDraw, font: "_Font", corner: _Point, text: str, colour: tuple[int, int, int]
) -> None:
    x, y = corner[0], max(0.0, corner[1])
    width = draw.textlength(text, font=font)
    draw.rectangle((x, y, x + width + 2 * PADDING_PX, y + TEXT_PX + 2 * PADDING_PX), fill=colour)
    draw.text(
        (x + PADDING_PX, y + PADDING_PX), text, fill=TEXT_BGR if colour == SHADE_BGR else SHADE_BGR, font=font
    )


def _placed(corner_rel: _Point, size: tuple[int, int]) -> _Point:
    return corner_rel[0] * (size[0] - 1), corner_rel[1] * (size[1] - 1)


_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
