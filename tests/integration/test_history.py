"""Real hourly counts become events that add up to them, marked as replayed."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from hypersight import history
from hypersight.history import Spread
from hypersight_core.errors import InvalidInput
from hypersight_core.settings import Settings
from hypersight_core.store import metrics, rollups
from hypersight_core.store.engine import Store

QUIET = "61 Federal Street"
LATE = "188 Quay Street Lower Albert (EW)"
"""Its sensor was set up in September 2022."""


@pytest.fixture(scope="module")
def counts() -> Mapping[str, history.Counts]:
    return history.hourly_counts(Settings.from_environ({}).cache_dir)


def test_the_package_holds_seven_years_of_21_sensors(counts: Mapping[str, history.Counts]):
    assert len(counts) == 21
    assert sum(counts["45 Queen Street"].values()) == pytest.approx(40_038_412, rel=1e-4)
    assert min(counts[LATE]) == datetime(2022, 8, 31, 12, tzinfo=UTC)
    assert set(history.SENSORS) <= set(counts)
    with pytest.raises(InvalidInput, match="no sensor Nowhere; there are: 1 Courthouse Lane"):
        history.chosen(counts, ("Nowhere",))


def test_hours_that_clocks_skip_or_repeat_are_counted_once():
    # Clocks went forward on 29 September 2019 at two, back on 7 April at three.
    table = "date,hour,year,A\n2019-09-29,1:00-1:59,2019,1\n2019-09-29,2:00-2:59,2019,2\n"
    table += "2019-09-29,3:00-3:59,2019,4\n2019-04-07,2:00-2:59,2019,8\n2019-04-07,3:00-3:59,2019,\n"
    assert history.read_counts(io.StringIO(table)) == {
        "A": {
            datetime(2019, 9, 28, 13, tzinfo=UTC): 1, datetime(2019, 9, 28, 14, tzinfo=UTC): 4,
            datetime(2019, 4, 6, 13, tzinfo=UTC): 8,
        }
    }  # fmt: skip


def test_every_hour_of_the_database_is_the_hour_of_the_sensor(
    store: Store, counts: Mapping[str, history.Counts]
):
    reported = []
    wanted = history.chosen(counts, (QUIET, LATE))
    written = history.load(store, wanted, Spread(), lambda *steps: reported.append(steps))
    assert reported == [(1, 2), (2, 2)]
    assert history.load(store, wanted, Spread(), lambda *_: None) == 0
    rollups.refresh(store)
    with store.transaction() as tx:
        assert tx.scalar(sa.text("SELECT count(*) FROM processor_event")) == written > 200_000
        assert tx.scalar(sa.text("SELECT count(*) FROM partitions.processor_event_default")) == 0
        hours = sa.text("SELECT bucket, value FROM traffic_hour WHERE processor_id = :id AND value > 0")
        for processor_id, sensor in ((1, QUIET), (2, LATE)):
            found = {row.bucket: row.value for row in tx.execute(hours, {"id": processor_id})}
            assert found == {at: people for at, people in counts[sensor].items() if people}
        before = datetime(2022, 8, 1, tzinfo=UTC)
        unknown = metrics.coverage(tx, 2, before, before + timedelta(days=7))
        assert unknown.share == 0
        known = metrics.coverage(tx, 1, before, before + timedelta(days=7))
        assert known.share == 1
        names = tx.execute(sa.text("SELECT name, enabled, stream_url FROM camera ORDER BY 1")).all()
        assert all(name.startswith("Replay: ") and not on for name, on, _ in names)
