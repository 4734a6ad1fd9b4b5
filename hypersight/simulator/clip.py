"""The film a simulated camera shows: encoded once into segments, kept on disk."""

import contextlib
import hashlib
import json
import logging
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from hypersight_core.errors import HypersightError
from hypersight_core.video.segments import clip_fps, encode_segments

logger = logging.getLogger(__name__)

FORMAT = 1
"""Goes up when the same film would be encoded differently."""
INDEX = "segments.json"


class EncodedClip:
    """Segments of one file at one frame rate.

    Encoding goes on in the background, faster than anybody watches; a finished clip in
    `cache_dir` is used again.

    Raises:
        SourceUnavailable: the file is missing or no video.
    """

    def __init__(self, clip: Path, *, fps: float | None, segment_s: float, cache_dir: Path | None) -> None:
        self.fps = fps if fps is not None else clip_fps(clip)
        self._clip, self._segment_s = clip, segment_s
        self._kept = cache_dir / self._key() if cache_dir is not None else None
        self._folder = self._kept or Path()
        self._is_stopped = threading.Event()
        self._grown = threading.Condition()
        self._resources = contextlib.ExitStack()
        self.durations_s: list[float] = []
        self.is_complete = False
        self.problem: HypersightError | None = None

    def start(self, first: int) -> None:
        """Begin to encode; return when `first` segments (or all, if there are fewer) are there."""
        if self._kept is not None and (self._kept / INDEX).exists():
            self.durations_s = json.loads((self._kept / INDEX).read_text(encoding="utf-8"))
            self.is_complete = True
            return
        parent = self._kept.parent if self._kept is not None else None
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix="simulator-", dir=parent, ignore_cleanup_errors=True)
        self._folder = Path(self._resources.enter_context(temporary))
        thread = threading.Thread(target=self._encode, name="encoder", daemon=True)
        thread.start()
        self._resources.callback(thread.join)
        self._resources.callback(self._is_stopped.set)
        self._wait(lambda: self.is_complete or len(self.durations_s) >= first)
        if self.problem is not None:
            raise self.problem

    def stop(self) -> None:
        """End encoding and remove what is not worth keeping."""
        self._resources.close()

    def wait_complete(self) -> None:
        """Return when the whole film is encoded; from then on its length is known."""
        self._wait(lambda: self.is_complete)

    def data(self, index: int) -> bytes:
        """Return one segment's bytes."""
        return (self._folder / f"{index}.ts").read_bytes()

    def _wait(self, is_enough: Callable[[], bool]) -> None:
        with self._grown:
            self._grown.wait_for(is_enough)

    def _encode(self) -> None:
        try:
            for segment in encode_segments(
                self._clip, fps=self.fps, segment_s=self._segment_s, stop=self._is_stopped.is_set
            ):
                (self._folder / f"{len(self.durations_s)}.ts").write_bytes(segment.data)
                with self._grown:
                    self.durations_s.append(segment.duration_s)
                    self._grown.notify_all()
            if not self._is_stopped.is_set():
                self._keep()
        except HypersightError as error:
            self.problem = error
        except OSError as error:
            self.problem = HypersightError(f"segments can't be written: {error}")
        finally:
            with self._grown:
                self.is_complete = True
                self._grown.notify_all()

    def _keep(self) -> None:
        if self._kept is None:
            return
        (self._folder / INDEX).write_text(json.dumps(self.durations_s), encoding="utf-8")
        try:
            self._folder.rename(self._kept)
        except OSError as error:
            logger.info("another simulator keeps the same clip", extra={"reason": str(error)})
        else:
            self._folder = self._kept

    def _key(self) -> str:
        path = self._clip.resolve()
        stat = path.stat()
        parts = (FORMAT, str(path), stat.st_size, stat.st_mtime_ns, self.fps, self._segment_s)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
