"""Zones before they are saved, over HTTP."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hypersight_core.domain.recent import RecentSegment
from hypersight_core.store import cameras, processors
from hypersight_core.store.recent import RecentDetections
from tests.builders import camera_settings
from tests.serving import api
from tests.unit.test_trial import a_walk

pytestmark = pytest.mark.integration

SCENE = "http://camera.invalid/live.m3u8"
SQUARE = [[0.4, 0.0], [0.6, 0.0], [0.6, 1.0], [0.4, 1.0]]
BOW_TIE = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]


@pytest.fixture
def client(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    with api(database_url, tmp_path) as client:
        yield client


def check(client: Any, zones: Any) -> Any:
    reply = client.post("/api/v1/zones/check", json={"zones": zones})
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("zones", [[SQUARE], json.dumps([SQUARE]), [{"name": "", "corners": SQUARE}]])
def test_both_forms_are_read_and_both_come_back(client, zones):
    found = check(client, zones)
    assert found["can_be_used"] is True
    assert found["zones"] == [{"name": "", "corners": SQUARE}]
    assert json.loads(found["text"]) == [SQUARE]


@pytest.mark.parametrize(
    ("zone", "fault", "words"),
    [
        (BOW_TIE, "crossing", "edges 1 and 3"), ([[0.1, 0.1]], "corners", "3 to"), ([], "corners", "3 to"),
        ([[0.1, 0.1], [1.2, 0.1], [0.5, 0.5]], "outside", "0 to 1"),
        ([[0.1, 0.1], [0.11, 0.1], [0.1, 0.11]], "tiny", "too small"),
        ([[0.1, 0.1], [0.101, 0.1]], "tiny", "too short"),
        ([[0.1, 0.1], [0.5, 0.1], [0.1, 0.1], [0.5, 0.5]], "repeated", "same point"),
        ([["a", 1], [2, 3], [4, 5]], "form", "two numbers"), ("door", "form", "list of corners"),
    ],
)  # fmt: skip
def test_each_bad_zone_is_named_with_its_reason_and_the_good_ones_stay(client, zone, fault, words):
    found = check(client, [SQUARE, zone])
    assert found["can_be_used"] is False
    (problem,) = found["problems"]
    assert (problem["zone"], problem["fault"]) == (1, fault)
    assert words in problem["message"]
    assert found["zones"] == [{"name": "", "corners": SQUARE}]


def test_a_crossing_says_which_two_edges(client):
    (problem,) = check(client, [BOW_TIE])["problems"]
    assert problem["places"] == [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]


def test_two_points_are_a_line(client):
    assert check(client, [[[0.1, 0.5], [0.9, 0.5]]])["can_be_used"] is True


@pytest.mark.parametrize("zones", ["[[[", "7", [[SQUARE]] * 101])
def test_what_is_no_list_of_zones_is_a_problem_with_its_field(client, zones):
    reply = client.post("/api/v1/zones/check", json={"zones": zones})
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["field"] == "zones"


def test_a_zone_too_small_for_anybody_is_not_saved(client, store):
    body = {"kind": "traffic", "zones": [[[0.1, 0.1], [0.11, 0.1], [0.1, 0.11]]]}
    reply = client.post("/api/v1/cameras/1/processors", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (400, "zones")


def remembered(tmp_path) -> None:
    kept = RecentDetections(tmp_path, 1)
    for one in a_walk():
        kept.append(
            RecentSegment(SCENE, one.start_at, one.stop_at, one.is_continuous, one.frames_wanted, one.frames),
            datetime.now(UTC),
        )


def test_a_zone_is_tried_on_the_last_minutes_and_nothing_is_saved(client, store, tmp_path):
    remembered(tmp_path)
    body = {"kind": "traffic", "zones": [[[0.5, 1.0], [0.5, 0.0]]]}
    reply = client.post("/api/v1/cameras/1/try-zones", json=body)
    found = reply.json()
    assert reply.status_code == 200, reply.text
    assert (found["entered"], found["left"], found["watched_s"]) == (2, 2, 24.0)
    assert found["text"] == "2 in, 2 out, in 24 s watched"
    assert [one["kind"] for one in found["sightings"]] == ["cross_in", "cross_out"] * 2
    assert found["sightings"][0]["place"][0] == pytest.approx(0.5, abs=0.12)
    with store.transaction() as tx:
        assert processors.list_processors(tx) == []


def test_persons_are_tried_too(client, tmp_path):
    remembered(tmp_path)
    found = client.post("/api/v1/cameras/1/try-zones", json={"kind": "objects", "zones": [SQUARE]}).json()
    assert found["people_max"] == 1
    assert found["people_mean"] == pytest.approx(0.25, abs=0.06)
    assert found["text"].startswith("1 person at most")


def test_without_recent_data_it_says_so(client):
    found = client.post("/api/v1/cameras/1/try-zones", json={"kind": "objects"}).json()
    assert found["has_data"] is False
    assert "not watched in the last ten minutes" in found["text"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "faces"}, 400), ({"kind": "traffic"}, 400), ({"kind": "traffic", "zones": [BOW_TIE]}, 400),
        ({"kind": "objects", "zones": [[[0.1, 0.1], [0.5, 0.5]]]}, 400), ({}, 400), ({"kind": "nope"}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_says_why(client, body, status):
    reply = client.post("/api/v1/cameras/1/try-zones", json=body)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"


def test_an_unknown_camera_is_a_404(client):
    assert client.post("/api/v1/cameras/9/try-zones", json={"kind": "objects"}).status_code == 404
