"""Dump, drop, restore: every number is as before."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from hypersight_core.store import cameras, metrics, processors, rollups, schema, watching
from hypersight_core.store.engine import Store
from tests.builders import camera_settings, processor_settings
from tests.databases import POSTGRESQL
from tests.histories import TRAFFIC, a_history, an_interval

pytestmark = pytest.mark.integration

HISTORY = a_history(20261126)
INTERVALS = 200


@contextmanager
def opened(url: str) -> Iterator[Store]:
    with closing(Store(url, application_name="hypersight tests")) as store:
        yield store


def fill(url: str) -> None:
    schema.upgrade(url)
    with opened(url) as store, store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(name="Entrance"))
        processors.create_processor(tx, 1, processor_settings(kind="traffic"))
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
        watching.add_events(tx, HISTORY.events)
        watching.add_observations(tx, HISTORY.observations)
    with opened(url) as store:
        rollups.refresh(store)


@pytest.fixture(scope="module")
def dumped(databases, tmp_path_factory) -> Path:
    """Return a backup of a database that is gone."""
    file: Path = tmp_path_factory.mktemp("backup") / "night.dump"
    with databases.empty(POSTGRESQL) as url:
        fill(url)
        done = hypersight(url, "backup", file)
        assert done.returncode == 0, done.stderr
        assert "night.dump" in done.stdout
    return file


def hypersight(url: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "HYPERSIGHT_DATABASE_URL": url}  # noqa: TID251 - as a user's shell has it
    command = [sys.executable, "-m", "hypersight", *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=300)


def test_every_number_is_back_after_dump_drop_and_restore(databases, dumped):
    with databases.empty(POSTGRESQL) as url:
        done = hypersight(url, "restore", dumped)
        assert done.returncode == 0, done.stderr
        chance = random.Random(5)
        with opened(url) as store, store.transaction() as tx:
            assert [camera.name for camera in cameras.list_cameras(tx)] == ["Entrance"]
            for _ in range(INTERVALS):
                start, stop = an_interval(chance)
                found = metrics.traffic_total(tx, TRAFFIC, start, stop)
                told = (found.value, found.out_value, found.first_at, found.last_at)
                assert told == HISTORY.total(start, stop), (start, stop)
            added = cameras.create_camera(tx, camera_settings())
            assert added.camera_id == 2  # sequences go on where they were


def test_a_backup_never_replaces_a_file(databases, tmp_path):
    file = tmp_path / "precious.dump"
    file.write_text("last week")
    with databases.empty(POSTGRESQL) as url:
        done = hypersight(url, "backup", file)
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert file.read_text() == "last week"


def test_a_restore_never_replaces_cameras(databases, dumped):
    with databases.empty(POSTGRESQL) as url:
        schema.upgrade(url)
        done = hypersight(url, "restore", dumped)
        assert done.returncode == 1
        assert "holds cameras already" in done.stderr


def test_a_restore_waits_for_nobody_to_use_the_database(databases, dumped):
    with databases.empty(POSTGRESQL) as url, opened(url) as store, closing(store.hold()):
        done = hypersight(url, "restore", dumped)
    assert done.returncode == 1
    assert "in use by hypersight tests" in done.stderr


@pytest.mark.parametrize(
    "content", [b"", b"PGDMP but no dump", b"\x00" * 5000], ids=["empty", "torn", "zeros"]
)
def test_what_is_no_dump_leaves_the_database_empty(databases, tmp_path, content):
    file = tmp_path / "torn.dump"
    file.write_bytes(content)
    with databases.empty(POSTGRESQL) as url:
        done = hypersight(url, "restore", file)
        assert done.returncode == 1
        assert "pg_restore failed" in done.stderr
        with opened(url) as store, store.transaction() as tx:
            assert (
                tx.execute(sa.text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar()
                == 0
            )


def test_a_dump_cut_short_leaves_the_database_empty(databases, dumped, tmp_path):
    torn = tmp_path / "torn.dump"
    whole = dumped.read_bytes()
    torn.write_bytes(whole[: len(whole) * 3 // 4])
    with databases.empty(POSTGRESQL) as url:
        assert hypersight(url, "restore", torn).returncode == 1
        with opened(url) as store, store.transaction() as tx:
            assert (
                tx.execute(sa.text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar()
                == 0
            )


def test_a_password_is_in_no_argument_and_no_message(databases, tmp_path):
    with databases.empty(POSTGRESQL) as url:
        wrong = sa.make_url(url).set(password="hush-hush").render_as_string(hide_password=False)
        done = hypersight(wrong, "backup", tmp_path / "x.dump")
    assert done.returncode == 1
    assert "hush-hush" not in done.stdout + done.stderr
