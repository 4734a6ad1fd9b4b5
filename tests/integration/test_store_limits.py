"""The views that stand for the tables in transactions of whoever is limited to groups of cameras."""

import pytest
import sqlalchemy as sa

from hypersight_core.store.tables import metadata

pytestmark = pytest.mark.integration

BY_NUMBER = {"processor_event", "observation", "heat_cell", "watcher_checkpoint"}
"""Asked by the number of a camera or processor, which was looked up before."""
OF_NOBODY = {"kept_from"}
COLUMNS = sa.text("""
SELECT table_name, array_agg(column_name ORDER BY ordinal_position)
FROM information_schema.columns WHERE table_schema = :schema GROUP BY 1""")


def test_every_table_is_limited_or_asked_by_number_only_and_every_view_has_all_columns(store):
    with store.transaction() as tx:
        views = {name: tuple(columns) for name, columns in tx.execute(COLUMNS, {"schema": "limited"})}
        tables = {name: tuple(columns) for name, columns in tx.execute(COLUMNS, {"schema": "public"})}
    assert {table.name for table in metadata.sorted_tables} == views.keys() | BY_NUMBER | OF_NOBODY
    assert views == {name: tables[name] for name in views}


def test_every_view_can_be_written_through_and_checks_what_is_written(store):
    asked = sa.text("""
        SELECT table_name FROM information_schema.views
        WHERE table_schema = 'limited' AND (is_updatable, is_insertable_into, check_option)
              IS DISTINCT FROM ('YES', 'YES', 'CASCADED')""")
    with store.transaction() as tx:
        assert tx.scalars(asked).all() == []


def test_without_groups_a_limited_view_shows_nothing_or_refuses(store):
    with store.transaction() as tx:
        tx.exec_driver_sql("SELECT set_config('hypersight.groups', '', true)")
        assert tx.scalar(sa.text("SELECT count(*) FROM limited.camera")) == 0
