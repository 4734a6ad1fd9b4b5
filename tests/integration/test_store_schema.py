"""Migrations and connections on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hypersight_core.errors import DatabaseUnavailable, InvalidInput, SetupFailed
from hypersight_core.store import cameras, metrics, rollups, schema
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import metadata
from tests.databases import TIMESCALEDB

# Two whole days watched, half of a third; a hundred entries, and four persons present from the second day on.
BEFORE_ROLLUPS = """
INSERT INTO camera (name, stream_url, watch_fps, watch_rows, watch_cols, time_zone, enabled)
VALUES ('door', 'http://camera.invalid/', 5, 1, 1, 'UTC', true);
INSERT INTO processor (camera_id, kind, version) VALUES (1, 'traffic', 1), (1, 'objects', 1);
INSERT INTO processor_event (processor_id, processor_version, ts, track_id, value, zone, kind)
SELECT 1, 1, timestamptz '2024-02-29 00:00:00+00' + n * interval '47 minutes', n, 1, 0, 'enter'
FROM generate_series(1, 100) AS n
UNION ALL SELECT 2, 1, timestamptz '2024-03-01 00:00:00+00', 0, 4, -1, 'count';
INSERT INTO observation VALUES
  (1, '2024-02-29 00:00:00+00', '2024-03-01 00:00:00+00', 1003, 1003, NULL),
  (1, '2024-03-01 00:00:00+00', '2024-03-02 00:00:00+00', 0, 0, NULL),
  (1, '2024-03-02 12:30:00+00', '2024-03-03 12:30:00+00', 2400, 1200, 'detector_error');
"""


def test_two_upgrades_at_once_and_another_later_are_fine(empty_database_url: str):
    assert not schema.is_current(empty_database_url)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(schema.upgrade, [empty_database_url] * 2))
    assert schema.is_current(empty_database_url)
    schema.upgrade(empty_database_url)


def test_what_was_upgraded_can_be_taken_back_and_upgraded_again(empty_database_url: str):
    schema.upgrade(empty_database_url)
    store = Store(empty_database_url)
    with store.transaction() as tx:
        command.downgrade(schema.alembic_config(tx), "base")
        assert sa.inspect(tx).get_table_names() == ["alembic_version"]
    store.close()
    schema.upgrade(empty_database_url)
    assert schema.is_current(empty_database_url)


def test_rows_written_before_partitions_and_rollups_are_all_counted(empty_database_url: str):
    store = Store(empty_database_url)
    with store.transaction() as tx:
        command.upgrade(schema.alembic_config(tx), "0001")
        tx.execute(sa.text(BEFORE_ROLLUPS))
    schema.upgrade(empty_database_url)
    start, stop = datetime(2024, 2, 28, tzinfo=UTC), datetime(2024, 3, 4, tzinfo=UTC)
    for _ in range(2):
        with store.transaction() as tx:
            total = metrics.traffic_total(tx, 1, start, stop)
            assert total.value == 100
            assert total.coverage.watched_s == pytest.approx(2.5 * 86400)
            frames = "SELECT sum(frames_wanted), sum(frames_detected) FROM observation WHERE reason IS NULL"
            assert tuple(tx.execute(sa.text(frames)).one()) == (1003, 1003)
            days = metrics.presence_series(tx, 2, start, stop, "1d", ZoneInfo("UTC"))
            assert [day.mean for day in days] == [None, None, 4.0, 4.0, 4.0]
        rollups.refresh(store)
    with store.transaction() as tx:
        assert rollups.staleness(tx).hours == 0
    store.close()


def test_all_migrations_together_make_the_tables_the_code_knows(store: Store):
    with store.transaction() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("lane", [TIMESCALEDB], indirect=True)
def test_what_grows_for_years_is_cut_into_chunks_of_a_week(store: Store):
    dimensions = """
        SELECT hypertable_name::text, column_name::text, time_interval
        FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public' ORDER BY 1"""
    with store.transaction() as tx:
        found = tx.execute(sa.text(dimensions)).all()
    week = timedelta(days=7)
    assert [tuple(row) for row in found] == [
        ("observation", "from_at", week),
        ("processor_event", "ts", week),
    ]


def test_every_table_and_column_says_what_it_holds(store: Store):
    with store.transaction() as tx:
        inspector = sa.inspect(tx)
        for table in metadata.sorted_tables:
            assert inspector.get_table_comment(table.name)["text"]
            assert all(column["comment"] for column in inspector.get_columns(table.name))


def test_every_relation_column_and_function_people_meet_in_sql_says_what_it_is(store: Store):
    undescribed = """
        SELECT relname FROM pg_class
        WHERE relnamespace::regnamespace::text IN ('public', 'rollup') AND relkind IN ('r', 'p', 'v')
          AND relname <> 'alembic_version' AND obj_description(oid, 'pg_class') IS NULL
        UNION ALL
        SELECT relname || '.' || attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE (relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
               OR relnamespace::regnamespace::text = 'rollup' AND relkind = 'r')
          AND relname <> 'alembic_version' AND attnum > 0 AND NOT attisdropped
          AND col_description(pg_class.oid, attnum) IS NULL
        UNION ALL
        SELECT proname FROM pg_proc
        WHERE pronamespace::regnamespace::text IN ('public', 'rollup')
          AND obj_description(oid, 'pg_proc') IS NULL
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"""
    with store.transaction() as tx:
        assert list(tx.scalars(sa.text(undescribed))) == []


def test_the_key_of_events_answers_sums_without_the_table(store: Store):
    with store.transaction() as tx:
        key = "SELECT pg_get_indexdef('processor_event_pk'::regclass)"
        assert tx.execute(sa.text(key)).scalar_one().endswith("INCLUDE (value)")


def test_a_database_without_tables_says_what_to_do(empty_database_url: str):
    store = Store(empty_database_url)
    with pytest.raises(SetupFailed, match="hypersight migrate"), store.transaction() as tx:
        cameras.list_cameras(tx)
    store.close()


def test_a_wrong_password_is_named_without_showing_it(database_url: str):
    wrong = sa.make_url(database_url).set(password="s3cret-but-wrong")
    store = Store(wrong.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnavailable) as refused:
        store.ping()
    store.close()
    said = str(refused.value)
    assert f"{wrong.host}:{wrong.port}/{wrong.database}" in said
    assert "password authentication failed" in said
    assert "HYPERSIGHT_DATABASE_URL" in said
    assert "s3cret" not in said


def test_nobody_listening_is_said_with_the_address():
    store = Store("postgresql://someone:s3cret@127.0.0.1:1/metrics")
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/metrics") as refused:
        schema.upgrade("postgresql://someone:s3cret@127.0.0.1:1/metrics")
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/metrics"):
        store.ping()
    store.close()
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "metrics", "mysql://h/db", "postgresql://h:port/db"])
def test_an_address_of_something_else_is_refused(url: str):
    with pytest.raises(InvalidInput, match=r"PostgreSQL|postgresql"):
        Store(url)


@pytest.mark.needs_real_backends("ends a connection's server process")
def test_a_connection_cut_while_idle_is_replaced_unnoticed(store: Store):
    with store.transaction() as tx:
        backend = tx.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    with store.dedicated("cutter", statement_timeout_s=5) as cutter:
        cutter.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert store.ping()


@pytest.mark.needs_real_backends("ends a connection's server process")
def test_a_connection_cut_in_a_transaction_says_the_database_is_away(store: Store):
    with pytest.raises(DatabaseUnavailable), store.transaction() as tx:
        tx.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid(), 5000)"))
    assert store.ping()
