"""A small chart beside each materialization, as Dagster shows pictures: in Markdown, as data."""

import base64
import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from hypersight_core.store.models import DayFigure

WIDTH_PX, HEIGHT_PX, MARGIN_PX = 480, 96, 6
LINE, GROUND = "#2563eb", "#ffffff"


def chart(figures: Sequence[DayFigure]) -> str:
    """Draw one bar a day, and say what they are; a day that nothing is known of has none."""
    picture = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), GROUND)
    draw = ImageDraw.Draw(picture)
    most = max((one.value or 0.0 for one in figures), default=0.0)
    step_px = (WIDTH_PX - 2 * MARGIN_PX) / len(figures)
    for place, one in enumerate(figures):
        if one.value:
            left = MARGIN_PX + place * step_px
            top = HEIGHT_PX - MARGIN_PX - (HEIGHT_PX - 2 * MARGIN_PX) * one.value / most
            draw.rectangle((left, top, left + max(1.0, step_px - 2), HEIGHT_PX - MARGIN_PX), fill=LINE)
    packed = io.BytesIO()
    picture.save(packed, "PNG", optimize=True)
    data = base64.b64encode(packed.getvalue()).decode("ascii")
    first, last = figures[0], figures[-1]
    said = f"{first.label}, {first.day} to {last.day}, up to {most:g}"
    return f"![{said}](data:image/png;base64,{data})\n\n{said}"
