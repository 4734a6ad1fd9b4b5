"""`hypersight process` on real footage, against people counted by hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hypersight import footage
from hypersight_core.settings import Settings
from tests.truth import entries, tracks_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
TRUTH = ROOT.parent / "shared/data/mot/PETS09-S2L1/gt.txt"
WIDTH_PX, HEIGHT_PX, TRUE_FPS = 768, 576, 7.0
ACROSS_THE_WALKWAY = [(0.45, 0.20), (0.60, 0.20), (0.60, 0.65), (0.45, 0.65)]
"""A plain rectangle across the main walkway; chosen once, nothing is tuned to it."""


def processed(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "HYPERSIGHT_VAR_DIR": str(tmp_path / "var")}  # noqa: TID251 - what a shell hands on
    return subprocess.run(
        [sys.executable, "-m", "hypersight", "process", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.skipif(not TRUTH.exists(), reason=f"no ground truth at {TRUTH}: the comparison is not made")
@pytest.mark.parametrize("watch_fps", [7.0, 3.5])
def test_the_whole_clip_counts_like_the_ground_truth(tmp_path, record_property, watch_fps):
    cache_dir = Settings.from_environ({}).cache_dir
    film = footage.pedestrians(cache_dir)
    done = processed(
        tmp_path,
        str(film),
        "--zones",
        json.dumps([[list(corner) for corner in ACROSS_THE_WALKWAY]]),
        "--source-fps",
        f"{TRUE_FPS:g}",
        "--watch-fps",
        f"{watch_fps:g}",
        "--start",
        "2009-01-01T12:00:00+00:00",
        "--output",
        "jsonl",
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    counted = sum(event["value"] for event in events if event["kind"] == "enter")

    zone_px = [(x * WIDTH_PX, y * HEIGHT_PX) for x, y in ACROSS_THE_WALKWAY]
    truth = len(entries(tracks_of(TRUTH), zone_px, TRUE_FPS))
    record_property("counted", counted)
    record_property("truth", truth)
    sys.stdout.write(f"\n{watch_fps:g} fps: counted {counted}, ground truth {truth}\n")
    assert events[0]["ts"].startswith("2009-01-01T12:0")
    assert abs(counted - truth) <= 0.2 * truth
