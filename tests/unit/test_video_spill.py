"""Large segments go to disk, within a limit, and leave nothing behind."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.spill import SegmentFolder


def test_few_bytes_stay_in_memory(tmp_path) -> None:
    folder = SegmentFolder(tmp_path / "segments", small_bytes=100)
    data = folder.new()
    data.add(b"x" * 60)
    data.add(b"y" * 40)

    assert (data.read(59, 2), data.is_large, folder.used_bytes) == (b"xy", False, 0)
    assert open_files(tmp_path) == []


def test_many_bytes_are_on_disk_until_their_last_user_is_gone(tmp_path) -> None:
    folder = SegmentFolder(tmp_path / "segments", small_bytes=100)
    data = folder.new()
    places = [data.add(bytes([number]) * 60) for number in range(3)]

    assert [data.read(at, 1) for at in places] == [b"\0", b"\1", b"\2"]
    assert (data.is_large, folder.used_bytes, len(open_files(tmp_path))) == (True, 180, 1)
    del data
    gc.collect()
    assert (folder.used_bytes, open_files(tmp_path)) == (0, [])


def test_all_large_segments_together_have_a_limit(tmp_path) -> None:
    folder = SegmentFolder(tmp_path, most_bytes=1 << 20, small_bytes=100)
    first, second = folder.new(), folder.new()
    first.add(b"x" * (1 << 19))
    second.add(b"y" * (1 << 19))
    with pytest.raises(SourceUnavailable, match="more than 1 MB of disk: give HYPERSIGHT_SEGMENTS_MAX_MB"):
        second.add(b"y")
    first.file.close()
    second.add(b"y")


@pytest.mark.parametrize("room_bytes", [0, 150], ids=["no room", "room for a beginning"])
def test_a_full_disk_leaves_modest_segments_in_memory_and_refuses_others(tmp_path, room_bytes) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from hypersight_core.video.spill import SegmentFolder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        # a limit of files' size stands in for a full disk
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room_bytes}, {room_bytes}))\n"
        "folder = SegmentFolder(Path(sys.argv[1]), small_bytes=100, modest_bytes=300)\n"
        "data = folder.new()\n"
        "places = [data.add(bytes([number]) * 60) for number in range(5)]\n"
        "print(data.is_large, [data.read(at, 60) == bytes([n]) * 60 for n, at in enumerate(places)])\n"
        "data.add(b'x')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert ended.stdout == "False [True, True, True, True, True]\n"
    assert "SourceUnavailable: a large segment can't be kept on disk: File too large" in ended.stderr


def test_a_killed_process_leaves_nothing_behind(tmp_path) -> None:
    program = (
        "import sys; from pathlib import Path; from hypersight_core.video.spill import SegmentFolder;"
        "data = SegmentFolder(Path(sys.argv[1]), small_bytes=1).new(); data.add(bytes(1 << 20));"
        "print(data.size, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1048576\n"
        assert len(open_files(tmp_path, process.pid)) == 1
        process.send_signal(signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def open_files(folder: Path, pid: int | None = None) -> list[str]:
    """Return what a process has open below `folder`, nameless files included."""
    found = []
    for one in Path(f"/proc/{pid or os.getpid()}/fd").iterdir():
        try:
            found.append(os.readlink(one))  # noqa: PTH115 - such a link may name no path
        except FileNotFoundError:
            continue
    return [name for name in found if name.startswith(str(folder))]
