"""What the chaos run asks of the system under test, however that is started."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import psutil

from hypersight_core.store.leases import LeaseView
from tests.chaos.clock import MachineClock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a stack works with."""

    folder: Path
    var_dir: Path
    clock: MachineClock
    """The time of day that all its processes have to go by."""
    detector_url: str
    """Of the detector of persons."""


class Stack(Protocol):
    """The system under test: its database and everything else of it."""

    @property
    def parts(self) -> Mapping[str, float]:
        """What can be killed and is there again by itself, with the seconds until all must be well."""
        ...

    @property
    def pauses(self) -> Mapping[str, float]:
        """What can be stopped and let go on, with the seconds in between."""
        ...

    @property
    def started_within_s(self) -> float:
        """From power to watching."""
        ...

    def start_database(self) -> str:
        """Start the database; return its URL."""
        ...

    def kill_database(self) -> None:
        """Kill the database; it stays away until it is started."""
        ...

    def start(self) -> None:
        """Start everything else and wait until it serves; the database is there."""
        ...

    def end(self) -> None:
        """End everything in order."""
        ...

    def power_off(self) -> None:
        """Kill everything of the machine at once; sockets, lock files and the database's pid file stay."""
        ...

    def power_on(self) -> None:
        """Start what the machine starts when it boots, under another boot id where that can be had."""
        ...

    def kill(self, part: str) -> None:
        """Kill the main process of a part."""
        ...

    def pause(self, part: str) -> None:
        """Stop all processes of a part, as `docker pause` does."""
        ...

    def go_on(self, part: str) -> None:
        """Let them go on, those that are still there."""
        ...

    def family(self) -> Sequence[psutil.Process]:
        """Return every process of ours but the database's, the watchers included."""
        ...

    def lasting(self) -> Mapping[str, psutil.Process]:
        """Return the processes that run for long, by what they are; one that is being replaced is missing."""
        ...

    def process_of(self, lease: LeaseView) -> psutil.Process:
        """Return the process that holds a lease.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        ...

    def answers(self) -> Iterator[bool]:
        """Yield for each part whether it does its work."""
        ...

    def api(self) -> httpx.Client:
        """Return a client of the API that may do everything."""
        ...

    def start_second_daemon(self) -> None:
        """Start another Dagster daemon over the same instance."""
        ...

    def end_second_daemon(self) -> None:
        """End it again."""
        ...


def with_var_dir(var_dir: Path) -> list[psutil.Process]:
    """Return the processes that were given a folder for what they keep, their command lines read."""
    found = psutil.process_iter(["environ", "cmdline", "create_time"])
    return [one for one in found if (one.info["environ"] or {}).get("HYPERSIGHT_VAR_DIR") == str(var_dir)]
