"""The clock of the machine under test, which may be set; cameras and this process keep theirs."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

LIBRARY = Path("vendor/libfaketime/src/libfaketime.so.1")
NOTICED_WITHIN_S = 1
"""How often processes look at the file."""


class MachineClock:
    """What processes with `environ` read as the time of day; their monotonic clock is never touched.

    They load libfaketime, which adds what a file says to the answers of the kernel: to the stack and its
    database nothing tells such a step from one by NTP.
    """

    def __init__(self) -> None:
        # Everybody may read it: the database runs as another user.
        self._folder = Path(tempfile.mkdtemp(prefix="chaos-clock-"))
        self._folder.chmod(0o755)
        self._path = self._folder / "ahead"
        self.ahead_s = 0
        self.set_ahead(0)

    @property
    def environ(self) -> Mapping[str, str]:
        """Return what a process under test is started with."""
        package = find_spec("libfaketime")
        assert package is not None
        assert package.origin is not None
        return {
            "LD_PRELOAD": str(Path(package.origin).parent / LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_CACHE_DURATION": str(NOTICED_WITHIN_S),
            "FAKETIME_DISABLE_SHM": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set_ahead(self, seconds: int) -> None:
        """Set it: so many seconds ahead of the real time, or behind if negative."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.chmod(0o644)
        fresh.rename(self._path)
        self.ahead_s = seconds

    @contextmanager
    def for_children(self) -> Iterator[None]:
        """Let processes that are started meanwhile have this clock."""
        before = dict(os.environ)  # noqa: TID251 - what children inherit
        os.environ.update(self.environ)  # noqa: TID251
        try:
            yield
        finally:
            os.environ.clear()  # noqa: TID251
            os.environ.update(before)  # noqa: TID251

    def close(self) -> None:
        """Remove the file; no process under test may run any more."""
        shutil.rmtree(self._folder)
