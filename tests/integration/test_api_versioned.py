"""`/api/v1` on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hypersight_api.services import now
from hypersight_api.time_stamps import midnight
from hypersight_core.domain.cameras import Camera
from hypersight_core.domain.choices import MOSAIC_HELP
from hypersight_core.domain.events import EventKind, Observation
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, metrics, processors, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.failures import WatcherFailure, write_failure
from tests.builders import NOON, an_event, camera_settings, noon, processor_settings
from tests.serving import NO_DATABASE, api, observed, saved, watched

pytestmark = pytest.mark.integration

SECRET_URL = "rtsp://user:s3cret@camera.invalid:554/stream?token=t0ken&quality=2"
SHOWN_URL = "rtsp://camera.invalid:554/stream?token=***&quality=2"
SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]


@pytest.fixture
def client(store, database_url, tmp_path):
    with api(database_url, tmp_path) as client:
        yield client


@pytest.fixture
def counting(client, store):
    """A client of a server with camera 1 and its processors 1 (traffic) and 2 (objects)."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(time_zone="Europe/Paris"))
        processors.create_processor(tx, 1, processor_settings())
        processors.create_processor(tx, 1, processor_settings(kind="objects"))
    return client


def problem(reply: Any, status: int) -> Any:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    found = reply.json()
    assert (found["type"], found["status"]) == ("about:blank", status)
    assert found["title"]
    return found


def test_a_camera_is_added_read_changed_and_deleted(client):
    added = client.post("/api/v1/cameras", json={"name": "door", "stream_url": SECRET_URL})
    assert added.status_code == 201
    assert added.json() == {
        "camera_id": 1, "name": "door", "stream_url": SHOWN_URL, "watch_fps": 2.0, "watch_rows": 1,
        "watch_cols": 1, "jpeg_quality": 85, "motion_gate": False, "motion_recheck_s": 10.0,
        "time_zone": "UTC", "enabled": True, "http_headers": {}, "skip_loop_filter": False,
        "blur_persons": False, "groups": [],
    }  # fmt: skip
    assert client.get("/api/v1/cameras").json() == [added.json()]
    change = {
        "enabled": False,
        "watch_fps": 5,
        "jpeg_quality": 90,
        "motion_gate": True,
        "motion_recheck_s": 30,
        "blur_persons": True,
    }
    changed = client.patch("/api/v1/cameras/1", json=change)
    assert changed.json() == added.json() | change
    assert client.get("/api/v1/cameras/1").json() == changed.json()
    assert client.delete("/api/v1/cameras/1").status_code == 204
    problem(client.get("/api/v1/cameras/1"), 404)
    assert client.get("/api/v1/cameras").json() == []


@pytest.mark.needs_real_backends("two connections at a time")
@pytest.mark.parametrize("edited", ["cameras/1", "processors/1"])
def test_of_two_edits_at_a_time_each_keeps_what_the_other_changed(counting, store, edited):
    with ThreadPoolExecutor(1) as pool, store.transaction() as tx:
        if edited == "cameras/1":
            cameras.change_camera(tx, 1, cameras.get_camera(tx, 1).settings(watch_fps=5.0))
        else:
            processors.change_processor(tx, 1, processor_settings(threshold=0.7))
        second = pool.submit(counting.patch, f"/api/v1/{edited}", json={"name": "gate"})
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not tx.scalar(waiting):
            assert not second.done()
    found = counting.get(f"/api/v1/{edited}").json()
    assert (found["name"], found.get("watch_fps", 5.0), found.get("threshold", 0.7)) == ("gate", 5.0, 0.7)


def stored(store: Store, var_dir: Path) -> Camera:
    """Return camera 1 as a watcher connects to it; nothing of it may be stored in the clear."""
    with store.transaction() as tx:
        camera = cameras.get_camera(tx, 1)
    assert "hush" not in str(camera)
    assert "s3cret" not in str(camera)
    return Keyring.of(Settings(var_dir=var_dir)).opened(camera)


def test_a_stream_url_sent_back_as_it_was_shown_keeps_its_secrets(client, store, tmp_path):
    client.post("/api/v1/cameras", json={"name": "door", "stream_url": SECRET_URL})
    client.patch("/api/v1/cameras/1", json={"name": "gate", "stream_url": SHOWN_URL})
    kept = stored(store, tmp_path)
    assert (kept.name, kept.stream_url) == ("gate", SECRET_URL)
    client.patch("/api/v1/cameras/1", json={"stream_url": SECRET_URL})
    assert stored(store, tmp_path) == kept, "the same address again is no edit"
    client.patch("/api/v1/cameras/1", json={"stream_url": "rtsp://elsewhere.invalid/"})
    assert stored(store, tmp_path).stream_url == "rtsp://elsewhere.invalid/"


def test_an_address_edited_as_it_was_shown_is_refused_before_its_secret_is_lost(client, store, tmp_path):
    client.post("/api/v1/cameras", json={"name": "door", "stream_url": SECRET_URL})
    edited = SHOWN_URL.replace("quality=2", "quality=1")
    refused = problem(client.patch("/api/v1/cameras/1", json={"stream_url": edited}), 400)
    assert "stands for a secret" in refused["errors"][0]["message"]
    assert stored(store, tmp_path).stream_url == SECRET_URL
    for path, camera in (("", {"name": "gate"}), ("/test-connection", {})):
        problem(client.post(f"/api/v1/cameras{path}", json=camera | {"stream_url": edited}), 400)
    assert len(client.get("/api/v1/cameras").json()) == 1


def test_values_of_headers_are_never_shown_and_stay_when_sent_back(client, store, tmp_path):
    secret = {"X-Api-Key": "hush", "Referer": "http://shop.invalid/"}
    added = client.post(
        "/api/v1/cameras", json={"name": "door", "stream_url": SECRET_URL, "http_headers": secret}
    )
    assert added.json()["http_headers"] == {"X-Api-Key": "***", "Referer": "***"}
    changed = {"X-Api-Key": "***", "Referer": "http://home.invalid/"}
    client.patch("/api/v1/cameras/1", json={"http_headers": changed, "skip_loop_filter": True})
    kept = stored(store, tmp_path)
    assert kept.http_headers == {"X-Api-Key": "hush", "Referer": "http://home.invalid/"}
    assert kept.skip_loop_filter is True
    refused = client.patch("/api/v1/cameras/1", json={"http_headers": {"X-Api-Key": "hush\r\nHost: x"}})
    assert "hush" not in problem(refused, 400)["detail"]


def test_hidden_values_of_headers_do_not_follow_a_camera_to_another_host(client, store, tmp_path):
    secret = {"X-Api-Key": "hush"}
    client.post("/api/v1/cameras", json={"name": "door", "stream_url": SECRET_URL, "http_headers": secret})
    moved = {"stream_url": "http://thief.invalid/"}
    for headers in ({}, {"http_headers": {"X-Api-Key": "***"}}):
        assert (
            "another host" in problem(client.patch("/api/v1/cameras/1", json=moved | headers), 400)["detail"]
        )
    new = client.patch("/api/v1/cameras/1", json=moved | {"http_headers": {"X-Api-Key": "new"}})
    assert new.status_code == 200
    assert stored(store, tmp_path).http_headers == {"X-Api-Key": "new"}


def test_a_camera_whose_key_is_lost_can_be_read_edited_and_given_anew(client, store, database_url, tmp_path):
    client.post("/api/v1/cameras", json={"name": "door", "stream_url": SECRET_URL})
    with store.transaction() as tx:
        before = cameras.get_camera(tx, 1)
    other_key = "another-key-that-opens-nothing-here"
    with api(database_url, tmp_path, secret_keys=other_key) as later:
        assert later.get("/api/v1/cameras/1").json()["stream_url"] == SHOWN_URL
        assert later.patch("/api/v1/cameras/1", json={"name": "gate"}).status_code == 200
        with store.transaction() as tx:
            assert cameras.get_camera(tx, 1).stream_url == before.stream_url
        said = problem(later.get("/api/v1/cameras/1/snapshot.jpg"), 503)["detail"]
        assert "camera 1 (gate)" in said
        assert "HYPERSIGHT_SECRET_KEYS" in said
        later.patch("/api/v1/cameras/1", json={"stream_url": SECRET_URL})
        with store.transaction() as tx:
            anew = cameras.get_camera(tx, 1)
    assert Keyring([other_key]).opened(anew).stream_url == SECRET_URL


def test_a_processor_is_added_read_changed_and_deleted(counting):
    zones = f"[{SQUARE}, [[0.2, 0.2], [0.8, 0.2]]]"
    added = counting.post(
        "/api/v1/cameras/1/processors", json={"kind": "traffic", "zones": zones, "output_hls": True}
    )
    assert added.status_code == 201
    assert added.json() == {
        "processor_id": 3, "camera_id": 1, "version": 1, "kind": "traffic", "name": "",
        "zones": [{"name": "", "corners": SQUARE}, {"name": "", "corners": [[0.2, 0.2], [0.8, 0.2]]}],
        "threshold": 0.4, "anchor": "center", "enabled": True, "output_hls": True, "best_view": False,
        "preview_url": "/videos/3/processed_stream.m3u8",
    }  # fmt: skip
    named = [{"name": "yard", "corners": SQUARE}]
    changed = counting.patch("/api/v1/processors/3", json={"zones": named, "anchor": "feet"})
    assert changed.json() == added.json() | {"zones": named, "anchor": "feet", "version": 2}
    assert counting.get("/api/v1/processors/3").json() == changed.json()
    ids = [one["processor_id"] for one in counting.get("/api/v1/cameras/1/processors").json()]
    assert ids == [1, 2, 3]
    assert counting.delete("/api/v1/processors/3").status_code == 204
    problem(counting.get("/api/v1/processors/3"), 404)
    problem(counting.get("/api/v1/cameras/9/processors"), 404)


def test_events_of_a_deleted_processor_stay_unless_purged(counting, store):
    saved(store, an_event(processor_id=1), an_event(processor_id=2, kind=EventKind.COUNT))
    counting.delete("/api/v1/processors/1")
    counting.delete("/api/v1/processors/2?purge=true")
    with store.transaction() as tx:
        assert len(metrics.latest_events(tx, 1).events) == 1
        assert metrics.latest_events(tx, 2).events == ()


def test_traffic_says_how_much_of_the_interval_was_watched(counting, store):
    saved(store, *(an_event(processor_id=1, ts=noon(60 * i), track_id=i + 1) for i in range(5)))
    left = {noon(0): EventKind.EXIT, noon(30): EventKind.EXIT, noon(900): EventKind.CROSS_OUT}
    saved(store, *(an_event(processor_id=1, ts=ts, kind=kind, value=3) for ts, kind in left.items()))
    observed(store, 1, NOON, timedelta(minutes=30))
    asked = {"start": "2026-03-02T12:00:00Z", "stop": "2026-03-02T13:00:00Z"}
    assert counting.get("/api/v1/processors/1/traffic", params=asked).json() == {
        "processor_id": 1, "start": "2026-03-02T12:00:00Z", "stop": "2026-03-02T13:00:00Z", "traffic": 4,
        "traffic_out": 6, "first_at": "2026-03-02T12:01:00Z", "last_at": "2026-03-02T12:04:00Z",
        "coverage": {"watched_s": 1800.0, "interval_s": 3600.0, "share": 0.5},
    }  # fmt: skip


def test_a_series_is_filled_with_zeros_in_the_cameras_time_zone(counting, store):
    saved(store, an_event(processor_id=1, ts=datetime.fromisoformat("2026-03-29T00:30:00+00:00")))
    # The night in which clocks go forward: that day has 23 hours. No offset: the camera's time zone.
    asked = {"start": "2026-03-28 00:00:00", "stop": "2026-03-31 00:00:00", "bucket": "1d"}
    series = counting.get("/api/v1/processors/1/traffic/series", params=asked).json()
    assert [(one["start_at"], one["traffic"]) for one in series["buckets"]] == [
        ("2026-03-28T00:00:00+01:00", 0),
        ("2026-03-29T00:00:00+01:00", 1),
        ("2026-03-30T00:00:00+02:00", 0),
    ]
    assert [one["coverage"]["interval_s"] / 3600 for one in series["buckets"]] == [24, 23, 24]
    assert series["coverage"] == {"watched_s": 0.0, "interval_s": 71 * 3600.0, "share": 0.0}


def test_persons_at_a_moment_and_over_time(counting, store):
    counts = ((0, 2), (1800, 4))
    saved(
        store,
        *(
            an_event(processor_id=2, ts=noon(s), kind=EventKind.COUNT, value=n, zone=-1, track_id=0)
            for s, n in counts
        ),
    )
    observed(store, 1, NOON, timedelta(hours=1))
    people = counting.get("/api/v1/processors/2/objects?at=2026-03-02T12:40:00Z").json()
    assert (people["people_count"], people["counted_at"]) == (4, "2026-03-02T12:30:00Z")
    assert people["coverage"] == {"watched_s": 60.0, "interval_s": 60.0, "share": 1.0}
    before = counting.get("/api/v1/processors/2/objects?at=2026-03-01T00:00:00Z").json()
    assert (before["people_count"], before["coverage"]["share"]) == (None, 0.0)
    url = "/api/v1/processors/2/objects/series?start=2026-03-02T12:00:00Z&stop=2026-03-02T14:00:00Z"
    watched, unwatched = counting.get(url).json()["buckets"]
    assert (watched["mean"], watched["min"], watched["max"]) == (3.0, 2, 4)
    assert (unwatched["mean"], unwatched["min"], unwatched["max"]) == (None, None, None)
    assert unwatched["start_at"] == "2026-03-02T14:00:00+01:00"


def test_events_come_newest_first_and_page_by_page(counting, store):
    saved(store, *(an_event(processor_id=1, ts=noon(i), track_id=i + 1) for i in range(5)))
    seen, cursor, page = [], None, None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = counting.get("/api/v1/processors/1/events", params=params).json()
        seen += [event["track_id"] for event in page["events"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == ([5, 4, 3, 2, 1], None)
    assert page is not None
    assert page["coverage"]["interval_s"] == 0.0


def test_status_tells_live_watchers_from_dead_ones(counting, store):
    assert counting.get("/api/v1/cameras/1/status").json()["text"] == "Never watched so far"
    with watched(store, 1, detail="2 of 9 frames late"):
        status = counting.get("/api/v1/cameras/1/status").json()
        assert (status["watching"], status["state"], status["mood"]) == (True, "watching", "good")
        assert (status["detail"], status["lag_s"]) == ("2 of 9 frames late", 2.0)
        overview = counting.get("/api/v1/status").json()["cameras"][0]
        ages = [one["watcher"].pop("heartbeat_age_s") for one in (overview["status"], status)]
        assert max(ages) < 60
        assert overview["status"] == status
        assert overview["coverage_text"] == "Nothing analysed yet today"
    status = counting.get("/api/v1/cameras/1/status").json()
    assert (status["watching"], status["state"]) == (False, "not_watched")
    assert status["text"].startswith("Not watched since ")
    assert status["not_watched_since"] is not None


def test_a_camera_of_films_was_watched_as_far_as_they_reach(counting, store):
    seen = Observation(camera_id=1, from_at=noon(), to_at=noon(600), frames_wanted=1200, frames_detected=1200)
    with store.transaction() as tx:
        watching.add_observations(tx, [seen])
    status = counting.get("/api/v1/cameras/1/status").json()
    assert status["text"] == "Not watched since 2 Mar 2026, 13:10"
    assert status["not_watched_since"] == "2026-03-02T12:10:00Z"
    assert counting.get("/api/v1/status").json()["cameras"][0]["status"] == status


def test_a_camera_that_fails_again_and_again_says_why_and_when_it_is_tried_again(counting, store):
    failure = WatcherFailure(
        camera_id=1,
        run_id="x",
        failed_at=noon(),
        bad_ends=6,
        reason="the stream is no video",
        next_try_at=noon(300),
    )
    with store.transaction() as tx:
        write_failure(tx, failure)
    status = counting.get("/api/v1/cameras/1/status").json()
    assert (status["state"], status["mood"], status["watching"]) == ("failed", "bad", False)
    assert status["detail"].startswith("the stream is no video (6 times; tried again at ")
    assert status["text"].startswith("Watching fails again and again")
    assert counting.get("/api/v1/status").json()["cameras"][0]["status"] == status
    with watched(store, 1):
        assert counting.get("/api/v1/cameras/1/status").json()["state"] == "watching"


def test_figures_are_never_zero_where_nobody_looked(counting, store):
    traffic, people = counting.get("/api/v1/status").json()["cameras"][0]["processors"]
    assert (traffic["traffic_today"], traffic["value_text"], traffic["is_current"]) == (None, "–", False)
    assert (people["people_count"], people["value_text"], people["is_current"]) == (None, "–", False)


@pytest.mark.parametrize(("came", "left"), [(1200, 3), (0, 2)])
def test_status_and_page_say_how_many_came_in_and_went_out_today(counting, store, came, left):
    today = midnight(now(), ZoneInfo("Europe/Paris")) + timedelta(microseconds=1)
    yesterday = today - timedelta(microseconds=1)
    for ts, kind, value in (
        (today, EventKind.ENTER, came),
        (today, EventKind.EXIT, left),
        (yesterday, EventKind.ENTER, 50),
        (yesterday, EventKind.EXIT, 70),
    ):
        saved(store, an_event(processor_id=1, ts=ts, kind=kind, value=value))
    traffic, _ = counting.get("/api/v1/status").json()["cameras"][0]["processors"]
    assert (traffic["traffic_today"], traffic["traffic_out_today"]) == (came, left)
    assert (traffic["value_text"], traffic["caption"]) == (f"{came:,}", f"came in today, {left} went out")
    assert traffic["caption"] in counting.get("/").text


def test_a_snapshot_of_a_camera_that_does_not_respond_says_so(counting):
    found = problem(counting.get("/api/v1/cameras/1/snapshot.jpg"), 503)
    assert found["detail"] == "the camera does not respond"
    problem(counting.get("/api/v1/cameras/9/snapshot.jpg"), 404)


HOSTILE_CAMERAS: list[Any] = [
    {}, [], None, 1, "x", {"name": "a"}, {"name": 1, "stream_url": "http://x/"},
    {"name": "", "stream_url": "http://x/"}, {"name": "a" * 201, "stream_url": "http://x/"},
    {"name": "a\x00b", "stream_url": "http://x/"}, {"name": "a\nb", "stream_url": "http://x/"},
    {"name": "a", "stream_url": "gopher://x/"}, {"name": "a", "stream_url": "x" * 5000},
    {"name": "a", "stream_url": "http://x/", "watch_fps": "2"},
    {"name": "a", "stream_url": "http://x/", "watch_fps": 0},
    {"name": "a", "stream_url": "http://x/", "watch_fps": 1e300},
    {"name": "a", "stream_url": "http://x/", "watch_rows": 0},
    {"name": "a", "stream_url": "http://x/", "watch_rows": 1.5},
    {"name": "a", "stream_url": "http://x/", "jpeg_quality": 49},
    {"name": "a", "stream_url": "http://x/", "jpeg_quality": 101},
    {"name": "a", "stream_url": "http://x/", "motion_gate": "yes"},
    {"name": "a", "stream_url": "http://x/", "motion_recheck_s": 0.5},
    {"name": "a", "stream_url": "http://x/", "motion_recheck_s": 301},
    {"name": "a", "stream_url": "http://x/", "time_zone": "../../etc/passwd"},
    {"name": "a", "stream_url": "http://x/", "time_zone": "Mars/Olympus"},
    {"name": "a", "stream_url": "http://x/", "enabled": 1},
    {"name": "a", "stream_url": "http://x/", "enable": True},
    {"name": "a", "stream_url": "http://x/", "camera_id": 7},
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE_CAMERAS)
def test_a_camera_that_means_nothing_is_refused_and_nothing_changes(client, body):
    problem(client.post("/api/v1/cameras", json=body), 400)
    assert client.get("/api/v1/cameras").json() == []


HOSTILE_PROCESSORS: list[Any] = [
    {"kind": "traffic"}, {"kind": "no such"}, {"kind": "../objects"}, {"kind": "objects", "threshold": 2},
    {"kind": "objects", "threshold": True}, {"kind": "objects", "zones": "[[[0, 0], [1"},
    {"kind": "objects", "zones": [[[0, 0], [2, 0], [1, 1]]]}, {"kind": "objects", "zones": 7},
    {"kind": "objects", "zones": [[[0, 0], [1, 1]]]}, {"kind": "objects", "anchor": "hat"},
    {"kind": "objects", "zones": [[["0", 0], [1, 0], [1, 1]]]}, {"kind": "objects", "version": 3},
    {"kind": "objects", "zones": [{"name": 1, "corners": SQUARE}]},
    {"kind": "objects", "zones": [{"name": "a\x00", "corners": SQUARE}]},
    {"kind": "objects", "zones": '[{"name": "\\ud800", "corners": [[0, 0], [1, 0], [1, 1]]}]'},
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE_PROCESSORS)
def test_a_processor_that_means_nothing_is_refused_and_nothing_changes(counting, body):
    before = counting.get("/api/v1/cameras/1/processors").json()
    problem(counting.post("/api/v1/cameras/1/processors", json=body), 400)
    assert counting.get("/api/v1/cameras/1/processors").json() == before


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("processors/1/traffic", 400),
        ("processors/1/traffic?start=yesterday", 400),
        ("processors/1/traffic?start=2020-01-02T00:00:00Z&stop=2020-01-01T00:00:00Z", 400),
        ("processors/1/traffic?start=0001-01-01T00:00:00Z", 400),
        ("processors/2/traffic?start=2020-01-01T00:00:00Z", 400),
        ("processors/1/traffic/series?start=2020-01-01T00:00:00Z&bucket=1m", 400),
        ("processors/1/traffic/series?start=2020-01-01T00:00:00Z&bucket=1'--", 400),
        ("processors/1/objects", 400),
        ("processors/1/events?limit=0", 400),
        ("processors/1/events?limit=1001", 400),
        ("processors/1/events?limit=ten", 400),
        ("processors/1/events?cursor='; DROP TABLE camera --", 400),
        ("processors/1/events?cursor=2020-01-01T00:00:00%2B00:00~enter~99999~1", 400),
        ("processors/1/events?cursor=2020-01-01T00:00:00%2B00:00~enter~1~99999999999999999999", 400),
        ("processors/99/traffic?start=2020-01-01T00:00:00Z", 404),
        ("processors/99999999999999999999/events", 404),
        ("processors/0", 404),
        ("processors/-1", 404),
        ("processors/1%20OR%201=1", 404),
        ("cameras/1;DELETE", 404),
        ("cameras/%2e%2e%2f1", 404),
        ("cameras/" + "9" * 5000, 404),
        ("nothing/here", 404),
    ],
)
def test_a_question_that_means_nothing_is_a_problem_that_says_so(counting, query, status):
    problem(counting.get(f"/api/v1/{query}"), status)


@pytest.mark.parametrize(
    ("path", "body", "field", "words"),
    [
        ("cameras", {"name": "a\nb", "stream_url": "http://x/"}, "name", "without control characters"),
        ("cameras", {"name": "a", "stream_url": "rtsp://u:p/w@x/"}, "stream_url", "%2F"),
        ("cameras", {"name": "a", "stream_url": "rtsp://x:99999/"}, "stream_url", "up to 65535"),
        ("cameras/1/processors", {"kind": "hats"}, "kind", "traffic, objects, faces"),
        (
            "cameras/1/processors",
            {"kind": "objects", "zones": [{"name": "a\x00", "corners": SQUARE}]},
            "zones",
            "zero bytes",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words_and_beside_its_field(counting, path, body, field, words):
    found = problem(counting.post(f"/api/v1/{path}", json=body), 400)
    assert words in found["detail"]
    assert found["errors"] == [{"field": field, "message": found["detail"]}]


def test_a_parameter_that_means_nothing_is_called_by_its_own_name(counting):
    asked = "/api/v1/processors/1/traffic/series?start=2020-01-01T00:00:00Z&bucket=1w&format=xml"
    assert problem(counting.get(asked), 400)["errors"][0]["key"] == "format"


@pytest.mark.parametrize("question", ["traffic", "traffic/series", "dwell", "events"])
def test_a_parameter_that_is_misspelt_is_not_left_out_silently(counting, question):
    asked = f"/api/v1/processors/1/{question}?start=2020-01-01T00:00:00Z"
    assert counting.get(f"{asked}&stop=2020-01-02T00:00:00Z").status_code == 200
    found = problem(counting.get(f"{asked}&end=2020-01-02T00:00:00Z"), 400)
    assert found["detail"] == "no such parameter: end"


def test_a_missing_parameter_is_named(counting):
    assert "'start'" in problem(counting.get("/api/v1/processors/1/traffic"), 400)["detail"]


@pytest.mark.parametrize("path", ["/nothing", "/trafficjam", "/api/v2", "/static/x.js"])
def test_an_unknown_address_is_a_problem_too(client, path):
    problem(client.get(path), 404)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"name": "a", "watch_fps": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"name": ' + b'{"a":' * 50_000, 400),
        (b"\xff\xfe\x00", 400),
        (b"name=a&stream_url=http://x/", 400),
        (b'"' + b"a" * 1_100_000 + b'"', 413),
    ],
)
def test_a_body_that_is_none_is_a_problem_that_says_so(client, content, status):
    problem(client.post("/api/v1/cameras", content=content), status)
    assert client.get("/api/v1/cameras").json() == []


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/", "/api/v1/cameras", "/api/v1/cameras/77", "/nowhere"]
)
def test_head_is_answered_like_get_without_the_body(client, path):
    whole, head = client.get(path), client.head(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_a_method_nobody_offers_is_a_405(client):
    assert client.head("/traffic").status_code == 405
    problem(client.put("/api/v1/cameras", json={}), 405)
    problem(client.delete("/api/v1/status"), 405)


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(tmp_path):
    with api(NO_DATABASE, tmp_path) as client:
        reply = client.get("/api/v1/cameras")
        assert problem(reply, 503)["detail"].startswith("the database is not available")
        assert reply.headers["retry-after"] == "2"
        assert "hush" not in reply.text
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        page = client.get("/")
        assert (page.status_code, "The database does not answer" in page.text) == (503, True)
        assert "hypersight_database_up 0.0" in client.get("/metrics").text


def test_metrics_count_requests_by_route_and_say_who_is_watched(counting, store):
    counting.get("/api/v1/cameras/1")
    counting.get("/api/v1/cameras/2")
    with watched(store, 1):
        text = counting.get("/metrics").text
    assert 'hypersight_camera_watching{camera_id="1"} 1.0' in text
    assert 'hypersight_camera_lag_seconds{camera_id="1"} 2.0' in text
    route = 'method="GET",route="/api/v1/cameras/{camera_id}"'
    assert f'hypersight_api_requests_total{{{route},status="200"}} 1.0' in text
    assert f'hypersight_api_requests_total{{{route},status="404"}} 1.0' in text
    assert "secret" not in text


def test_the_description_of_the_api_names_every_call_and_needs_no_other_site(client):
    described = client.get("/schema/openapi.json").json()
    assert {"/traffic", "/objects", "/statusWatch", "/getFrame", "/api/v1/cameras"} <= set(described["paths"])
    body = described["paths"]["/traffic"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"proc_id", "start_ts", "stop_ts"}
    camera = described["paths"]["/api/v1/cameras"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert MOSAIC_HELP in camera["properties"]["watch_rows"]["description"]
    assert MOSAIC_HELP in camera["properties"]["watch_cols"]["description"]
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            assert call.get("description"), f"{method} {path} has no description"
    page = client.get("/schema").text
    assert "://" not in page
    assert "/api/v1/cameras/test-connection" in page


def test_a_database_without_our_tables_is_a_503_that_says_what_to_do(empty_database_url, tmp_path):
    with api(empty_database_url, tmp_path) as client:
        assert client.get("/readyz").status_code == 200
        assert "hypersight migrate" in problem(client.get("/api/v1/cameras"), 503)["detail"]
