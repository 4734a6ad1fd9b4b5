"""Heat maps: added up once, whatever is repeated, and forgotten in time."""

from datetime import datetime, timedelta

import pytest

from hypersight_core.domain.cells import CELLS, CellTime
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, heat, processors, upkeep, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import Lease
from tests.builders import NOON, a_record, camera_settings, noon, processor_settings

pytestmark = pytest.mark.integration
HOUR = timedelta(hours=1)


def a_cell(cell: int = 5, person_ms: int = 400, hours: int = 0) -> CellTime:
    return CellTime(hour_at=NOON + hours * HOUR, cell=cell, person_ms=person_ms)


def heat_between(store: Store, start: datetime, stop: datetime) -> dict[int, int]:
    with store.transaction() as tx:
        found = heat.person_ms_by_cell(tx, 1, start, stop)
    assert len(found) == CELLS
    return {cell: person_ms for cell, person_ms in enumerate(found) if person_ms}


@pytest.fixture
def write(store):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
        processors.create_processor(tx, 1, processor_settings())
    lease = Lease(store, 1, "run")
    token = lease.acquire()

    def write(seq: int, *cells: CellTime) -> bool:
        with store.transaction() as tx:
            return watching.record_segment(tx, a_record(seq=seq, heat=cells), token=token)

    yield write
    lease.release("stopped")


def test_records_add_up(store, write):
    write(1, a_cell(), a_cell(cell=6))
    write(2, a_cell(person_ms=100))
    assert heat_between(store, NOON, noon(1)) == {5: 500, 6: 400}


def test_a_record_that_comes_again_changes_nothing(store, write):
    assert write(1, a_cell())
    assert not write(1, a_cell())
    assert heat_between(store, NOON, noon(1)) == {5: 400}


def test_an_interval_takes_in_all_hours_it_touches(store, write):
    write(1, a_cell(hours=-1), a_cell(cell=6), a_cell(cell=7, hours=1))
    assert heat_between(store, NOON, NOON + HOUR) == {6: 400}
    assert heat_between(store, noon(-1), noon(1)) == {5: 400, 6: 400}


def test_purging_a_camera_removes_its_heat(store, write):
    write(1, a_cell())
    with store.transaction() as tx:
        cameras.delete_camera(tx, 1, purge=True)
    assert heat_between(store, NOON, noon(1)) == {}


def test_upkeep_forgets_what_is_older_than_it_is_kept(store, write):
    write(1, a_cell(), a_cell(cell=6, hours=-48))
    done = upkeep.keep_up(store, Settings(heat_kept_days=1), noon(60))
    assert done.heat_rows == 1
    assert heat_between(store, NOON - 72 * HOUR, noon(1)) == {5: 400}
