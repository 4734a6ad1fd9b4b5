"""What a watcher leaves of the last minutes: trying the zones it counts by gives what it counted."""

import pytest

from hypersight_api.services import now
from hypersight_core.redaction import redacted
from hypersight_core.store import cameras, processors
from hypersight_core.store.recent import recent_folder, recent_segments
from tests.integration.test_watcher import Watcher, camera, detector, eventually, film, one  # noqa: F401
from tests.serving import api

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_the_zones_a_watcher_counts_by_are_tried_with_the_very_events_it_counted(one, database_url):  # noqa: F811
    with Watcher(one):
        eventually(lambda: len(one.events("exit")) >= 4, within_s=60)
    with one.store.transaction() as tx:
        watched = cameras.get_camera(tx, one.camera_id)
        traffic = processors.get_processor(tx, one.traffic_id)
    var_dir = one.settings.var_dir
    segments = recent_segments(var_dir, one.camera_id, redacted(watched.stream_url), now())
    counted = {
        (row["ts"], row["kind"]) for row in one.events() if row["processor_id"] == traffic.processor_id
    }
    until = max(segment.stop_at for segment in segments)
    with api(database_url, var_dir) as client:
        asked = {"kind": "traffic", "zones": [zone.corners_rel for zone in traffic.zones]}
        found = client.post(f"/api/v1/cameras/{one.camera_id}/try-zones", json=asked).json()
    tried = {(one_["ts"], one_["kind"]) for one_ in found["sightings"]}
    assert tried == {(ts.isoformat().replace("+00:00", "Z"), kind) for ts, kind in counted if ts <= until}
    assert len(tried) >= 8
    assert found["watched_s"] == pytest.approx(one.seen_s(), abs=0.1)
    assert b"jpeg" not in b"".join(path.read_bytes() for path in recent_folder(var_dir, 1).iterdir())
