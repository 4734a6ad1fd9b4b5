"""A stand-in for a container engine: services of a compose file as processes in namespaces of their own.

As in containers, fixed ports are free, services find each other by name and the checkout is read-only.
No image is built; `python` is that of a given virtual environment.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

UNSHARE = (
    ("unshare", "--net", "--mount")
    if os.geteuid() == 0
    else ("unshare", "--user", "--map-current-user", "--keep-caps", "--net", "--mount")
)
ENTER = () if os.geteuid() == 0 else ("-U", "--preserve-credentials")
CAPABLE_OF_NOTHING = (
    ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--") if os.geteuid() == 0 else ()
)
"""As `cap_drop: [ALL]` and `no-new-privileges` have it."""
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def problem() -> str | None:
    """Return why there can be no such room on this machine; None: there can."""
    if not (shutil.which("unshare") and shutil.which("nsenter") and shutil.which("ip")):
        return "needs unshare, nsenter and ip (Debian: util-linux, iproute2)"
    tried = subprocess.run(
        [*UNSHARE, "ip", "link", "set", "lo", "up"], check=False, capture_output=True, text=True
    )
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode else None


class Room:
    """The network and the mounts that services share."""

    def __init__(self, folder: Path, names: Sequence[str], read_only: Sequence[Path]) -> None:
        hosts = folder / "hosts"
        hosts.write_text("127.0.0.1 localhost " + " ".join(names) + "\n")
        mounts = [f"mount --bind {path} {path} && mount -o remount,ro,bind {path}" for path in read_only]
        script = " && ".join(
            (
                "ip link set lo up",
                f"mount --bind {hosts} /etc/hosts",
                *mounts,
                "echo ready",
                "exec sleep 3600",
            )
        )
        self._holder = subprocess.Popen([*UNSHARE, "sh", "-c", script], stdout=subprocess.PIPE, text=True)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        self._started: list[subprocess.Popen[bytes]] = []

    def command(self, command: Sequence[str], dropped: Sequence[str] = CAPABLE_OF_NOTHING) -> list[str]:
        """Return what runs a command in here, from the checkout."""
        entered = ["nsenter", "-t", str(self._holder.pid), "-n", "-m", *ENTER, f"--wd={Path.cwd()}", "--"]
        return [*entered, *dropped, *command]

    def start(
        self, command: Sequence[str], environ: Mapping[str, str], log: Path
    ) -> "subprocess.Popen[bytes]":
        """Start what `command` made, its output in `log`; it ends with the room at the latest."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._started.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self._started):
            kill_group(process)
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout:
            self._holder.stdout.close()


class Contained:
    """One service of a compose file: its command, its environment, its health check."""

    def __init__(self, room: Room, service: Mapping[str, Any], environ: Mapping[str, str], log: Path) -> None:
        self._room, self._service, self._environ = room, service, environ
        self.log = log
        command = [str(part) for part in service["command"]]
        self.process = room.start(room.command(command), environ, log)

    def wait(self, within_s: float) -> int:
        """Wait for the end of a service that runs once."""
        return self.process.wait(timeout=within_s)

    def wait_healthy(self, within_s: float) -> None:
        """Ask the service's own health check until it is satisfied."""
        kind, *command = self._service["healthcheck"]["test"]
        assert kind == "CMD"
        until_s = time.monotonic() + within_s
        while (asked := self._asked(command)).returncode:
            assert self.process.poll() is None, self._said("ended")
            assert time.monotonic() < until_s, self._said(f"not healthy: {asked.stdout}{asked.stderr}")
            time.sleep(0.3)

    def stop(self, grace_s: float) -> int:
        """Send SIGTERM, as an engine does, then SIGKILL; return the exit code."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=grace_s)
        kill_group(self.process)
        return self.process.wait()

    def _asked(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
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
