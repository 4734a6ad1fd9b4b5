"""Many cameras for long: does every number stay right, and everything else flat?

    python -m benchmarks.fleet --cameras 20 --minutes 60 --fps 1 [--svg docs/images/fleet.svg]

`hypersight up`, whole, on simulated cameras (640 × 360, 25 frames a second, one film, known persons), with a
detector in a process of its own; an undisturbed run over the same footage says what each camera should
have counted. Every half minute all processes are looked at. The first and the last minute are not judged. The
last line is one JSON object; the exit code is 1 when an event is lost or doubled, or time unaccounted for.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.fleet_look import Fleet, Look, spread
from benchmarks.fleet_plot import plot
from tests.chaos.control import Control
from tests.chaos.judging import Seen, Span, verdict
from tests.chaos.street import Street
from tests.chaos.world import Scene, World

FILM = Street(seconds=60.0, gop_s=2.0, width_px=640, height_px=360)
SEGMENT_S, WINDOW = 2.0, 15
WELL_WITHIN_S = 300.0
LOOK_EVERY_S = 30.0
CAUGHT_UP_WITHIN_S = 120.0
MARGIN = timedelta(seconds=60)


def main() -> int:
    """Run; the last line printed is the result."""
    asked = _arguments()
    scene = Scene((FILM,), segment_s=SEGMENT_S, window=WINDOW, watch_fps=asked.fps, cameras=asked.cameras)
    with tempfile.TemporaryDirectory(prefix="fleet-", ignore_cleanup_errors=True) as folder:
        figures, looks = _run(Path(folder), scene, asked.minutes)
    if asked.svg is not None:
        asked.svg.write_text(plot(looks))
    print(json.dumps(figures), flush=True)
    return 1 if figures["lost"] or figures["doubled"] or figures["coverage_error_s"] else 0


def _run(folder: Path, scene: Scene, minutes: float) -> tuple[dict[str, Any], list[Look]]:
    with World(folder, scene) as world:
        fleet = Fleet(world)
        with Control(world.simulators[0], world.watched, world.processors) as control:
            all_watched_s = _wait_all(fleet)
            began_at = datetime.now(UTC)
            looks = _looks(fleet, minutes)
            span = (began_at + MARGIN, datetime.now(UTC) - MARGIN)
            fleet.wait_counted(span[1], within_s=CAUGHT_UP_WITHIN_S)
        cameras = _judged(world, [asdict(event) for event in control.events], span)
        figures = {"cameras": scene.cameras, "fps": scene.watch_fps, "minutes": minutes}
        figures |= {"all_watched_s": round(all_watched_s, 1), **_summed(cameras), **fleet.summary(looks)}
    return figures | {"orphans": world.orphans, "load": os.getloadavg()[2]}, looks


def _wait_all(fleet: Fleet) -> float:
    began_s = time.monotonic()
    while (missing := fleet.unwatched()) and time.monotonic() - began_s < WELL_WITHIN_S:
        time.sleep(0.5)
    if missing:
        raise TimeoutError(f"cameras {missing} are not watched after {WELL_WITHIN_S:.0f} s")
    return time.monotonic() - began_s


def _looks(fleet: Fleet, minutes: float) -> list[Look]:
    looks = [fleet.look(0.0)]
    began_s = time.monotonic()
    while (gone_s := time.monotonic() - began_s) < minutes * 60:
        time.sleep(min(LOOK_EVERY_S, max(0.0, minutes * 60 - gone_s)))
        looks.append(fleet.look(time.monotonic() - began_s))
        print(looks[-1].line(), flush=True)
    return looks


def _judged(world: World, true: Sequence[dict[str, Any]], span: Span) -> list[dict[str, Any]]:
    """Compare each camera with the undisturbed run."""
    kinds = {one.processor_id: one.kind for one in world.processors}
    rows = []
    for camera, processors in world.all_watched:
        same = {kinds_id: one.processor_id for one in processors for kinds_id, kind in kinds.items()
                if kind == one.kind}  # fmt: skip
        wanted = [event | {"processor_id": same[event["processor_id"]]} for event in true]
        ids = list(same.values())
        seen = Seen(
            world.rows("SELECT * FROM processor_event WHERE processor_id = ANY (:ids)", ids=ids),
            world.rows("SELECT * FROM observation WHERE camera_id = :id", id=camera.camera_id),
        )
        found = asdict(verdict(wanted, seen, span))
        counted = sum(span[0] <= one["ts"] < span[1] and one["kind"] != "count" for one in seen.events)
        expected = sum(span[0] <= one["ts"] < span[1] and one["kind"] != "count" for one in wanted)
        rows.append({"camera": camera.camera_id, "expected": expected, "counted": counted, **found})
        print(rows[-1], flush=True)
    return rows


def _summed(cameras: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sums = ("lost", "doubled", "presence_error_s", "missed_s", "coverage_error_s")
    return {
        "events_expected": spread([one["expected"] for one in cameras]),
        "events_counted": spread([one["counted"] for one in cameras]),
        **{name: round(sum(one[name] for one in cameras), 2) for name in sums},
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=60.0, help="3 at least")
    parser.add_argument("--fps", type=float, default=1.0, help="frames analysed a second")
    parser.add_argument("--svg", type=Path, help="draw what was seen over time into this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
