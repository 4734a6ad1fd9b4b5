"""Many small pictures on one page, under a line that says how two counts grew."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hypersight_core.video.picture import Picture, Pixels
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Recording, Segment, open_source

TILE_WIDTH_PX, COLUMNS, GAP_PX = 400, 3, 8
CHART_HEIGHT_PX, MARGIN_PX, TEXT_PX = 170, 34, 13
PAGE_BGR, INK_BGR, TRUE_BGR, COUNTED_BGR = (250, 250, 250), (60, 60, 60), (150, 150, 150), (210, 110, 30)


def frames_at(
    url: str, recording: Recording, times: Sequence[datetime], fps: float
) -> dict[datetime, Picture]:
    """Return the sampled frame of a file that is nearest to each of `times`.

    Raises:
        SourceUnavailable: there is no such file, or no video in it.
    """
    nearest: dict[datetime, Picture] = {}
    for picture in _frames(url, recording, fps) if times else ():
        for at in times:
            known = nearest.get(at)
            if known is None or abs(picture.at - at) < abs(known.at - at):
                nearest[at] = picture
    return nearest


def _frames(url: str, recording: Recording, fps: float) -> Iterator[Picture]:
    source = open_source(url, stop=lambda: False, recording=recording)
    sampler = FrameSampler(fps)
    try:
        for piece in source.pieces():
            if isinstance(piece, Segment):
                yield from sampler.frames(piece)
    finally:
        source.close()


def tile_of(picture: Picture) -> Pixels:
    """Return the picture as wide as a tile."""
    return picture.to_bgr(TILE_WIDTH_PX, round(picture.height_px * TILE_WIDTH_PX / picture.width_px))


def page(chart: Pixels, tiles: Sequence[Pixels]) -> Pixels:
    """Return the chart with the tiles, `TILE_WIDTH_PX` wide, below it, `COLUMNS` a row."""
    tile_height = max((tile.shape[0] for tile in tiles), default=0)
    rows = -(-len(tiles) // COLUMNS)
    size = (page_width_px(), chart.shape[0] + rows * (tile_height + GAP_PX))
    sheet = Image.new("RGB", size, PAGE_BGR)  # channels stay in their order, so colours are BGR
    sheet.paste(Image.fromarray(chart), (0, 0))
    for index, tile in enumerate(tiles):
        row, column = divmod(index, COLUMNS)
        left = GAP_PX + column * (TILE_WIDTH_PX + GAP_PX)
        sheet.paste(Image.fromarray(tile), (left, chart.shape[0] + row * (tile_height + GAP_PX)))
    return np.asarray(sheet)


def page_width_px() -> int:
    """Return the width of every page."""
    return COLUMNS * TILE_WIDTH_PX + (COLUMNS + 1) * GAP_PX


def growth_chart(true_s: Sequence[float], counted_s: Sequence[float], length_s: float) -> Pixels:
    """Draw two counts as steps over the seconds of a clip, shape `(CHART_HEIGHT_PX, page width, 3)`, BGR."""
    image = Image.new("RGB", (page_width_px(), CHART_HEIGHT_PX), PAGE_BGR)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(TEXT_PX)
    most = max(len(true_s), len(counted_s), 1)
    width, height = page_width_px() - 2 * MARGIN_PX, CHART_HEIGHT_PX - 2 * MARGIN_PX

    def place(at_s: float, count: int) -> tuple[float, float]:
        share = min(max(at_s / length_s, 0.0), 1.0) if length_s else 0.0
        return MARGIN_PX + share * width, MARGIN_PX + (1 - count / most) * height

    draw.line([place(0, 0), place(length_s, 0)], fill=INK_BGR)
    for times, colour, line_px in ((true_s, TRUE_BGR, 5), (counted_s, COUNTED_BGR, 2)):
        draw.line(_steps(times, length_s, place), fill=colour, width=line_px)
    draw.text((MARGIN_PX, 8), f"true: {len(true_s)}", fill=TRUE_BGR, font=font)
    draw.text((MARGIN_PX + 110, 8), f"counted: {len(counted_s)}", fill=COUNTED_BGR, font=font)
    draw.text((MARGIN_PX, CHART_HEIGHT_PX - MARGIN_PX + 4), "0 s", fill=INK_BGR, font=font)
    draw.text(
        (MARGIN_PX + width - 40, CHART_HEIGHT_PX - MARGIN_PX + 4),
        f"{length_s:.0f} s",
        fill=INK_BGR,
        font=font,
    )
    return np.asarray(image)


def _steps(
    times: Sequence[float], length_s: float, place: Callable[[float, int], tuple[float, float]]
) -> list[tuple[float, float]]:
    corners = [place(0.0, 0)]
    for count, at_s in enumerate(sorted(times)):
        corners += [place(at_s, count), place(at_s, count + 1)]
    return [*corners, place(length_s, len(times))]
