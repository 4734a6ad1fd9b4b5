"""The spool: nothing acknowledged by the disk is lost, whatever the moment of the kill."""

import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_core.domain.events import EventKind, Observation, Reason, SegmentRecord
from hypersight_core.store.spool import FILE_BYTES, Spool
from tests.builders import an_event, noon

ROOMY = 64 * 1024**2


def a_record(seq: int, padding: int = 0) -> SegmentRecord:
    return SegmentRecord(
        camera_id=7,
        seq=seq,
        position_at=noon(seq),
        events=(an_event(ts=noon(seq)), an_event(ts=noon(seq), kind=EventKind.EXIT, dwell_s=2.5)),
        observations=(
            Observation(
                camera_id=7, from_at=noon(seq), to_at=noon(seq + 1), frames_wanted=4, frames_detected=1,
                reason=Reason.DETECTOR_ERROR,
            ),
        ),
        state={"4": {"tracks": [1, 2.5, None, "ü"], "padding": "x" * padding}},
    )  # fmt: skip


@contextmanager
def a_spool(folder: Path, max_bytes: int = ROOMY) -> Iterator[Spool]:
    spool = Spool(folder, 7, max_bytes=max_bytes)
    yield spool
    spool.close()


def seqs(spool: Spool) -> list[int]:
    return [record.seq for record in spool.pending()]


def test_records_come_back_equal_and_oldest_first(tmp_path: Path):
    records = [a_record(seq) for seq in range(1, 6)]
    with a_spool(tmp_path) as spool:
        assert all(spool.append(record) for record in records)
        assert list(spool.pending()) == records
    with a_spool(tmp_path) as successor:
        assert list(successor.pending()) == records


def test_what_is_acknowledged_is_forgotten_and_takes_no_room(tmp_path: Path):
    with a_spool(tmp_path) as spool:
        for seq in range(1, 6):
            spool.append(a_record(seq))
        spool.acknowledge(3)
        assert seqs(spool) == [4, 5]
        spool.acknowledge(5)
        assert spool.depth_bytes == 0
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0
        spool.append(a_record(6))
        assert seqs(spool) == [6]


def test_acknowledging_while_going_through_skips_nothing(tmp_path: Path):
    with a_spool(tmp_path) as spool:
        for seq in range(1, 40):
            spool.append(a_record(seq, padding=FILE_BYTES // 8))
        written = []
        for record in spool.pending():
            written.append(record.seq)
            spool.acknowledge(record.seq)
        assert written == list(range(1, 40))
        assert spool.depth_bytes == 0
    assert list(tmp_path.iterdir()) == []


def test_beyond_its_limit_it_refuses_the_new_and_keeps_the_old(tmp_path: Path):
    with a_spool(tmp_path, max_bytes=5000) as spool:
        taken = [seq for seq in range(1, 30) if spool.append(a_record(seq))]
        assert 1 < len(taken) < 29
        assert seqs(spool) == taken == list(range(1, len(taken) + 1))
        assert spool.refused_count == 29 - len(taken)
        assert spool.depth_bytes <= 5000 + 200
        spool.acknowledge(taken[-1])
        assert spool.append(a_record(30))


def test_a_full_disk_loses_the_new_record_only(tmp_path: Path):
    with a_spool(tmp_path) as spool:
        spool.append(a_record(1))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (spool.depth_bytes + 100, limits[1]))
        try:
            assert not spool.append(a_record(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)
        assert spool.append(a_record(3))
        assert seqs(spool) == [1, 3]


@settings(max_examples=150)
@given(st.integers(1, 5), st.data())
def test_a_file_cut_at_any_byte_loses_the_torn_record_only(count: int, data: st.DataObject):
    with _spool_folder(count) as (folder, file, ends):
        cut = data.draw(st.integers(0, ends[-1]))
        with file.open("rb+") as opened:
            opened.truncate(cut)
        whole = [seq for seq, end in enumerate(ends, start=1) if end <= cut]
        with a_spool(folder) as successor:
            assert seqs(successor) == whole
            successor.append(a_record(99))
            assert seqs(successor) == [*whole, 99]
        with a_spool(folder) as third:
            assert seqs(third) == [*whole, 99]


@settings(max_examples=150)
@given(st.integers(1, 5), st.integers(0, 255), st.data())
def test_a_damaged_byte_costs_its_record_and_never_yields_a_wrong_one(
    count: int, byte: int, data: st.DataObject
):
    with _spool_folder(count) as (folder, file, ends):
        at = data.draw(st.integers(0, ends[-1] - 1))
        content = bytearray(file.read_bytes())
        content[at] = byte
        file.write_bytes(content)
        hit = next(seq for seq, end in enumerate(ends, start=1) if at < end)
        with a_spool(folder) as successor:
            found = list(successor.pending())
    assert all(record == a_record(record.seq) for record in found)
    # A damaged line end takes the record after it along.
    assert {record.seq for record in found} >= set(range(1, count + 1)) - {hit, hit + 1}


def test_a_writer_killed_in_mid_write_loses_nothing_it_was_told_is_safe(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path\n"
        "from hypersight_core.store.spool import Spool\n"
        "from tests.unit.test_spool import a_record\n"
        f"spool = Spool(Path({str(tmp_path)!r}), 7, max_bytes=10**9)\n"
        "for seq in range(1, 10**6):\n"
        "    spool.append(a_record(seq)); print(seq, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(200)]
        writer.kill()
        told += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    with a_spool(tmp_path) as successor:
        found = seqs(successor)
    assert found[: len(told)] == told
    assert len(found) - len(told) in {0, 1}


def test_files_of_a_living_process_are_left_to_it(tmp_path: Path):
    with a_spool(tmp_path) as living:
        living.append(a_record(1))
        with a_spool(tmp_path) as other:
            assert seqs(other) == []
            other.append(a_record(2))
        assert seqs(living) == [1]


def test_cameras_do_not_see_each_others_records(tmp_path: Path):
    with a_spool(tmp_path) as spool:
        spool.append(a_record(1))
    other = Spool(tmp_path, 77, max_bytes=ROOMY)
    assert seqs(other) == []
    other.close()


def test_a_spool_that_cannot_be_written_says_so(tmp_path: Path):
    (tmp_path / "spool").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="exists"):
        Spool(tmp_path / "spool", 7, max_bytes=ROOMY).append(a_record(1))


@contextmanager
def _spool_folder(count: int) -> Iterator[tuple[Path, Path, list[int]]]:
    """Yield a folder with `count` records left in it, its only file, and where each record ends."""
    folder, ends = Path(tempfile.mkdtemp()), []
    with a_spool(folder) as spool:
        for seq in range(1, count + 1):
            spool.append(a_record(seq))
            ends.append(spool.depth_bytes)
    (file,) = folder.iterdir()
    yield folder, file, ends
    shutil.rmtree(folder)
