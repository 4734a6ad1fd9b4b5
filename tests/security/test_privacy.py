"""What must leave no trace."""

import base64
from datetime import timedelta

import pytest
import sqlalchemy as sa
from websockets.sync.client import connect

from hypersight_core.live.publisher import FacesPublisher
from hypersight_core.store import cameras, processors
from hypersight_core.store.tables import metadata
from tests.builders import an_event, camera_settings, noon, processor_settings
from tests.integration.test_api_process import seen
from tests.serving import api_process, observed, saved

pytestmark = pytest.mark.integration

FACE = b"\xff\xd8 a face that nobody may find again \xff\xd9"


def contents(store) -> str:
    """Return every row of every table of ours as text."""
    with store.transaction() as tx:
        rows = [row for table in metadata.sorted_tables for row in tx.execute(sa.select(table)).all()]
    return "\n".join(map(repr, rows))


def test_a_face_that_was_broadcast_is_nowhere_afterwards(store, database_url, tmp_path):
    with api_process(database_url, tmp_path, HYPERSIGHT_LIVE_TOKEN="live") as process:
        publisher = FacesPublisher(process.url(""), "live")
        with connect(process.url("/faces", "ws"), compression=None) as viewer:
            viewer.send("client")
            assert viewer.recv(timeout=5) == "OK"
            publisher.publish(seen(1, FACE))
            assert base64.b64encode(FACE).decode() in str(viewer.recv(timeout=5))
        publisher.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    traces = contents(store) + written.decode("latin-1") + "".join(process.log)
    for trace in (FACE.decode("latin-1"), base64.b64encode(FACE).decode(), FACE.hex()):
        assert trace not in traces


def test_no_column_could_hold_a_face():
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    }
    assert binary == {"access_token.token_hash", "validation.picture"}


def test_a_purged_camera_is_in_no_table(store):
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings())
        processor = processors.create_processor(tx, camera.camera_id, processor_settings())
    saved(store, an_event(processor_id=processor.processor_id))
    observed(store, camera.camera_id, noon(), timedelta(minutes=5))
    with store.transaction() as tx:
        cameras.delete_camera(tx, camera.camera_id)
        cameras.delete_camera(tx, camera.camera_id, purge=True)
        left = {
            table.name: tx.scalar(sa.select(sa.func.count()).select_from(table))
            for table in metadata.sorted_tables
            if {"camera_id", "processor_id"} & set(table.columns.keys())
        }
    assert set(left.values()) == {0}, left
