"""What mosaics, gutters, cell sizes and JPEG quality cost in accuracy, with the reference detector.

    python -m benchmarks.mosaic [--fps 3.5] [--part NAME ...] [--out FILE]

needs the ground truth beside this repository. Detection: boxes of score >= 0.4 against the annotated persons,
IoU >= 0.4. Counting: the demo's two zones, as `hypersight validate` compares them. The last line is JSON.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.annotated import AnnotatedFilm, Found, ReferenceFinder, films, in_groups
from hypersight.demo import ROAD, WALKWAY
from hypersight_core.domain.cameras import Camera, Processor, WatchPlan
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.mosaic import GUTTER_PX, MosaicLayout, split
from hypersight_core.video.jpeg import USUAL_QUALITY
from hypersight_core.video.mosaic import MosaicCanvas
from hypersight_core.video.picture import Picture
from hypersight_core.watcher.analysis import Analyst, layout_for
from hypersight_core.watcher.validation import AnnotatedClip, validate

GRIDS = ((1, 1), (1, 2), (2, 2), (3, 3))
GUTTERS_PX = (0, 16, 32, 64, 96, 128)
CELL_WIDTHS_PX = (256, 384, 512, 640, 768)
QUALITIES = (75, 85, 90, 95)
REPEATS = 3

Row = dict[str, Any]


def a_plan(film: AnnotatedFilm, **camera: Any) -> WatchPlan:
    """Return the demo's counting of the demo's zones."""
    counted = Processor(processor_id=1, camera_id=1, version=1, kind="traffic", zones=(WALKWAY, ROAD))
    url = film.path.absolute().as_uri()
    return WatchPlan(
        camera=Camera(camera_id=1, name=film.name, stream_url=url, **camera), processors=(counted,)
    )


def grids(film: AnnotatedFilm, finder: ReferenceFinder, fps: float) -> Iterator[Row]:
    """Yield what each grid costs, through the watcher's own code."""
    for rows, cols in GRIDS:
        plan = a_plan(film, watch_fps=fps, watch_rows=rows, watch_cols=cols)
        finder.reset()
        found, frames = _analysed(plan, film, finder)
        row = {"grid": f"{rows}x{cols}", "fps": fps, "frames_a_call": round(frames / finder.calls, 2)}
        row |= _detection(found) | {"detector_cpu_ms_a_frame": round(finder.cpu_s / frames * 1e3, 1)}
        if film.name == "PETS09-S2L1":
            row |= _counting(plan, film, finder)
        yield row


def _analysed(plan: WatchPlan, film: AnnotatedFilm, finder: ReferenceFinder) -> tuple[Found, int]:
    analyst = Analyst(finder, plan.camera)
    try:
        frames = list(analyst.analyse(film.pictures(plan.camera.watch_fps), lambda: False))
    finally:
        analyst.close()
    return film.compared((one.picture, one.detections or Detections.none()) for one in frames), len(frames)


def _counting(plan: WatchPlan, film: AnnotatedFilm, finder: ReferenceFinder) -> Row:
    (result,) = validate(plan, finder, AnnotatedClip(film.path, film.truth_path, film.recording))
    total = result.comparison.total
    return {
        "true": total.truth, "counted": total.counted, "count_precision": round(total.precision, 3),
        "count_recall": round(total.recall, 3),
        "count_f1": round(2 * total.matched / (total.truth + total.counted), 3),
    }  # fmt: skip


def gutters(film: AnnotatedFilm, finder: ReferenceFinder, fps: float) -> Iterator[Row]:
    """Yield what gutters are worth."""
    pictures = film.pictures(fps)
    for side in (2, 3):
        for gutter_px in GUTTERS_PX:
            cell = layout_for(pictures[0], side, side)
            layout = MosaicLayout(side, side, cell.cell_width_px, cell.cell_height_px, gutter_px)
            found = _found(film, pictures, finder, layout, USUAL_QUALITY)
            yield {"grid": f"{side}x{side}", "gutter_px": gutter_px} | _detection(found)


def cells(film: AnnotatedFilm, finder: ReferenceFinder, fps: float) -> Iterator[Row]:
    """Yield what the width of a cell is worth."""
    pictures = film.pictures(fps)
    shape = pictures[0].height_px / pictures[0].width_px
    for width_px in (one for one in CELL_WIDTHS_PX if one <= pictures[0].width_px):
        layout = MosaicLayout(2, 2, width_px, round(width_px * shape / 2) * 2, GUTTER_PX)
        finder.reset()
        found = _found(film, pictures, finder, layout, USUAL_QUALITY)
        yield {"grid": "2x2", "cell_width_px": width_px} | _detection(found) | _bytes(finder, len(pictures))


def qualities(film: AnnotatedFilm, finder: ReferenceFinder, fps: float) -> Iterator[Row]:
    """Yield what the JPEG's quality costs and is worth, a frame a call."""
    pictures = film.pictures(fps)
    cell = layout_for(pictures[0], 1, 1)
    for quality in QUALITIES:
        finder.reset()
        found = _found(film, pictures, finder, cell, quality)
        canvas = MosaicCanvas(cell)
        canvas.put(0, pictures[0])
        cpu_ms = round(_cpu_ms(partial(canvas.jpeg, quality)), 2)
        yield {"quality": quality} | _detection(found) | _bytes(finder, len(pictures)) | {"jpeg_ms": cpu_ms}


def drawing(film: AnnotatedFilm, finder: ReferenceFinder, fps: float) -> Iterator[Row]:
    """Yield the CPU time of a cell: scaling, the copy into the canvas; and of the JPEG, a frame's share."""
    del finder
    picture = film.pictures(fps)[0]
    canvas = MosaicCanvas(layout_for(picture, 2, 2))
    cell = canvas.layout
    scaled = picture.to_bgr(cell.cell_width_px, cell.cell_height_px)
    target = np.zeros((cell.height_px, cell.width_px, 3), np.uint8)[
        : cell.cell_height_px, : cell.cell_width_px
    ]
    for index in range(cell.size):
        canvas.put(index, picture)

    def copy() -> None:
        target[:] = scaled

    yield {
        "scale_ms": round(_cpu_ms(lambda: picture.to_bgr(cell.cell_width_px, cell.cell_height_px)), 3),
        "copy_ms": round(_cpu_ms(copy), 3),
        "jpeg_ms_a_frame": round(_cpu_ms(lambda: canvas.jpeg(USUAL_QUALITY)) / cell.size, 3),
    }


def _found(
    film: AnnotatedFilm, pictures: list[Picture], finder: ReferenceFinder, layout: MosaicLayout, quality: int
) -> Found:
    canvas = MosaicCanvas(layout)
    frames = []
    for group in in_groups(pictures, layout.size):
        for index, picture in enumerate(group):
            canvas.put(index, picture)
        canvas.clear(len(group))
        found = split(finder.detect(canvas.jpeg(quality)), layout, len(group))
        frames += list(zip(group, found, strict=True))
    return film.compared(frames)


def _detection(found: Found) -> Row:
    return {
        "precision": round(found.precision, 3), "recall": round(found.recall, 3), "f1": round(found.f1, 3),
        "persons": found.persons,
    }  # fmt: skip


def _bytes(finder: ReferenceFinder, frames: int) -> Row:
    return {"kilobytes_a_frame": round(finder.sent_bytes / frames / 1e3, 1)}


def _cpu_ms(work: Callable[[], object], times: int = 50) -> float:
    """Return the CPU time of one call in milliseconds: least of some runs."""
    least_s = float("inf")
    for _ in range(REPEATS):
        started_s = time.thread_time()
        for _ in range(times):
            work()
        least_s = min(least_s, (time.thread_time() - started_s) / times)
    return least_s * 1e3


PARTS = {"grids": grids, "gutters": gutters, "cells": cells, "qualities": qualities, "drawing": drawing}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fps", type=float, default=3.5, help="frames per second of the PETS09-S2L1 film")
    parser.add_argument("--part", action="append", choices=PARTS, help="left out: all")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    arguments = parser.parse_args()
    finder = ReferenceFinder()
    figures: dict[str, list[Row]] = {}
    for part in arguments.part or PARTS:
        for film in films():
            fps = arguments.fps if film.name == "PETS09-S2L1" else film.fps / 5
            for row in PARTS[part](film, finder, fps):
                figures.setdefault(part, []).append({"film": film.name} | row)
                print(part, figures[part][-1], flush=True)
    text = json.dumps(figures)
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
