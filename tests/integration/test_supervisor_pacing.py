from collections.abc import Iterator

import dagster as dg
import pytest

from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.watchers.sensors import supervise
from hypersight_pipelines.defs.watchers.supervision import STARTING_AT_ONCE
from tests.fakes.many_watchers import ManyWatchers, add_cameras

pytestmark = [pytest.mark.integration, pytest.mark.timeout(540)]
CAMERAS = 200


@pytest.fixture
def watchers(store: Store) -> Iterator[ManyWatchers]:
    with dg.DagsterInstance.ephemeral() as instance:
        watchers = ManyWatchers(store, instance)
        yield watchers
        watchers.close()


def test_hundreds_of_cameras_start_in_turn_and_each_once(store, watchers):
    add_cameras(store, CAMERAS)
    looks = 0
    while len(watchers.launched) < CAMERAS:
        result = supervise(store, watchers.instance, 0.0)
        requests = list(result.run_requests or ())
        assert len(requests) <= STARTING_AT_ONCE
        watchers.launch(requests)
        looks += 1
        assert looks < 4 * CAMERAS / STARTING_AT_ONCE
    assert watchers.most_starting <= STARTING_AT_ONCE
    assert sorted(watchers.launched) == sorted(set(watchers.launched))
    for _ in range(3):
        watchers.launch([])
    last = supervise(store, watchers.instance, 0.0)
    assert not last.run_requests
    assert f"{CAMERAS} cameras, nothing to do" in str(last.skip_reason)
