"""A kind that was registered is taken everywhere, without another word."""

from types import MappingProxyType

import pytest

from examples.queue_processor import Queue
from hypersight_core.domain.events import EventKind
from hypersight_core.processors import registry
from hypersight_core.processors.registry import Kind, Measure
from hypersight_core.store import cameras
from tests.builders import NOON, an_event, camera_settings
from tests.serving import api, saved

pytestmark = pytest.mark.integration


def test_the_api_adds_asks_and_shows_a_new_kind(store, database_url, tmp_path, monkeypatch):
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings())
    with api(database_url, tmp_path) as client:
        new = {"kind": "queue", "name": "Checkout", "zones": [[[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]]}
        assert client.post("/api/v1/cameras/1/processors", json=new).status_code == 400
        more = MappingProxyType({**registry.KINDS, "queue": Kind(Queue, Measure.PRESENCE)})
        monkeypatch.setattr(registry, "KINDS", more)
        assert client.post("/api/v1/cameras/1/processors", json=new).status_code == 201
        saved(store, an_event(processor_id=1, kind=EventKind.COUNT, value=3, zone=-1, track_id=0))
        at = {"at": NOON.isoformat()}
        assert client.get("/api/v1/processors/1/objects", params=at).json()["people_count"] == 3
        assert (
            client.post("/objects", json={"proc_id": 1, "ts": "2026-03-02 12:00:00"}).json()["err"] is False
        )
        wrong = client.get("/api/v1/processors/1/traffic", params={"start": "2026-03-02"})
        assert wrong.status_code == 400
        assert "says nothing about traffic" in wrong.json()["detail"]
        assert "Checkout" in client.get("/").text
