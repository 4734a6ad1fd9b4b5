"""Several API processes: faces reach the viewers of all through a real Redis, figures are those of all."""

import json
import re
import time
from contextlib import contextmanager

import httpx
import psutil
import pytest

from hypersight_core.live.wire import faces_message, message_text
from tests.fakes.redis_server import PROGRAM, RedisServer
from tests.integration.test_api_process import BEARER, seen, viewer
from tests.serving import NO_DATABASE, api_process

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(PROGRAM is None, reason="no redis-server here (Debian: apt install redis-server)"),
]

WORKERS = 3


@pytest.fixture
def redis():
    with RedisServer() as server:
        yield server


def served(redis, tmp_path, workers: int = 1):
    return api_process(
        NO_DATABASE,
        tmp_path,
        HYPERSIGHT_LIVE_TOKEN="live",
        HYPERSIGHT_REDIS_URL=redis.url,
        HYPERSIGHT_API_WORKERS=str(workers),
    )


@contextmanager
def two_served(redis, tmp_path):
    with served(redis, tmp_path / "one") as one, served(redis, tmp_path / "two") as two:
        yield one, two


def bring(process, camera_id: int) -> None:
    body = message_text(faces_message(seen(camera_id)))
    assert httpx.post(process.url("/live/faces"), content=body, headers=BEARER, timeout=10).status_code == 204


def next_camera(client) -> int:
    return int(json.loads(client.recv(timeout=10))["camera_id"])


def brought_until_seen(process, client, camera_id: int) -> None:
    """Bring a frame again and again until this viewer gets it: both ends first have to find Redis."""
    for _ in range(100):
        bring(process, camera_id)
        try:
            while int(json.loads(client.recv(timeout=0.3))["camera_id"]) != camera_id:
                pass
        except TimeoutError:
            continue
        return
    raise AssertionError("the viewer never saw it")


def test_faces_brought_to_one_process_reach_the_viewers_of_another(redis, tmp_path):
    with two_served(redis, tmp_path) as (one, two), viewer(one) as here, viewer(two) as there:
        brought_until_seen(one, there, 1)
        brought_until_seen(two, here, 2)
        bring(one, 3)
        while next_camera(there) != 3:
            pass
        while next_camera(here) != 3:
            pass


def test_without_redis_a_process_still_serves_its_own_viewers_and_the_others_again_afterwards(
    redis, tmp_path
):
    with two_served(redis, tmp_path) as (one, two), viewer(one) as here, viewer(two) as there:
        brought_until_seen(one, there, 1)
        redis.kill()
        brought_until_seen(one, here, 2)
        redis.start()
        brought_until_seen(one, there, 3)


def viewers_told(process) -> int:
    text = httpx.get(process.url("/metrics"), timeout=10).text
    found = re.search(r"^hypersight_faces_viewers(?:\{\})? (\S+)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def eventually(is_so, within_s: float = 15.0) -> None:
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s, "it never came true"
        time.sleep(0.1)


def test_every_worker_tells_the_figures_of_all_and_every_viewer_sees_every_face(redis, tmp_path):
    with served(redis, tmp_path, WORKERS) as process:
        with viewer(process) as one, viewer(process) as two, viewer(process) as three:
            for client in (one, two, three):
                brought_until_seen(process, client, 1)
            eventually(lambda: {viewers_told(process) for _ in range(10)} == {3})
        eventually(lambda: viewers_told(process) == 0)


def test_a_killed_worker_is_replaced_and_its_viewers_count_no_more(redis, tmp_path):
    with served(redis, tmp_path, WORKERS) as process, viewer(process):
        eventually(lambda: viewers_told(process) == 1)
        before = workers_of(process)
        for worker in before:
            worker.kill()
        eventually(lambda: not set(before) & set(workers_of(process)))  # the kill takes a moment
        eventually(lambda: len(workers_of(process)) == WORKERS)
        eventually(lambda: viewers_told(process) == 0)


def workers_of(process) -> list[psutil.Process]:
    children = psutil.Process(process.process.pid).children()
    living = [one for one in children if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in living if "resource_tracker" not in " ".join(one.cmdline())]


def test_it_ends_soon_with_all_its_workers(redis, tmp_path):
    with served(redis, tmp_path, WORKERS) as process, viewer(process):
        workers = workers_of(process)
        began_s = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - began_s < 7
        assert not [one for one in workers if one.is_running()]
