"""The stack with Dagster's own launcher, as in containers."""

import pytest

from tests.e2e.running_demo import eventually, is_nursery, running_demo

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(540)]


def test_watchers_are_started_watched_and_canceled_without_a_nursery(tmp_path):
    with running_demo(tmp_path / "var", HYPERSIGHT_FORK_WATCHERS="false") as demo:

        def all_watched() -> bool:
            return all(camera["watching"] for camera in demo.get("/statusWatch").values())

        eventually(all_watched, within_s=120, what="all cameras are watched")
        assert not [one for one in demo.family() if is_nursery(one)]
        run = demo.watcher_runs("STARTED")[0]
        assert "process" not in run
        demo.graphql("mutation($id: String!) { terminateRun(runId: $id) { __typename } }", id=run["run_id"])
        eventually(
            lambda: run["run_id"] in {one["run_id"] for one in demo.watcher_runs("CANCELED")},
            within_s=30,
            what="CANCELED",
        )
