"""What is made to go wrong, one entry each: how it begins, how it ends, and what may be missed meanwhile."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.chaos.world import World

Act = Callable[[World], None]

HOUR_S = 3600


def nothing(_: World) -> None:
    """Leave it to the system to recover."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong for a while."""

    name: str
    begin: Act
    end: Act = nothing
    hold_s: float = 0.0
    is_stream_gone: bool = False
    """Whether segments are really missed; everything else may miss nothing."""
    well_within_s: float = 15.0
    """After the fault's end; more is a failure."""
    says: str = ""
    """What the watcher's status has to hold then."""


def _kill_part(name: str, world: World) -> None:
    world.stack.kill(name)


def _pause(name: str, world: World) -> None:
    world.stack.pause(name)


def _go_on(name: str, world: World) -> None:
    world.stack.go_on(name)


def _kill_watcher(world: World) -> None:
    world.watcher().kill()


def _detector(order: str, world: World) -> None:
    world.detector.order(order)


def _camera(order: str, world: World) -> None:
    world.camera_fault(order)


def _stop_watcher(world: World) -> None:
    world.watcher().suspend()


def _kill_database(world: World) -> None:
    world.stack.kill_database()


def _start_database(world: World) -> None:
    world.stack.start_database()


def _end_in_order(world: World) -> None:
    world.stack.end()


def _start_again(world: World) -> None:
    world.stack.start_database()
    world.stack.start()


def _switch(is_on: bool, world: World) -> None:
    world.api("PATCH", f"/api/v1/cameras/{world.watched.camera_id}", enabled=is_on)


def _edit(threshold: float, world: World) -> None:
    world.api("PATCH", f"/api/v1/processors/{world.processors[0].processor_id}", threshold=threshold)


def _add_and_delete_camera(world: World) -> None:
    """Delete a camera while its watcher writes; what it leaves is looked at in the end."""
    url = world.watched.stream_url
    made = world.api("POST", "/api/v1/cameras", name="short-lived", stream_url=url, watch_fps=2)
    path = f"/api/v1/cameras/{made['camera_id']}"
    world.api("POST", f"{path}/processors", kind="objects")
    ends_s = time.monotonic() + 30
    while not world.api("GET", f"{path}/status")["watching"] and time.monotonic() < ends_s:
        time.sleep(0.2)
    world.api("DELETE", f"{path}?purge=true")


def _fill_spool(world: World) -> None:
    """Take the database away and leave the spool no room."""
    _kill_database(world)
    free_bytes = shutil.disk_usage(world.spool_dir).free
    (world.spool_dir / "filler").write_bytes(b"\0" * free_bytes)


def _empty_spool(world: World) -> None:
    (world.spool_dir / "filler").unlink()
    _start_database(world)


def _set_clock(ahead_s: int, world: World) -> None:
    world.clock.set_ahead(ahead_s)


def _clocks() -> Iterator[Fault]:
    """Yield steps of the clock, one by NTP each; the last leaves it as it was."""
    yield Fault("clock set 1 h ahead", partial(_set_clock, HOUR_S), nothing, 6.0, says="ahead by 3600 s")
    yield Fault("clock set 1 h back", partial(_set_clock, 0), nothing, 6.0, says="back by 3600 s")
    yield Fault("clock 1 h back + kill watcher", partial(_set_clock, -HOUR_S), _kill_watcher, 6.0)
    yield Fault("clock set right again", partial(_set_clock, 0), nothing, 6.0, says="ahead by 3600 s")


def single(world: World) -> Iterator[Fault]:
    """Yield each fault alone."""
    yield Fault("kill watcher", _kill_watcher)
    for part, well_within_s in world.stack.parts.items():
        yield Fault(f"kill {part}", partial(_kill_part, part), well_within_s=well_within_s)
    for part, paused_s in world.stack.pauses.items():
        yield Fault(f"pause {part}", partial(_pause, part), partial(_go_on, part), paused_s)
    yield Fault("kill database", _kill_database, _start_database, 4.0)
    yield Fault("kill detector", lambda w: w.detector.kill(), lambda w: w.detector.restart(), 4.0)
    for order in ("slow 0.3", "error", "garbage", "hang", "drop"):
        yield Fault(f"detector: {order}", partial(_detector, order), partial(_detector, ""), 4.0)
    yield Fault("kill camera", lambda w: w.camera.kill(), lambda w: w.camera.restart(), 4.0)
    for order in (
        "gone", "error", "hang", "stuck", "missing_segments", "empty", "truncated", "reset", "hang_segments",
    ):  # fmt: skip
        yield Fault(f"camera: {order}", partial(_camera, order), partial(_camera, "normal"), 5.0)
    yield Fault("watcher stopped", _stop_watcher, nothing, 9.0)
    yield Fault("window outrun", partial(_detector, "error"), partial(_detector, ""), 22.0, True)
    yield Fault("another resolution", lambda w: w.show_film(1), lambda w: w.show_film(0), 4.0)
    yield Fault(
        "two supervisors",
        lambda w: w.stack.start_second_daemon(),
        lambda w: w.stack.end_second_daemon(),
        12.0,
    )
    yield Fault("camera edited", partial(_edit, 0.5), partial(_edit, 0.4), 3.0)
    yield Fault("camera switched off", partial(_switch, False), partial(_switch, True), 4.0, True)
    yield Fault("a camera deleted", _add_and_delete_camera)
    if world.has_small_spool:
        yield Fault("disk full", _fill_spool, _empty_spool, 6.0, is_stream_gone=True)
    yield from _clocks()
    yield Fault("ended in order and started again", _end_in_order, _start_again, 1.0, True)
    yield Fault(
        "machine reboots",
        lambda w: w.stack.power_off(),
        lambda w: w.stack.power_on(),
        2.0,
        is_stream_gone=True,
        well_within_s=world.stack.started_within_s,
    )
    yield Fault("database away 3 min", _kill_database, _start_database, 180.0)


def pairs(world: World, count: int, order: Random) -> Iterator[Fault]:
    """Yield `count` random pairs of faults that end by themselves or together."""
    kills = [one for one in single(world) if one.name.startswith("kill")]
    for _ in range(count):
        first, second = order.sample(kills, 2)
        yield Fault(
            f"{first.name} + {second.name.removeprefix('kill ')}",
            partial(_both, first.begin, second.begin),
            partial(_both, first.end, second.end),
            max(first.hold_s, second.hold_s),
            first.is_stream_gone or second.is_stream_gone,
            max(first.well_within_s, second.well_within_s),
        )


def _both(first: Act, second: Act, world: World) -> None:
    first(world)
    second(world)
