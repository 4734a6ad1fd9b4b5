"""Kills, stops and breaks every part of the system while it watches, and compares with an undisturbed run.

    make chaos
    python -m tests.chaos --stack compose --only "kill watcher,kill database" --pairs 0

One camera, live, with known persons, and a detector; the stack as `make up` runs it, or the services of
docker-compose.yml, each by its own command in namespaces of its own, with Docker's part played by `docker.py`
(Linux; needs unshare, nsenter, ip and redis-server). A table says for each fault how many events were lost or
doubled, how long presence was wrong, how much stream time is unaccounted for, and how long it took until all
was well again; the last line is one JSON object. The exit code is 1 when anything is wrong.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.compose import Compose, in_a_room
from tests.chaos.control import Control
from tests.chaos.faults import Fault, pairs, single
from tests.chaos.flatness import Flatness, lasting
from tests.chaos.judging import Seen, Verdict, verdict
from tests.chaos.stack import Stack, Surroundings
from tests.chaos.up import Up
from tests.chaos.world import World

GIVE_UP_S = 240.0
STACKS: Mapping[str, Callable[[Surroundings], Stack]] = {"up": Up, "compose": Compose}
QUIET_S = 4.0
"""Between faults, and before the first."""


@dataclass(frozen=True, slots=True)
class Struck:
    """One fault, as it went."""

    fault: Fault
    began_at: datetime
    recovered_s: float
    """From the fault's end until everything was well; infinite when it never was."""
    ended_at: datetime
    is_said: bool
    """Whether the watcher said what it had to say."""


def strike(world: World, fault: Fault, flatness: Flatness) -> Struck:
    """Let it happen, and wait until all is well again."""
    began_at = datetime.now(UTC)
    fault.begin(world)
    time.sleep(fault.hold_s)
    fault.end(world)
    ended_s = time.monotonic()
    time.sleep(1.0)
    recovered_s = float("inf")
    while time.monotonic() - ended_s < GIVE_UP_S:
        if world.is_well():
            recovered_s = time.monotonic() - ended_s
            break
        time.sleep(0.25)
    is_said = not fault.says or world.says(fault.says)
    time.sleep(QUIET_S)
    flatness.look(lasting(world))
    print(f"{fault.name:34} well again after {recovered_s:5.1f} s", flush=True)
    return Struck(fault, began_at, recovered_s, datetime.now(UTC), is_said)


def problems_of(struck: Struck, found: Verdict, window_s: float) -> list[str]:
    """Return what is wrong; nothing when all is as it must be. The stream holds its last `window_s`."""
    problems = []
    if struck.recovered_s > struck.fault.well_within_s:
        problems.append(f"well again only after {struck.recovered_s:.1f} s")
    if not struck.is_said:
        problems.append(f"the status or the log did not say: {struck.fault.says}")
    if found.lost or found.doubled:
        problems.append(f"{found.lost} events lost, {found.doubled} doubled")
    if found.presence_error_s or found.coverage_error_s:
        problems.append(
            f"presence wrong for {found.presence_error_s} s, {found.coverage_error_s} s unaccounted"
        )
    gone_s = max(0.0, struck.recovered_s - window_s)
    if found.missed_s > gone_s and not struck.fault.is_stream_gone:
        problems.append(f"{found.missed_s} s missed, though the stream had them")
    return problems


def run(folder: Path, options: argparse.Namespace) -> int:
    """Do it all; return the exit code."""
    flatness = Flatness()
    only = [name.strip() for name in options.only.split(",") if name.strip()]
    with World(folder, made=STACKS[options.stack]) as world:
        with Control(world.simulators[0], world.watched, world.processors) as control:
            _wait_well(world)
            time.sleep(QUIET_S)
            faults = [*single(world), *pairs(world, options.pairs, random.Random(options.seed))]
            wanted = [fault for fault in faults if not only or fault.name in only]
            struck = [strike(world, fault, flatness) for fault in wanted]
            _wait_well(world)
        seen = _seen(world)
        true = [asdict(event) for event in control.events]
    rows = []
    for one in struck:
        found = verdict(
            true, seen, (one.began_at - timedelta(seconds=2), one.ended_at - timedelta(seconds=3))
        )
        rows.append({"fault": one.fault.name, "recovered_s": round(one.recovered_s, 1), **asdict(found),
                     "problems": problems_of(one, found, world.scene.window_s)})  # fmt: skip
    _print(rows)
    for orphan in world.orphans:
        print(f"left behind after the end: {orphan}")
    held = list(flatness.rows())
    _print_held(held)
    print(json.dumps({"faults": rows, "held": held, "orphans": world.orphans}))
    return 1 if world.orphans or any(row["problems"] for row in (*rows, *held)) else 0


def _wait_well(world: World) -> None:
    ends_s = time.monotonic() + GIVE_UP_S
    while not world.is_well():
        assert time.monotonic() < ends_s, "it does not get well"
        time.sleep(0.25)


def _seen(world: World) -> Seen:
    ids = [one.processor_id for one in world.processors]
    return Seen(
        world.rows("SELECT * FROM processor_event WHERE processor_id = ANY (:ids)", ids=ids),
        world.rows("SELECT * FROM observation WHERE camera_id = :id", id=world.watched.camera_id),
    )


def _print(rows: Sequence[dict[str, object]]) -> None:
    heads = ("recovered_s", "lost", "doubled", "presence_error_s", "missed_s", "coverage_error_s")
    print(f"\n{'fault':34} {' '.join(f'{head:>17}' for head in heads)}")
    for row in rows:
        print(f"{row['fault']!s:34} {' '.join(f'{row[head]!s:>17}' for head in heads)}")
        for problem in row["problems"] if isinstance(row["problems"], list) else ():
            print(f"    wrong: {problem}")


def _print_held(rows: Sequence[dict[str, object]]) -> None:
    if rows:
        print(f"\n{'part':20} {'open files, first and last third':>34} {'memory of its own, MB':>24}")
    for row in rows:
        print(f"{row['part']!s:20} {row['fds']!s:>34} {row['own_mb']!s:>24}")
        for problem in row["problems"] if isinstance(row["problems"], list) else ():
            print(f"    wrong: {problem}")


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random pairs")
    parser.add_argument("--pairs", type=int, default=5, help="random pairs of kills after the single faults")
    parser.add_argument("--only", default="", help="names of faults, parted by commas")
    parser.add_argument("--folder", type=Path, help="keep everything here; left out: a temporary folder")
    parser.add_argument(
        "--stack", choices=STACKS, default="up", help="what runs: `hypersight up`, or Compose's services"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stack == "compose" and not options.inside:
        return in_a_room()
    if options.folder is not None:
        return run(options.folder, options)
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the database's account gets in, which is not root's
        return run(Path(folder), options)


if __name__ == "__main__":
    sys.exit(main())
