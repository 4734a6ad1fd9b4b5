"""Whether what runs for long holds ever more memory or open files."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.chaos.world import World

MORE_FDS, MORE_SHARE, MORE_MB = 8, 1.25, 15.0
"""What the last third of a run may hold beyond the first: other work is in hand whenever one looks."""
FEWEST = 6
"""So few looks say nothing."""


def lasting(world: World) -> Mapping[str, psutil.Process]:
    """Return the processes that run for long, by what they are; one that is being replaced is missing."""
    found, lease = dict(world.stack.lasting()), world.lease()
    if lease is not None:
        with suppress(psutil.NoSuchProcess):
            found["watcher"] = world.stack.process_of(lease)
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """What one process holds."""

    fds: int
    own_mb: float


@dataclass(slots=True)
class Flatness:
    """What each part of the system held over time."""

    seen: dict[str, list[Held]] = field(default_factory=dict)

    def look(self, parts: Mapping[str, psutil.Process]) -> None:
        """Look at all parts now; one that is just being replaced is left out."""
        for name, process in parts.items():
            try:
                held = Held(process.num_fds(), process.memory_full_info().uss / 1e6)
            except psutil.Error:
                continue
            self.seen.setdefault(name, []).append(held)

    def rows(self) -> Iterable[dict[str, object]]:
        """Yield what each part held in the first third and in the last, and what is wrong with that."""
        for name, looks in self.seen.items():
            if len(looks) < FEWEST:
                continue
            first, last = _middle(looks[: len(looks) // 3]), _middle(looks[-(len(looks) // 3) :])
            yield {
                "part": name, "looks": len(looks), "fds": [first.fds, last.fds],
                "own_mb": [round(first.own_mb, 1), round(last.own_mb, 1)],
                "problems": list(_problems(first, last)),
            }  # fmt: skip


def _middle(looks: Sequence[Held]) -> Held:
    return Held(
        round(statistics.median(one.fds for one in looks)),
        statistics.median(one.own_mb for one in looks),
    )


def _problems(first: Held, last: Held) -> Iterable[str]:
    if last.fds > first.fds + MORE_FDS:
        yield f"open files grew from {first.fds} to {last.fds}"
    if last.own_mb > first.own_mb * MORE_SHARE + MORE_MB:
        yield f"memory grew from {first.own_mb:.0f} to {last.own_mb:.0f} MB"
