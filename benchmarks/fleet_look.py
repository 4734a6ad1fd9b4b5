"""What `benchmarks.fleet` sees of all processes at one moment, and what many such moments come to."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psutil

from hypersight_core.store.leases import LeaseView, read_leases
from tests.chaos.world import World

SIZE = "SELECT sum(pg_database_size(datname)) AS bytes FROM pg_database"


@dataclass(frozen=True, slots=True)
class Used:
    """What one process holds."""

    pss_mb: float
    own_mb: float
    cpu_s: float
    """Since it began."""
    fds: int


@dataclass(frozen=True, slots=True)
class Look:
    """Everything at one moment."""

    at_s: float
    watchers: dict[int, Used]
    """By camera."""
    tokens: dict[int, int]
    """The leases', by camera: they grow with each restart."""
    lags_s: Sequence[float]
    others: dict[int, Used]
    """The rest of the stack, by process."""
    database_mb: float

    @property
    def fds(self) -> int:
        """Open files of all processes."""
        return sum(one.fds for one in (*self.watchers.values(), *self.others.values()))

    @property
    def pss_mb(self) -> float:
        """Memory of a watcher, the median."""
        return statistics.median(one.pss_mb for one in self.watchers.values())

    @property
    def others_mb(self) -> float:
        """Memory of everything but the watchers."""
        return sum(one.pss_mb for one in self.others.values())

    def line(self) -> str:
        """Put it into one line."""
        lag_s = max(self.lags_s, default=float("nan"))
        return (
            f"{self.at_s:6.0f} s: {len(self.watchers)} watchers, {self.pss_mb:.1f} MB each, "
            f"others {self.others_mb:.0f} MB, {self.fds} files, lag {lag_s:.1f} s at most, "
            f"database {self.database_mb:.1f} MB"
        )


class Fleet:
    """All cameras of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = {camera.camera_id for camera, _ in world.all_watched}

    def unwatched(self) -> list[int]:
        """Return the cameras that no watcher has counted anything of yet."""
        counted = {one.camera_id for one in self._leases() if one.position_at is not None}
        return sorted(self._ids - counted)

    def wait_counted(self, until: datetime, within_s: float) -> None:
        """Wait until every camera is counted up to a moment of stream time, or the time is up."""
        ends_s = time.monotonic() + within_s
        while time.monotonic() < ends_s:
            positions = [one.position_at for one in self._leases() if one.position_at is not None]
            if len(positions) == len(self._ids) and min(positions) >= until:
                return
            time.sleep(0.5)

    def look(self, at_s: float) -> Look:
        """Look at everything now."""
        leases = self._leases()
        pids = {one.pid: one.camera_id for one in leases}
        family = {one.pid: used for one in self._world.stack.family() if (used := _used(one)) is not None}
        return Look(
            at_s=at_s,
            watchers={pids[pid]: used for pid, used in family.items() if pid in pids},
            tokens={one.camera_id: one.token for one in leases},
            lags_s=[one.lag_s for one in leases if one.lag_s is not None],
            others={pid: used for pid, used in family.items() if pid not in pids},
            database_mb=float(self._world.rows(SIZE)[0]["bytes"]) / 1e6,
        )

    def summary(self, looks: Sequence[Look]) -> dict[str, Any]:
        """Say what became of everything between the first look and the last."""
        first, last = looks[0], looks[-1]
        third = max(1, len(looks) // 3)
        seconds = last.at_s - first.at_s
        lags = sorted(lag for one in looks for lag in one.lags_s)
        return {
            "restarts": sum(last.tokens.values()) - sum(first.tokens.values()),
            "watchers_seen_least": min(len(one.watchers) for one in looks),
            "lag_s": {name: _quantile(lags, share) for name, share in
                      (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1.0))},
            "cpu_percent_a_watcher": spread(_cpu_percents(first.watchers, last.watchers, seconds)),
            "cpu_percent_others": round(sum(_cpu_percents(first.others, last.others, seconds)), 1),
            "watcher_pss_mb": _thirds(looks, third, lambda one: one.pss_mb),
            "watcher_own_mb": _thirds(
                looks, third, lambda one: statistics.median(w.own_mb for w in one.watchers.values())
            ),
            "others_pss_mb": _thirds(looks, third, lambda one: one.others_mb),
            "fds": _thirds(looks, third, lambda one: float(one.fds)),
            "database_mb": {"first": round(first.database_mb, 1), "last": round(last.database_mb, 1)},
        }  # fmt: skip

    def _leases(self) -> list[LeaseView]:
        with self._world.store.transaction() as tx:
            return [one for one in read_leases(tx) if one.camera_id in self._ids and one.is_live]


def spread(values: Iterable[float]) -> dict[str, float]:
    """Return the middle and both ends."""
    found = sorted(values)
    return {
        "median": round(statistics.median(found), 2), "least": round(found[0], 2), "most": round(found[-1], 2)
    }  # fmt: skip


def _thirds(looks: Sequence[Look], third: int, value: Callable[[Look], float]) -> dict[str, float]:
    """Return the median of the first, the middle and the last third of all looks."""
    parts = {"first": looks[:third], "middle": looks[third:-third] or looks, "last": looks[-third:]}
    return {name: round(statistics.median(map(value, part)), 1) for name, part in parts.items()}


def _cpu_percents(first: dict[int, Used], last: dict[int, Used], seconds: float) -> list[float]:
    same = [key for key in last if key in first and last[key].cpu_s >= first[key].cpu_s]
    return [(last[key].cpu_s - first[key].cpu_s) / seconds * 100 for key in same]


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None


def _used(process: psutil.Process) -> Used | None:
    try:
        memory, times = process.memory_full_info(), process.cpu_times()
        return Used(memory.pss / 1e6, memory.uss / 1e6, times.user + times.system, process.num_fds())
    except psutil.NoSuchProcess:
        return None
