"""A machine that loses power and starts again: nothing ends in order, everything on disk stays."""

import shutil
import subprocess
import uuid
from collections.abc import Sequence

import psutil

from hypersight_core.store.process_identity import BOOT_ID
from tests.chaos.world import World


def power_off(world: World) -> None:
    """Kill everything of the machine at once; sockets, lock files and the database's pid file stay."""
    database = psutil.Process(world.postmaster_pid())
    for process in (database, *database.children(recursive=True), *world.family()):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    world.stack.wait()


def power_on(world: World) -> None:
    """Start the database and the stack again, under another boot id where that can be had."""
    world.start_database()
    world.start_stack(_another_boot(world))


def _another_boot(world: World) -> Sequence[str]:
    """Return what a command is put behind, so that the kernel tells it and its children another boot id."""
    unshare = shutil.which("unshare")
    boot_id = world.folder / "boot_id"
    boot_id.write_text(f"{uuid.uuid4()}\n")
    mount = f'mount --bind "{boot_id}" {BOOT_ID} && exec "$@"'
    prefix = [unshare or "unshare", "--mount", "sh", "-c", mount, "sh"]
    is_allowed = unshare is not None and subprocess.run([*prefix, "true"], check=False).returncode == 0
    return prefix if is_allowed else ()
