"""What it costs to keep positions of ten minutes, and to try zones on them: `python -m benchmarks.trial`."""

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from hypersight_core.domain.cameras import Camera, ProcessorSettings
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.recent import RecentFrame, RecentSegment
from hypersight_core.domain.zones import Zone
from hypersight_core.processors.trial import tried
from hypersight_core.store.recent import RecentDetections, recent_folder, recent_segments

MINUTES, SEGMENT_S = 10, 4
ZONES = (
    Zone(((0.3, 0.2), (0.6, 0.2), (0.6, 0.8), (0.3, 0.8)), "middle"),
    Zone(((0.1, 0.5), (0.9, 0.5)), "line"),
)
CAMERA = Camera(camera_id=1, name="benchmark", stream_url="http://camera.invalid/")


def walking(people: int, fps: float) -> list[list[tuple[float, Detections]]]:
    """Return ten minutes of people who walk back and forth, segment by segment: seconds and boxes."""
    random = np.random.default_rng(1)
    places, speeds = random.random((people, 2)) * 0.8, (random.random((people, 2)) - 0.5) * 0.1
    segments: list[list[tuple[float, Detections]]] = [[] for _ in range(MINUTES * 60 // SEGMENT_S)]
    for index in range(round(MINUTES * 60 * fps)):
        places = places + speeds / fps
        speeds = np.where((places < 0) | (places > 0.85), -speeds, speeds)
        noise = random.normal(0, 0.002, (people, 2))
        corners = np.clip(places + noise, 0, 0.85)
        boxes = np.hstack([corners, corners + np.array([0.04, 0.12])])
        found = Detections(boxes, random.uniform(0.4, 0.99, people))
        segments[int(index / fps / SEGMENT_S)].append((index / fps, found))
    return segments


def measured(people: int, fps: float, folder: Path) -> dict[str, float]:
    """Keep ten minutes of positions and try two zones on them."""
    kept, began = RecentDetections(folder, 1), datetime.now(UTC) - timedelta(minutes=MINUTES)
    costs_s = []
    for number, frames in enumerate(walking(people, fps)):
        start = began + timedelta(seconds=number * SEGMENT_S)
        stop = start + timedelta(seconds=SEGMENT_S)
        started_s = time.process_time()
        seen = tuple(
            RecentFrame.of(began + timedelta(seconds=at_s), 1280, 720, found) for at_s, found in frames
        )
        kept.append(RecentSegment("benchmark", start, stop, True, len(seen), seen), stop)
        costs_s.append(time.process_time() - started_s)
    size = sum(path.stat().st_size for path in recent_folder(folder, 1).iterdir())
    started_s = time.process_time()
    segments = recent_segments(folder, 1, "benchmark", datetime.now(UTC))
    found = tried(CAMERA, ProcessorSettings(kind="traffic", zones=ZONES), segments)
    return {
        "people": people,
        "fps": fps,
        "kept_cpu_ms_a_segment": round(sum(costs_s) / len(costs_s) * 1e3, 3),
        "kept_share_of_a_core": round(sum(costs_s) / len(costs_s) / SEGMENT_S, 7),
        "megabytes": round(size / 1e6, 2),
        "minutes_kept": round(found.watched_s / 60, 1),
        "tried_cpu_s": round(time.process_time() - started_s, 2),
        "passages": len(found.sightings),
    }


def main() -> None:
    """Print one line a scene, then all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    results = []
    for people, fps in ((8, 2.0), (20, 10.0)):
        with tempfile.TemporaryDirectory() as folder:
            results.append(measured(people, fps, Path(folder)))
        print(results[-1])
    print(json.dumps({"benchmark": "trial", "results": results}))


if __name__ == "__main__":
    main()
