"""The counter next to what else people use, on annotated footage, in one process.

Needs `countbench`, a counting benchmark with its footage that is not part of this repository, and for the
other trackers `pip install '.[bench]'` (norfair: `pip install --no-deps norfair filterpy`, since it forbids a
new `rich`).
"""

import argparse
import importlib
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[2] / "shared"
"""Where the counting benchmark lies when it is there at all."""
COUNTERS = {
    "hypersight": "benchmarks.counting:factory",
    "perfect association": "oracle",
    "supervision ByteTrack": "sv-bytetrack",
    "supervision ByteTrack, tuned": "sv-bytetrack-tuned",
    "trackers ByteTrack, tuned": "rf-bytetrack-tuned",
    "trackers OC-SORT": "rf-ocsort",
    "trackers OC-SORT, tuned": "rf-ocsort-tuned",
    "norfair": "norfair-tuned",
}
"""What people call it → what countbench calls it."""
LIBRARIES = {"sv": "supervision", "rf": "trackers", "norfair": "norfair"}
RATES = ("1", "2", "5", "native")
DETECTIONS = ("public", "noisy")


@dataclass(frozen=True, slots=True)
class Footage:
    """Where countbench and its sequences are."""

    bench_dir: Path
    """Holds the package `countbench`."""
    data_dir: Path
    """Holds a folder per sequence."""
    zone_seeds: tuple[int, ...]
    """Each draws other zones."""


def parser_over_footage(description: str | None, *, zone_seeds: str) -> argparse.ArgumentParser:
    """Return a command line that says where the footage is; `zone_seeds` are those nobody asks for."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=SHARED, help="folder that holds countbench")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "mot", help="folder of its sequences")
    parser.add_argument("--zone-seeds", default=zone_seeds, help="each draws other zones, for example 0,1,2")
    return parser


def footage_of(arguments: argparse.Namespace) -> Footage:
    """Return what such a command line says."""
    seeds = tuple(int(seed) for seed in arguments.zone_seeds.split(","))
    return Footage(arguments.bench, arguments.data, seeds)


def counters() -> list[str]:
    """Return the names of the counters that can run here."""
    return [name for name, algo in COUNTERS.items() if _is_there(LIBRARIES.get(algo.split("-")[0]))]


def modules(footage: Footage) -> dict[str, Any]:
    """Return countbench's modules by name."""
    sys.path.insert(0, str(footage.bench_dir))
    wanted = ("data", "gate", "metrics", "runner", "zones")
    return {name: importlib.import_module(f"countbench.{name}") for name in wanted}


def compared(footage: Footage, wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield F1, count error (WAPE), bias and CPU of each counter, detection kind, rate and sequence.

    The last one of each rate has the sequence `all`: its passings are those of all sequences together.
    """
    bench = modules(footage)
    folders = sorted(path.parent for path in footage.data_dir.glob("*/gt.txt"))
    sequences = [bench["data"].load_sequence(folder) for folder in folders]
    for name in wanted:
        for detections in DETECTIONS:
            for rate in RATES:
                fps = None if rate == "native" else float(rate)
                config = bench["runner"].RunConfig(algo=COUNTERS[name], fps=fps, det=detections)
                found = _by_sequence(bench, sequences, config, footage.zone_seeds)
                total = bench["metrics"].total
                scores = {sequence: total([one.score for one in runs]) for sequence, runs in found.items()}
                scores["all"] = total(list(scores.values()))
                every = [one for runs in found.values() for one in runs]
                cpu_us = sum(one.cpu_us_per_frame for one in every) / len(every)
                for sequence, score in scores.items():
                    yield {
                        "counter": name, "detections": detections, "fps": rate, "sequence": sequence,
                        "f1": round(score.f1, 4), "wape": round(score.wape, 4), "bias": round(score.bias, 4),
                        "precision": round(score.precision, 4), "recall": round(score.recall, 4),
                        "true": score.truth, "cpu_us_per_frame": round(cpu_us, 1),
                    }  # fmt: skip


def _by_sequence(
    bench: dict[str, Any], sequences: Sequence[Any], config: Any, zone_seeds: Sequence[int]
) -> dict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for sequence in sequences:
        if config.det == "public" and sequence.det_rows is None:
            continue
        for seed in zone_seeds:
            zones = bench["zones"].cached_zones(sequence, config.anchor, config.gate, seed)
            result = bench["runner"].run_sequence(sequence, config, zones)
            if result is not None:
                found[sequence.name].append(result)
    return found


def _is_there(library: str | None) -> bool:
    return library is None or importlib.util.find_spec(library) is not None
