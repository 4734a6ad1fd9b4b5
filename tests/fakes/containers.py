"""A stand-in for a container engine: services of a compose file as processes in namespaces of their own.

As in containers, fixed ports are free, services find each other by name, the checkout is read-only, and a
service has a host name, process numbers and an init of its own: when its command ends, all it started ends.
No image is built; `python` is that of a given virtual environment.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from hypersight_core.store.process_identity import BOOT_ID

UNSHARE = (
    ("unshare", "--net", "--mount")
    if os.geteuid() == 0
    else ("unshare", "--user", "--map-current-user", "--keep-caps", "--net", "--mount")
)
ENTER = () if os.geteuid() == 0 else ("-U", "--preserve-credentials")
UNSHARE_ONE = ("unshare", "--pid", "--uts", "--ipc", "--mount", "--fork", "--kill-child", "--mount-proc")
CAPABLE_OF_NOTHING = (
    ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--") if os.geteuid() == 0 else ()
)
"""As `cap_drop: [ALL]` and `no-new-privileges` have it."""
INIT = Path(__file__).with_name("init.py")
BEGINS_WITHIN_S = 10.0
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def problem() -> str | None:
    """Return why there can be no such room on this machine; None: there can."""
    if not (shutil.which("unshare") and shutil.which("nsenter") and shutil.which("ip")):
        return "needs unshare, nsenter and ip (Debian: util-linux, iproute2)"
    tried = subprocess.run(
        [*UNSHARE, *UNSHARE_ONE, "ip", "link", "set", "lo", "up"],
        check=False,
        capture_output=True,
        text=True,
    )
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode else None


class Hosts:
    """Which names lead somewhere: those of containers that run."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self._path = path
        path.write_text("127.0.0.1 localhost\n")
        self._places: dict[str, int] = {}
        for name in names:
            self._places[name] = path.stat().st_size
            with path.open("a") as file:
                file.write(f"127.0.0.1 {name}\n")

    def set(self, name: str, is_known: bool) -> None:
        """Make a name known or unknown; whoever reads meanwhile sees one or the other."""
        with self._path.open("r+b", buffering=0) as file:
            file.seek(self._places[name])
            file.write(b"127.0.0.1" if is_known else b"#        ")


class Room:
    """The network and the mounts that services share: those of this process, if none are given."""

    def __init__(self, entered: Sequence[str] = ()) -> None:
        self._entered = entered
        """What a command is put behind to run in here."""
        self._started: list[subprocess.Popen[bytes]] = []

    def command(self, command: Sequence[str], dropped: Sequence[str] = CAPABLE_OF_NOTHING) -> list[str]:
        """Return what runs a command in here, from the checkout."""
        return [*self._entered, *dropped, *command]

    def container(
        self, command: Sequence[str], host: str, dropped: Sequence[str], boot_id: Path | None
    ) -> list[str]:
        """Return what runs a command as a container does.

        Args:
            host: its host name.
            dropped: what takes rights from the command.
            boot_id: the file the kernel's boot id is read from instead.
        """
        prepared = [f"hostname {shlex.quote(host)}"]
        if boot_id is not None:
            prepared.append(f"mount --bind {shlex.quote(str(boot_id))} {BOOT_ID}")
        script = " && ".join((*prepared, 'exec "$@"'))
        init = (sys.executable, "-IS", str(INIT))
        return [*self._entered, *UNSHARE_ONE, "sh", "-c", script, "sh", *init, *dropped, *command]

    def start(
        self, command: Sequence[str], environ: Mapping[str, str], log: Path
    ) -> "subprocess.Popen[bytes]":
        """Start what `command` made, its output added to `log`; it ends with the room at the latest."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                command, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._started.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self._started):
            kill_group(process)


class SeparateRoom(Room):
    """A network and mounts apart from this process'."""

    def __init__(self, hosts: Path, read_only: Sequence[Path]) -> None:
        waiting = ["sh", "-c", "echo ready && exec sleep 3600"]
        self._holder = subprocess.Popen(
            in_new_room(waiting, hosts, read_only), stdout=subprocess.PIPE, text=True
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        entered = ["nsenter", "-t", str(self._holder.pid), "-n", "-m", *ENTER, f"--wd={Path.cwd()}", "--"]
        super().__init__(entered)

    def close(self) -> None:
        super().close()
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout:
            self._holder.stdout.close()


def in_new_room(command: Sequence[str], hosts: Path, read_only: Sequence[Path]) -> list[str]:
    """Return what runs a command in a room of its own, where names are looked up in `hosts`."""
    mounts = [f"mount --bind {path} {path} && mount -o remount,ro,bind {path}" for path in read_only]
    script = ("ip link set lo up", f"mount --bind {hosts} /etc/hosts", *mounts, 'exec "$@"')
    return [*UNSHARE, "sh", "-c", " && ".join(script), "sh", *command]


class Contained:
    """One run of a service of a compose file: its command, its environment, its health check."""

    def __init__(
        self,
        room: Room,
        service: Mapping[str, Any],
        environ: Mapping[str, str],
        log: Path,
        *,
        host: str,
        dropped: Sequence[str] = CAPABLE_OF_NOTHING,
        boot_id: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._room, self._service, self._environ = room, service, environ
        self.log, self._stop_signal = log, stop_signal
        command = [str(part) for part in service["command"]]
        self.process = room.start(room.container(command, host, dropped, boot_id), environ, log)

    @property
    def init(self) -> psutil.Process:
        """The first process in it.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        outer = psutil.Process(self.process.pid)
        until_s = time.monotonic() + BEGINS_WITHIN_S
        while not (inner := outer.children()) and time.monotonic() < until_s:
            time.sleep(0.01)
        if not inner:
            raise psutil.NoSuchProcess(self.process.pid)
        return inner[0]

    @property
    def main(self) -> psutil.Process:
        """The process of its command.

        Raises:
            psutil.NoSuchProcess: it has ended, or has not begun.
        """
        inner = self.init.children()
        if not inner:
            raise psutil.NoSuchProcess(self.process.pid)
        return min(inner, key=lambda one: one.create_time())

    def wait(self, within_s: float) -> int:
        """Wait for the end of a service that runs once."""
        return self.process.wait(timeout=within_s)

    def is_healthy(self) -> bool:
        """Ask the service's own health check once."""
        return not self._asked().returncode

    def wait_healthy(self, within_s: float) -> None:
        """Ask the service's own health check until it is satisfied."""
        until_s = time.monotonic() + within_s
        while (asked := self._asked()).returncode:
            assert self.process.poll() is None, self._said("ended")
            assert time.monotonic() < until_s, self._said(f"not healthy: {asked.stdout}{asked.stderr}")
            time.sleep(0.3)

    def stop(self, grace_s: float) -> int:
        """Ask it to end, as an engine does, then send SIGKILL; return the exit code."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.init.send_signal(self._stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=grace_s)
        return self.kill()

    def kill(self) -> int:
        """End it at once with all it started; return the exit code."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.init.kill()
        return self.process.wait()

    def _asked(self) -> "subprocess.CompletedProcess[str]":
        kind, *command = self._service["healthcheck"]["test"]
        assert kind == "CMD"
        return subprocess.run(
            self._room.command(command),
            check=False,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def _said(self, what: str) -> str:
        return f"{self._service['command']} {what}:\n{self.log.read_text(errors='replace')[-4000:]}"


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all it started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """Replace `${NAME:-default}` as Compose does."""
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: variables.get(found["name"]) or found["default"] or "", value)
    if isinstance(value, Mapping):
        return {key: interpolated(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [interpolated(one, variables) for one in value]
    return value
