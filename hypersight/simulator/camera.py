"""A simulated camera: the film, its schedule and its server."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from hypersight.simulator.clip import EncodedClip
from hypersight.simulator.schedule import Schedule
from hypersight.simulator.server import Fault, Server, Stage

CLOCK_JUMP = timedelta(hours=1)
HEAD_START = 3
"""Segments in the playlist at the start, so that players need not wait."""


class CameraSimulator:
    """Loops a file as a live HLS stream; a context manager that starts and stops it.

    Args:
        port: 0 takes a free one.
        fps: true frame rate of the film; None believes its header.
        window: segments in the playlist.
        cache_dir: where the encoded film is kept for the next time; None: nowhere.
        epoch: program date time of the film's first frame; None: now, less the head start.
        began_at: the moment the film began, which is its epoch too: a camera that is started again with
            the same moment goes on as if it had run all the time.
    """

    def __init__(  # noqa: PLR0913 - independent options, each with a usual value
        self,
        clip: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        fps: float | None = None,
        segment_s: float = 2.0,
        window: int = 5,
        cache_dir: Path | None = None,
        epoch: datetime | None = None,
        began_at: datetime | None = None,
    ) -> None:
        self._clip = EncodedClip(clip, fps=fps, segment_s=segment_s, cache_dir=cache_dir)
        self._address, self._window = (host, port), window
        self._epoch, self._began_at = epoch or began_at, began_at
        self._stage = Stage(self._playlist, self._segment, self._prepare)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._began_s = 0.0
        self._stuck_since_s: float | None = None
        self._renumbered_by = 0
        self._fault = Fault.NORMAL

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the playlist is, once started."""
        if self._server is None:
            raise RuntimeError("the simulator is not started")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/live.m3u8"

    @property
    def epoch(self) -> datetime:
        """Program date time of the film's first frame, once started."""
        if self._epoch is None:
            raise RuntimeError("the simulator is not started")
        return self._epoch

    @property
    def fps(self) -> float:
        """Frames per second shown."""
        return self._clip.fps

    @property
    def film_s(self) -> float:
        """Length of one round; waits until the whole film is encoded."""
        self._clip.wait_complete()
        return sum(self._clip.durations_s)

    def start(self) -> str:
        """Begin to show the film; return the playlist's URL.

        Raises:
            SourceUnavailable: the file is missing or no video.
            OSError: the port is taken.
        """
        try:
            head_start = min(HEAD_START, self._window)
            self._clip.start(head_start)
            now = datetime.now(UTC)
            began_at = self._began_at or now - timedelta(seconds=sum(self._clip.durations_s[:head_start]))
            self._began_s = time.monotonic() - (now - began_at).total_seconds()
            self._epoch = self._epoch or began_at
            self._server = Server(self._address, self._stage)
        except BaseException:
            self._clip.stop()
            raise
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="simulator", daemon=True
        )
        self._thread.start()
        return self.url

    def stop(self) -> None:
        """End the server and every connection; safe to call twice."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            self._stage.order(Fault.NORMAL)
            server.hang_up()
            server.server_close()
            self._thread.join()
        self._clip.stop()

    def fault(self, mode: Fault | str) -> None:
        """Misbehave like this from now on; `normal` ends it."""
        self._stage.order(Fault(mode))

    def _prepare(self, fault: Fault) -> None:
        self._fault = fault
        self._stuck_since_s = self._elapsed_s() if fault is Fault.STUCK else None
        self._renumbered_by = self._first() if fault is Fault.RESET else 0

    def _playlist(self) -> str:
        schedule = self._schedule()
        stop = schedule.done(self._elapsed_s())
        return schedule.playlist(
            max(0, self._renumbered_by, stop - self._window),
            stop,
            renumbered_by=self._renumbered_by,
            is_discontinuous=self._fault is Fault.DISCONTINUITY,
        )

    def _segment(self, number: int) -> bytes | None:
        schedule = self._schedule()
        number += self._renumbered_by
        done = schedule.done(self._elapsed_s())
        if not done - 2 * self._window <= number < done:
            return None
        return self._clip.data(schedule.film_index(number))

    def _first(self) -> int:
        return max(0, self._schedule().done(self._elapsed_s()) - self._window)

    def _elapsed_s(self) -> float:
        if self._stuck_since_s is not None:
            return self._stuck_since_s
        return time.monotonic() - self._began_s

    def _schedule(self) -> Schedule:
        is_complete = self._clip.is_complete
        epoch = self.epoch + (CLOCK_JUMP if self._fault is Fault.JUMP else timedelta())
        return Schedule(tuple(self._clip.durations_s), is_complete=is_complete, epoch=epoch)
