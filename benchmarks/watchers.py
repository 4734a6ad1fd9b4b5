"""What watching costs beside decoding and HTTP, and how soon a camera is watched.

    python -m benchmarks.watchers --cameras 1,5,20 [--seconds 60] [--launcher default]

The real stack (embedded PostgreSQL, Dagster's daemon and code server) watches a simulated camera that plays
real footage, with a detector over real HTTP that finds nobody at no cost. For each number of cameras: all are
enabled at once, then one of them is disabled and enabled again and again (enabling → first detector call);
then processes are looked at for `--seconds`. CPU of a bare loop that only fetches, decodes and posts the
same stream, in the same seconds, is taken off, and what that loop grows by once it reads is taken for the
stream's buffers. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.watchers_stack import Bench, running_bench

TOGGLES = 5
BARE_LOOPS = 3
SETTLE_S = 10.0


def main() -> None:
    """Run everything; the last line printed is the result."""
    asked = _arguments()
    figures: dict[str, Any] = {"launcher": asked.launcher, "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory(prefix="hypersight-bench-") as folder:
        for count in asked.cameras:
            with running_bench(Path(folder) / str(count), count, asked.launcher) as bench:
                figures[f"cameras_{count}"] = measure(bench, count, asked.seconds)
            print(f"{count}: {figures[f'cameras_{count}']}", flush=True)
    print(json.dumps(figures))


def measure(bench: Bench, count: int, seconds: float) -> dict[str, Any]:
    """Enable, toggle and look; return what it took."""
    started_s = time.monotonic()
    bench.enable(bench.camera_ids)
    firsts = [bench.first_call_s(camera_id, after_s=started_s) for camera_id in bench.camera_ids]
    figures: dict[str, Any] = {"all_at_once_s": _spread([at_s - started_s for at_s in firsts])}
    figures["enabling_to_first_call_s"] = _spread([_toggled(bench) for _ in range(TOGGLES)])
    time.sleep(SETTLE_S)
    with ExitStack() as stack:
        bare = [stack.enter_context(_bare_loop(bench)) for _ in range(min(BARE_LOOPS, count))]
        time.sleep(SETTLE_S / 2)
        figures |= _looked_at(bench, bare, seconds)
    return figures


def _toggled(bench: Bench) -> float:
    camera_id = bench.camera_ids[-1]
    bench.disable([camera_id])
    bench.wait_unwatched(camera_id)
    time.sleep(6.5)  # beyond what the supervisor holds back after a change
    started_s = time.monotonic()
    bench.enable([camera_id])
    return bench.first_call_s(camera_id, after_s=started_s) - started_s


@dataclass(frozen=True, slots=True)
class Bare:
    """A bare loop."""

    process: psutil.Process
    own_mb_before: float
    """Its private memory before it read anything."""

    @property
    def grown_mb(self) -> float:
        """What reading takes."""
        return _own_mb(self.process) - self.own_mb_before


def _looked_at(bench: Bench, loops: Sequence[Bare], seconds: float) -> dict[str, Any]:
    watchers, services, bare = bench.watchers(), bench.services(), [one.process for one in loops]
    before = {process.pid: _cpu_s(process) for process in (*watchers, *bare, *services.values())}
    switches = {process.pid: process.num_ctx_switches().voluntary for process in watchers}
    time.sleep(seconds)
    spent = {
        process.pid: (_cpu_s(process) - before[process.pid]) / seconds * 100
        for process in (*watchers, *bare, *services.values())
    }
    ours, theirs = [spent[one.pid] for one in watchers], [spent[one.pid] for one in bare]
    woken = [(one.num_ctx_switches().voluntary - switches[one.pid]) / seconds for one in watchers]
    return {
        "load": os.getloadavg()[0],
        **_memory(watchers, loops),
        "cpu_percent": _spread(ours),
        "bare_cpu_percent": _spread(theirs),
        "cpu_percent_beyond": round(statistics.median(ours) - statistics.median(theirs), 2),
        "wake_ups_a_second": _spread(woken),
        "connections": bench.connections(),
        "services_cpu_percent": {name: round(spent[one.pid], 1) for name, one in services.items()},
        "services_pss_mb": {name: round(_pss_mb(one), 1) for name, one in services.items()},
    }


def _memory(watchers: Sequence[psutil.Process], loops: Sequence[Bare]) -> dict[str, Any]:
    """Return a watcher's proportional share, what of it is its own, and what of that the stream takes."""
    pss = _spread([_pss_mb(one) for one in watchers])
    buffers = _spread([one.grown_mb for one in loops])
    return {
        "pss_mb": pss,
        "own_mb": _spread([_own_mb(one) for one in watchers]),
        "stream_buffers_mb": buffers,
        "pss_mb_beyond_buffers": round(pss["median"] - buffers["median"], 1),
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _pss_mb(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / 1e6


def _own_mb(process: psutil.Process) -> float:
    return float(process.memory_full_info().uss) / 1e6


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 2),
        "least": round(min(values), 2),
        "most": round(max(values), 2),
    }


@contextmanager
def _bare_loop(bench: Bench) -> Iterator[Bare]:
    """Run the plainest loop over the same stream: what decoding and HTTP cost without us."""
    command = [sys.executable, "-m", "benchmarks.watchers_bare", bench.stream_url, bench.detector_url]
    folder = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            yield Bare(psutil.Process(process.pid), int(said) / 1e6)
        finally:
            process.terminate()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cameras", type=lambda text: [int(one) for one in text.split(",")], default=[1, 5, 20]
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long processes are looked at")
    parser.add_argument("--launcher", choices=("ours", "default"), default="ours", help="who starts runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
