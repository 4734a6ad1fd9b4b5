import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from hypersight_api.faces.hub import FacesHub
from hypersight_api.faces.schemas import FacesMessage
from hypersight_core.domain.faces import Face, FacesInFrame
from hypersight_core.live.wire import faces_message, message_text

SEEN = FacesInFrame(
    camera_id=1,
    camera_url="http://user:secret@camera.invalid/live.m3u8",
    frame_at=datetime(2026, 3, 2, 13, 0, 0, 5, tzinfo=timezone(timedelta(hours=1))),
    faces=(Face((10.4, 20.6, 30.0, 40.0), 0.98, b"\xff\xd8jpeg"),),
)


def test_a_message_is_the_one_the_field_knows_byte_for_byte():
    img = base64.b64encode(b"\xff\xd8jpeg").decode()
    assert message_text(faces_message(SEEN)) == (
        '{"frame_ts": "2026-03-02 12:00:00.000005", "container": "jpg", "camera_id": "1", '
        '"camera_url": "http://camera.invalid/live.m3u8", '
        '"faces": [{"bbox": [10, 21, 30, 40], "conf": 0.98, "img": "' + img + '"}]}'
    )


def test_what_a_watcher_posts_is_passed_on_unchanged():
    text = message_text(faces_message(SEEN))
    assert msgspec.json.decode(text, type=FacesMessage).text() == text


def test_credentials_are_taken_out_whoever_sends_them():
    message = faces_message(SEEN) | {"camera_url": "rtsp://user:secret@camera.invalid/1"}
    passed_on = msgspec.json.decode(json.dumps(message), type=FacesMessage).text()
    assert "secret" not in passed_on
    assert json.loads(passed_on)["camera_url"] == "rtsp://camera.invalid/1"


@pytest.mark.parametrize(
    "change",
    [
        {"camera_id": 1}, {"camera_id": "../1"}, {"faces": []}, {"container": "exe"}, {"more": 1},
        {"frame_ts": "now"}, {"faces": [{"bbox": [1, 2, 3], "conf": 0.5, "img": ""}]},
        {"faces": [{"bbox": [1, 2, 3, 4], "conf": 2, "img": ""}]},
        {"faces": [{"bbox": [1, 2, 3, 4], "conf": 0.5, "img": "<script>"}]},
    ],
)  # fmt: skip
def test_anything_else_is_not_passed_on(change):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(faces_message(SEEN) | change), type=FacesMessage)


def test_a_viewer_that_is_behind_loses_its_oldest_messages_and_no_other_viewer_does():
    async def scene() -> tuple[list[str], list[str]]:
        hub = FacesHub(waiting=3)
        with hub.join() as slow, hub.join() as quick:
            seen_by_quick = []
            for number in range(10):
                hub.broadcast(str(number))
                seen_by_quick.append(await quick.next())
            return [await slow.next() for _ in range(3)], seen_by_quick

    slow, quick = asyncio.run(scene())
    assert slow == ["7", "8", "9"]
    assert quick == [str(number) for number in range(10)]


def test_a_viewer_waits_for_the_next_message_and_leaves_no_trace():
    async def scene() -> tuple[str, int]:
        hub = FacesHub()
        with hub.join() as viewer:
            waiting = asyncio.create_task(viewer.next())
            await asyncio.sleep(0)
            hub.broadcast("face")
            message = await asyncio.wait_for(waiting, 1)
        return message, hub.viewer_count

    assert asyncio.run(scene()) == ("face", 0)


def test_frame_times_are_utc():
    assert faces_message(SEEN)["frame_ts"].startswith(SEEN.frame_at.astimezone(UTC).strftime("%Y-%m-%d %H:"))
