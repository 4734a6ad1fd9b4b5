"""Docker's part: containers that end by themselves are started again, those that are told to end are not."""

import threading
import time
from collections.abc import Callable

import psutil

from tests.fakes.containers import Contained

FIRST_PAUSE_S, LONGEST_PAUSE_S, WELL_AFTER_S = 0.1, 60.0, 10.0
"""As Docker has it: each pause is twice the one before, until a container runs for ten seconds."""


class Kept:
    """A service with `restart: unless-stopped`."""

    def __init__(self, begin: Callable[[], Contained], say: Callable[[bool], None]) -> None:
        """Make it, not started.

        Args:
            begin: starts a container.
            say: hears whether there is one now, before it begins and after its end.
        """
        self._begin, self._say = begin, say
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._container: Contained | None = None

    @property
    def container(self) -> Contained:
        """The one that runs, or the last one."""
        assert self._container is not None, "never started"
        return self._container

    @property
    def main(self) -> psutil.Process:
        """The process of its command.

        Raises:
            psutil.NoSuchProcess: it does not run now.
        """
        return self.container.main

    def is_running(self) -> bool:
        """Whether it runs now."""
        return self._container is not None and self._container.process.poll() is None

    def start(self) -> None:
        """Start it, and again from now on."""
        self._stopping.clear()
        self._create()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def stop(self, grace_s: float) -> int:
        """Tell it to end, and wait; the exit code."""
        self._give_up()
        code = self.container.stop(grace_s)
        self._join()
        return code

    def kill(self) -> None:
        """Kill it, not to be started again."""
        self._give_up()
        self.container.kill()
        self._join()

    def _give_up(self) -> None:
        with self._lock:
            self._stopping.set()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _create(self) -> None:
        self._say(True)
        self._container = self._begin()

    def _keep(self) -> None:
        pause_s = 0.0
        while True:
            began_s = time.monotonic()
            self.container.process.wait()
            self._say(False)
            pause_s = next_pause_s(pause_s, time.monotonic() - began_s)
            self._stopping.wait(pause_s)
            with self._lock:
                if self._stopping.is_set():
                    return
                self._create()


def next_pause_s(pause_s: float, ran_s: float) -> float:
    """Return how long Docker waits with the next start after a run, the pause before it given."""
    if ran_s >= WELL_AFTER_S or not pause_s:
        return FIRST_PAUSE_S
    return min(2 * pause_s, LONGEST_PAUSE_S)
