import json
import logging

import pytest

from hypersight_core.logs import FactsFormatter, JsonFormatter
from hypersight_core.redaction import redacted, redacted_text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://user:p%40ss@10.0.0.9:554/live", "rtsp://10.0.0.9:554/live"),
        ("http://cam/live.m3u8?token=abc&quality=2", "http://cam/live.m3u8?token=***&quality=2"),
        ("http://cam/live.m3u8", "http://cam/live.m3u8"),
        ("http://cam/a?X-Amz-Signature=1f#secret", "http://cam/a?X-Amz-Signature=***"),
        ("http://[broken", "***"),
        ("http://[::1]/live.m3u8", "http://[::1]/live.m3u8"),
        ("https://cdn/npm/@scope/a@1.0/live.m3u8", "https://cdn/npm/@scope/a@1.0/live.m3u8"),
        ("http://cam/snap?usr=admin&pw=hush&wpw=1", "http://cam/snap?usr=admin&pw=***&wpw=1"),
        ("rtsp://cam/user=admin_password=hush_channel=1.sdp", "rtsp://cam/user=admin_password=***"),
        ("http://cam/a;pwd=hush/b", "http://cam/a;pwd=***/b"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert redacted(url) == shown


@pytest.mark.parametrize("sign", ["#", "/", "?", '"', "'", "[", "@", "<", ":"])
@pytest.mark.parametrize("first", ["hush", "1234"])
def test_a_password_nobody_escaped_is_not_shown_in_part(sign, first):
    url = f"rtsp://joe:{first}{sign}hush@cam/live"
    for shown in (redacted(url), redacted_text(f"cannot open '{url}': 401")):
        assert "hush" not in shown
        assert "1234" not in shown
        assert "joe" not in shown


def test_urls_inside_messages_are_redacted():
    text = "cannot open 'rtsp://admin:hunter2@cam/1': timed out"
    assert redacted_text(text) == "cannot open 'rtsp://cam/1': timed out"


def test_a_log_line_holds_its_facts_and_no_password():
    record = logging.makeLogRecord(
        {"name": "x", "levelname": "INFO", "msg": "opened", "url": "rtsp://admin:hunter2@cam/1"}
    )
    line = FactsFormatter().format(record)
    assert line.endswith("INFO x: opened | url=rtsp://cam/1")


def test_a_log_line_for_machines_is_one_object_with_its_facts_and_no_password():
    error = ValueError("rtsp://admin:hunter2@cam/1\nno answer")
    record = logging.makeLogRecord(
        {
            "name": "x", "levelname": "INFO", "msg": "opened %s", "args": ("rtsp://admin:hunter2@cam/1",),
            "created": 0.25, "frames": 8, "url": "rtsp://admin:hunter2@cam/1",
            "exc_info": (ValueError, error, None),
        }
    )  # fmt: skip
    line = JsonFormatter(camera_id=1, run_id="a3").format(record)
    assert "\n" not in line
    assert "hunter2" not in line
    said = json.loads(line)
    assert said.pop("traceback") == "ValueError: rtsp://cam/1\nno answer"
    assert said == {
        "ts": "1970-01-01T00:00:00.250Z", "level": "INFO", "logger": "x", "message": "opened rtsp://cam/1",
        "camera_id": 1, "run_id": "a3", "frames": 8, "url": "rtsp://cam/1",
    }  # fmt: skip
