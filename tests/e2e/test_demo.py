"""What a user sees after `make demo`: the whole system on real footage, and its failures survived."""

import base64
import json
import signal
import time

import httpx
import psutil
import pytest
import simplejpeg
import sqlalchemy as sa
from websockets.sync.client import connect

from hypersight.postgres import EmbeddedPostgres
from hypersight_core.store.engine import Store
from hypersight_core.store.models import building
from tests.e2e.running_demo import RunningDemo, eventually, is_nursery, running_demo

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(540)]

LONG_AGO = "2020-01-01 00:00:00.0"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with running_demo(tmp_path_factory.mktemp("demo") / "var") as running:
        yield running


def traffic(demo: RunningDemo) -> int:
    answer = demo.post("/traffic", {"proc_id": demo.processor_id("traffic"), "start_ts": LONG_AGO})
    return 0 if answer["err"] else answer["traffic"]


def test_both_cameras_are_watched(demo):
    def both() -> bool:
        status = demo.get("/statusWatch").values()
        return [camera["watching"] for camera in status] == [True, True]

    eventually(both, within_s=60, what="statusWatch says that both cameras are watched")


def test_dagster_lists_one_started_run_for_each_camera(demo):
    def started() -> list[str]:
        return sorted(run["camera_id"] for run in demo.watcher_runs("STARTED"))

    cameras = sorted(demo.get("/statusWatch"))
    eventually(lambda: started() == cameras, within_s=60, what="one STARTED run for each camera")


def test_the_count_of_pedestrians_grows(demo):
    first = eventually(lambda: traffic(demo), within_s=90, what="somebody entered a zone")
    eventually(lambda: traffic(demo) > first, within_s=90, what="somebody else entered")


def test_the_number_of_persons_is_plausible(demo):
    def persons() -> int:
        answer = demo.post("/objects", {"proc_id": demo.processor_id("objects")})
        return -1 if answer["err"] else answer["count"]

    # The ground truth of the footage has 1 to 8 persons in view.
    count = eventually(lambda: persons() > 0 and persons(), within_s=60, what="persons present")
    assert 1 <= count <= 10


def test_a_websocket_client_receives_faces(demo):
    with connect(demo.endpoints["faces"]) as client:
        client.send("client")
        assert client.recv(timeout=10) == "OK"
        message = json.loads(client.recv(timeout=60))
    face = message["faces"][0]
    picture = simplejpeg.decode_jpeg(base64.b64decode(face["img"]))
    assert picture.shape[2] == 3
    assert min(picture.shape[:2]) >= 16
    assert face["conf"] >= 0.5
    assert message["container"] == "jpg"
    assert message["camera_id"] in demo.get("/statusWatch")


def test_the_annotated_preview_plays(demo):
    base = f"{demo.endpoints['api']}/videos/{demo.processor_id('traffic')}/"

    def segments() -> list[str]:
        reply = httpx.get(base + "processed_stream.m3u8", timeout=10)
        return [line for line in reply.text.splitlines() if line.endswith(".ts")] if reply.is_success else []

    names = eventually(segments, within_s=60, what="a preview segment")
    body = httpx.get(base + names[-1], timeout=10).content
    assert len(body) > 1000
    assert len(body) % 188 == 0
    assert body[0] == 0x47


def test_a_killed_watcher_is_replaced_and_counts_on(demo):
    runs = {run["camera_id"]: run["run_id"] for run in demo.watcher_runs("STARTED")}
    camera_id = next(iter(runs))
    before = traffic(demo)
    psutil.Process(demo.watcher_pid(int(camera_id))).kill()

    def replaced() -> bool:
        now = {run["camera_id"]: run["run_id"] for run in demo.watcher_runs("STARTED")}
        return bool(now.get(camera_id, runs[camera_id]) != runs[camera_id])

    eventually(replaced, within_s=60, what="a new run")
    eventually(
        lambda: bool(demo.get("/statusWatch")[camera_id]["watching"]), within_s=60, what="watching again"
    )
    assert traffic(demo) >= before


def test_watchers_outlive_the_process_they_were_forked_from(demo):
    camera_ids = [int(camera_id) for camera_id in demo.get("/statusWatch")]
    pids = {camera_id: demo.watcher_pid(camera_id) for camera_id in camera_ids}
    [nursery] = [one for one in demo.family() if is_nursery(one)]
    nursery.kill()
    eventually(
        lambda: [one for one in demo.family() if is_nursery(one) and one.pid != nursery.pid],
        within_s=60,
        what="the next nursery",
    )
    assert {camera_id: demo.watcher_pid(camera_id) for camera_id in camera_ids} == pids
    psutil.Process(pids[camera_ids[0]]).kill()
    eventually(
        lambda: demo.watcher_pid(camera_ids[0]) != pids[camera_ids[0]], within_s=60, what="a new watcher"
    )


def test_a_disabled_camera_is_let_go_and_taken_up_again(demo):
    camera_id = max(demo.get("/statusWatch"))
    address = f"{demo.endpoints['api']}/api/v1/cameras/{camera_id}"
    assert httpx.patch(address, json={"enabled": False}, timeout=10).status_code == 200
    eventually(
        lambda: camera_id not in {run["camera_id"] for run in demo.watcher_runs("STARTED")},
        within_s=30,
        what="the run ended",
    )
    assert demo.get("/statusWatch")[camera_id]["watching"] is False
    assert httpx.patch(address, json={"enabled": True}, timeout=10).status_code == 200
    eventually(lambda: demo.get("/statusWatch")[camera_id]["watching"], within_s=60, what="watched again")


def test_a_run_cancelled_in_dagster_ends_canceled_and_is_replaced(demo):
    run = eventually(lambda: demo.watcher_runs("STARTED"), within_s=60, what="a started run")[0]
    demo.graphql(
        "mutation($id: String!) { terminateRun(runId: $id) { __typename } }",
        id=run["run_id"],
    )
    eventually(
        lambda: run["run_id"] in {one["run_id"] for one in demo.watcher_runs("CANCELED")},
        within_s=30,
        what="CANCELED",
    )
    eventually(lambda: demo.get("/statusWatch")[run["camera_id"]]["watching"], within_s=60, what="replaced")


def test_a_killed_database_is_started_again_and_counting_goes_on(demo):
    demo.watcher_runs("STARTED")  # on a connection that the UI keeps, to a server that will be gone
    lines = (demo.var_dir / "postgres" / "data" / "postmaster.pid").read_text().splitlines()
    psutil.Process(int(lines[0])).kill()
    camera_ids = set(demo.get_when_it_answers("/statusWatch"))
    eventually(
        lambda: (
            {one for one, seen in demo.get_when_it_answers("/statusWatch").items() if seen["watching"]}
            == camera_ids
        ),
        within_s=60,
        what="all cameras are watched",
    )
    assert demo.watcher_runs("STARTED")
    before = traffic(demo)
    eventually(lambda: traffic(demo) > before, within_s=60, what="more entries")


def test_ctrl_c_ends_every_process_within_10_s_and_leaves_no_open_run(demo):
    store = Store(demo.endpoints["database"], application_name="tests", pool_size=1)
    with building(store, print):  # so that a run of models is in hand, however quick they are
        run_id = demo.materialize("metrics", "stg_cameras")
        eventually(lambda: demo.run_status(run_id) == "STARTED", within_s=120, what="a run of models")
        family = demo.family()
        assert len(family) > 6
        started_s = time.monotonic()
        demo.process.send_signal(signal.SIGINT)
        demo.process.wait(timeout=20)
        assert time.monotonic() - started_s < 10
    store.close()
    # Where nobody reaps orphans at once, an ended process stays as a zombie for a moment.
    assert [
        one for one in psutil.wait_procs(family, timeout=2)[1] if one.status() != psutil.STATUS_ZOMBIE
    ] == []

    assert set(run_statuses(demo)) <= {"SUCCESS", "FAILURE", "CANCELED"}


def test_a_second_start_goes_on_with_the_same_cameras_and_counts(demo):
    with running_demo(demo.var_dir) as again:
        assert len(again.get("/statusWatch")) == 2
        assert traffic(again) > 0


def run_statuses(demo: RunningDemo) -> list[str]:
    """Read what Dagster's storage says after everything ended."""
    with EmbeddedPostgres(demo.var_dir / "postgres") as server:
        store = Store(server.url, application_name="tests", pool_size=1)
        try:
            with store.transaction() as tx:
                return list(tx.execute(sa.text("SELECT status FROM dagster.runs")).scalars())
        finally:
            store.close()
