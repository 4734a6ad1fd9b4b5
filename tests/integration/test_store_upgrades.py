"""A database of any earlier release, upgraded, answers as if all had been written to the newest schema."""

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection

from hypersight_core.errors import SetupFailed
from hypersight_core.store import rollups, schema
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import metadata
from tests.databases import POSTGRESQL, TIMESCALEDB
from tests.upgrading import SAMPLES, answers, contents, fill_other_tables, revisions, write_camera

pytestmark = pytest.mark.integration
*OLD, NEWEST = revisions()
FILLED_BY_CAMERAS = {"camera", "processor", "processor_version", "processor_event", "observation"}


def move_to(store: Store, revision: str) -> None:
    with store.transaction() as tx:
        tx.execute(sa.text(schema.NO_TIMEOUTS))
        command.upgrade(schema.alembic_config(tx), revision)


def applied(tx: Connection) -> str:
    return str(tx.scalar(sa.text("SELECT version_num FROM alembic_version")))


@pytest.mark.parametrize("lane", [POSTGRESQL], indirect=True)
@pytest.mark.parametrize("revision", OLD)
def test_every_release_is_upgraded_at_once_with_all_it_holds(empty_database_url: str, revision: str):
    store = Store(empty_database_url)
    move_to(store, revision)
    before = write_camera(store)
    with store.transaction() as tx:
        fill_other_tables(tx)
        held = contents(tx)
    schema.upgrade(empty_database_url)
    with store.transaction() as tx:
        assert contents(tx, held) == held
    since = write_camera(store)
    for _ in range(2):
        with store.transaction() as tx:
            assert answers(tx, before) == answers(tx, since)
        rollups.refresh(store)
    with store.transaction() as tx:
        assert rollups.staleness(tx).hours == 0
    store.close()


@pytest.mark.parametrize("lane", [TIMESCALEDB], indirect=True)
def test_cameras_of_all_releases_answer_alike_after_every_upgrade_on_the_way(empty_database_url: str):
    store = Store(empty_database_url)
    written = []
    for revision in (*OLD, NEWEST):
        move_to(store, revision)
        written.append(write_camera(store))
        with store.transaction() as tx:
            fill_other_tables(tx)
            assert applied(tx) == revision
    for _ in range(2):
        with store.transaction() as tx:
            *former, newest = (answers(tx, one) for one in written)
            assert all(one == newest for one in former)
        rollups.refresh(store)
    store.close()


@pytest.mark.parametrize("lane", [POSTGRESQL], indirect=True)
def test_a_database_of_a_newer_release_is_refused_with_what_to_do_and_left_alone(empty_database_url: str):
    schema.upgrade(empty_database_url)
    store = Store(empty_database_url)
    with store.transaction() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupFailed, match=r"(?s)9999.*newer release.*restore a backup"):
        schema.upgrade(empty_database_url)
    with store.transaction() as tx:
        assert applied(tx) == "9999"
    store.close()


def test_each_table_has_a_row_to_take_along():
    assert set(SAMPLES) | FILLED_BY_CAMERAS == set(metadata.tables)
