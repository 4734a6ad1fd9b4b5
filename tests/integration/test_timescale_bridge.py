"""The bridge to TimescaleDB in WebAssembly: what clients may expect of it, and what it refuses."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import Connection, errors
from psycopg.rows import TupleRow

from tests.timescale.server import Bridge

STOP_WAIT_S = 5
DYING_PARENT = """
import os, signal
from tests.timescale.server import Bridge
bridge = Bridge()
print(bridge.url, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    running = Bridge()
    yield running
    running.stop()


def connect(url: str, password: str | None = None) -> Connection[TupleRow]:
    dsn = sa.make_url(url).set(drivername="postgresql", password=password)
    return psycopg.connect(dsn.render_as_string(hide_password=False), autocommit=True)


@pytest.fixture
def client(bridge: Bridge) -> Iterator[Connection[TupleRow]]:
    with connect(bridge.url) as connected:
        connected.execute("CREATE TABLE number (n int, note text)")
        yield connected
        connected.execute("DROP TABLE number")


def value(client: Connection[TupleRow], query: str, *values: object) -> object:
    row = client.execute(query, values).fetchone()
    return row and row[0]


def test_it_is_timescale_with_everything_in_it(client):
    assert value(client, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'") == "2.23.0-dev"
    client.execute("SELECT create_hypertable('number', by_range('n', 10), create_default_indexes => false)")
    client.execute("ALTER TABLE number SET (timescaledb.compress)")
    client.execute("INSERT INTO number SELECT n FROM generate_series(1, 25) AS n")
    assert client.execute("SELECT compress_chunk(c) FROM show_chunks('number') AS c").rowcount == 3
    client.execute("INSERT INTO number VALUES (7)")
    assert value(client, "SELECT count(*) FROM number") == 26


def test_many_small_messages_and_large_ones_come_through(client):
    client.cursor().executemany("INSERT INTO number VALUES (%s, %s)", [(n, "x" * 50) for n in range(2000)])
    assert value(client, "SELECT sum(n) FROM number") == 1999 * 2000 / 2
    assert value(client, "SELECT length(%s::text)", "x" * 1_000_000) == 1_000_000
    assert len(client.execute("SELECT repeat('x', 100) FROM generate_series(1, 50000)").fetchall()) == 50_000


def test_clients_have_statements_of_their_own(bridge, client):
    with ExitStack() as opened:
        clients = [opened.enter_context(connect(bridge.url)) for _ in range(3)]
        for turn in range(3):
            for number, each in enumerate(clients):
                query = f"SELECT {number} + %s::int"
                assert each.execute(query, [turn], prepare=True).fetchone() == (number + turn,)
        # A rolled back psycopg connection deallocates all its statements, and must not those of others.
        with pytest.raises(errors.DivisionByZero), clients[0].transaction():
            clients[0].execute("SELECT 1 / 0")
        clients[0].execute("DEALLOCATE ALL")
        for number, each in enumerate(clients[1:], 1):
            assert each.execute(f"SELECT {number} + %s::int", [5], prepare=True).fetchone() == (number + 5,)
        assert value(client, "SELECT count(*) FROM pg_prepared_statements") == 2
    deadline_s = time.monotonic() + STOP_WAIT_S
    while value(client, "SELECT count(*) FROM pg_prepared_statements") != 0:
        assert time.monotonic() < deadline_s


def test_a_transaction_is_not_seen_before_its_end_and_a_deserted_one_never_was(bridge, client):
    deserter = connect(bridge.url)
    deserter.execute("BEGIN")
    deserter.execute("INSERT INTO number VALUES (1)")
    with connect(bridge.url) as other:
        # Sent while the other transaction is open, answered when it is over.
        other.pgconn.send_query(b"SELECT count(*) FROM number")
        deserter.close()
        result = other.pgconn.get_result()
        assert result is not None
        assert result.get_value(0, 0) == b"0"
        while other.pgconn.get_result():
            pass


def test_notifications_reach_those_who_listen_and_nobody_else(bridge, client):
    with connect(bridge.url) as listener, connect(bridge.url) as other:
        listener.execute("LISTEN news")
        client.execute("NOTIFY news, 'good'")
        assert [heard.payload for heard in listener.notifies(timeout=2, stop_after=1)] == ["good"]
        assert list(other.notifies(timeout=0.1)) == list(client.notifies(timeout=0.1)) == []


def test_what_would_break_it_for_everybody_is_refused(client):
    with pytest.raises(errors.FeatureNotSupported, match="COPY"):
        client.cursor().copy("COPY number FROM STDIN").__enter__()
    for reset in ("RESET ALL", "discard all"):
        with pytest.raises(errors.FeatureNotSupported, match="search_path"):
            client.execute(reset)
    with client.cursor().copy("COPY (SELECT 1) TO STDOUT") as rows:
        assert list(rows) == [b"1\n"]


def test_a_stranger_is_refused(bridge):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(bridge.url, password="guessed")


def test_it_ends_when_asked_to():
    bridge = Bridge()
    bridge.stop()
    assert bridge.process.returncode == 0
    with pytest.raises(psycopg.OperationalError):
        connect(bridge.url)


def test_it_ends_with_whoever_started_it():
    # The bridge writes to its parent's stderr: reading that to its end waits for the bridge's end too.
    done = subprocess.run(
        [sys.executable, "-c", DYING_PARENT], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    with pytest.raises(psycopg.OperationalError):
        connect(done.stdout.strip())
