"""Administering cameras in a browser, against the running system and the demo's simulated cameras."""

import re
from typing import Any

import numpy as np
import pytest
import simplejpeg
from playwright.sync_api import expect

from tests.browser.accessibility import assert_accessible
from tests.browser.administering import SLOW_MS, click, drag, open_editor, show_editor, zones_of
from tests.browser.chromium import visit
from tests.e2e.running_demo import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(540)]

YARD = ((0.38, 0.29), (0.9, 0.28), (0.9, 0.62), (0.38, 0.6))


def add_camera(page, stream_url: str) -> int:
    """Add a camera through the form, after a test of its connection."""
    page.goto("/admin")
    page.get_by_role("link", name="Add a camera").click()
    page.get_by_label("Name", exact=True).fill("Side door")
    page.get_by_label("Address of the stream").fill(stream_url)
    page.get_by_role("button", name="Test connection").click()
    report = page.locator("#report")
    expect(report).to_contain_text("The connection works", timeout=SLOW_MS)
    for fact in ("768 × 576", "H264", "program date time"):
        expect(report).to_contain_text(fact)
    picture = report.get_by_role("img", name="What the camera sees now")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 768
    assert_accessible(page)
    page.get_by_label("Frames to look at a second").fill("3.5")
    page.get_by_role("button", name="Add camera").click()
    expect(page.get_by_role("heading", name="Side door")).to_be_visible()
    return int(page.url.rsplit("/", 1)[1])


def add_processor(page) -> int:
    """Draw a zone with the mouse, from the camera's page on, and save it."""
    page.get_by_role("link", name="Add a processor").click()
    show_editor(page)
    page.get_by_role("button", name="Draw zone").click()
    for corner in (*YARD, YARD[0]):
        click(page, *corner)
    expect(page.locator("#said")).to_have_text("Zone added")
    page.get_by_label("Name of zone 1").fill("yard")
    page.get_by_role("button", name="Add processor").click()
    expect(page.get_by_role("heading", name="Traffic")).to_be_visible()
    return int(re.findall(r"processors/(\d+)", page.url)[0])


def delete_camera(page, camera_id: int) -> None:
    """Delete a camera and its events, after thinking again once."""
    page.goto(f"/admin/cameras/{camera_id}")
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Delete camera").click()
    expect(dialog).to_contain_text("Delete camera “Side door”?")
    expect(dialog).to_contain_text("Keep it in the database until retention")
    assert_accessible(page)
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete camera").click()
    dialog.get_by_label("Delete it, too, for good").check()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/admin")


def test_a_stranger_adds_a_camera_draws_a_zone_sees_the_count_rise_and_changes_it_meanwhile(page, api):
    camera_id = add_camera(page, api.stream())
    processor_id = add_processor(page)
    (zone,) = zones_of(api, processor_id)
    assert zone["name"] == "yard"
    for drawn, wanted in zip(zone["corners"], YARD, strict=True):
        assert drawn == pytest.approx(wanted, abs=0.01)
    effect = page.locator("#effect")
    expect(effect).to_contain_text("In use: version 1", timeout=SLOW_MS)

    def counted() -> Any:
        return api.get(f"/api/v1/processors/{processor_id}/traffic?start=2020-01-01T00:00:00Z")["traffic"]

    first = eventually(counted, within_s=180, what="somebody walked into the zone that was drawn")

    open_editor(page, processor_id)
    drag(page, tuple(zone["corners"][0]), (0.3, 0.35))
    page.get_by_role("button", name="Save").click()
    expect(effect).to_contain_text("In use: version 2", timeout=SLOW_MS)
    status = api.get(f"/api/v1/cameras/{camera_id}/status")
    assert status["config"]["processors"][str(processor_id)] == 2
    eventually(lambda: counted() > first, within_s=180, what="it goes on counting")

    def somebody_went_in() -> bool:
        page.get_by_role("button", name="Try on the last ten minutes").click()
        trial = page.locator("#trial")
        expect(trial).to_contain_text(re.compile(r"\d+ in, \d+ out, in "), timeout=SLOW_MS)
        return not trial.inner_text().startswith("0 in")

    eventually(somebody_went_in, within_s=60, what="the film has some seconds without anybody")
    expect(page.locator(".mark")).not_to_have_count(0)
    assert_accessible(page)

    delete_camera(page, camera_id)
    assert camera_id not in [one["camera_id"] for one in api.get("/api/v1/cameras")]


def test_a_stream_that_does_not_answer_says_what_to_do_and_shows_no_secret(page):
    page.goto("/admin/cameras/new")
    page.get_by_label("Address of the stream").fill("rtsp://user:hush-hush@127.0.0.1:9/stream")
    page.get_by_role("button", name="Test connection").click()
    report = page.locator("#report")
    expect(report).to_contain_text("This stream cannot be watched", timeout=SLOW_MS)
    expect(report).to_contain_text("Check host name and port")
    assert "hush-hush" not in report.inner_text()


def test_errors_stand_beside_their_fields_and_the_first_gets_the_focus(page):
    page.goto("/admin/cameras/new")
    page.get_by_label("Name", exact=True).fill("x")
    page.get_by_label("Address of the stream").fill("ftp://x")
    page.get_by_role("button", name="Add camera").click()
    field = page.get_by_label("Address of the stream")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#problem-stream_url")).to_contain_text("must start with one of")
    field.fill("http://192.0.2.1/live.m3u8")
    page.get_by_label("Time zone").fill("Mars/Base")
    page.get_by_role("button", name="Add camera").click()
    expect(page.locator("#problem-time_zone")).to_contain_text("no IANA time zone")
    expect(page.locator("#problem-stream_url")).to_be_hidden()
    page.get_by_label("Frames to look at a second").fill("400")
    page.get_by_role("button", name="Add camera").click()
    expect(page.locator("#problem-watch_fps")).to_be_visible()
    assert_accessible(page)


def test_persons_are_blurred_by_a_tick_and_the_test_of_the_connection_minds_it(page, api, camera_id):
    page.goto(f"/admin/cameras/{camera_id}")
    tick = page.get_by_label("Blur persons")
    expect(tick).not_to_be_checked()
    tick.check()
    page.get_by_role("button", name="Test connection").click()
    picture = page.locator("#report").get_by_role("img", name="What the camera sees now")
    expect(picture).to_be_visible(timeout=SLOW_MS)
    jpeg = page.request.get(str(picture.evaluate("image => image.src"))).body()
    block = simplejpeg.decode_jpeg(jpeg, "GRAY")[100:140, 100:140, 0].astype(int)
    assert np.ptp(block) < 10, "blocks of 48 pixels have one colour each"
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#effect")).not_to_be_empty(timeout=SLOW_MS)
    assert api.get(f"/api/v1/cameras/{camera_id}")["blur_persons"] is True
    page.reload()
    expect(page.get_by_label("Blur persons")).to_be_checked()
    assert_accessible(page)


def test_a_switch_in_the_list_switches(page, api, camera_id, processor_id):
    page.goto("/admin")
    card = page.locator(f'[data-camera="{camera_id}"]')
    switch = card.get_by_role("switch", name="Traffic")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    assert api.get(f"/api/v1/processors/{processor_id}")["enabled"] is False


def test_a_camera_that_is_away_is_edited_on_its_last_picture_or_on_none(page, api):
    made = api.post("/api/v1/cameras", name="Away", stream_url="http://127.0.0.1:9/live.m3u8", enabled=False)
    try:
        page.goto(f"/admin/cameras/{made['camera_id']}/processors/new")
        show_editor(page, note="Zones can be drawn all the same")
        page.get_by_role("button", name="Draw line").click()
        drag(page, (0.2, 0.5), (0.8, 0.5))
        page.get_by_role("button", name="Add processor").click()
        expect(page.locator("#effect")).to_contain_text(
            "takes effect when the camera is watched", timeout=SLOW_MS
        )
    finally:
        api.delete(f"/api/v1/cameras/{made['camera_id']}?purge=true")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_accessible(browser, stack, camera_id, processor_id, theme):
    with visit(browser, stack.endpoints["api"], theme=theme) as page:
        for path in ("/admin", "/admin/cameras/new", f"/admin/cameras/{camera_id}"):
            page.goto(path)
            assert_accessible(page)
        open_editor(page, processor_id)
        assert_accessible(page)
