"""What people read: all cameras, one of them, faces and watchers; on the running system."""

import contextlib
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
import simplejpeg
from playwright.sync_api import Page, expect

from hypersight_core.domain.faces import Face, FacesInFrame
from hypersight_core.live.publisher import FacesPublisher
from tests.browser.accessibility import assert_accessible
from tests.browser.chromium import PHONE, visit
from tests.e2e.running_demo import RunningDemo, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(540)]

PAGES = ("/", "/cameras/1?range=1h", "past", "/faces-wall", "/operations", "/schema")
MAX_PAGE_BYTES = 500_000
LINE_PIXELS = """canvas => {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = "var(--in)";
  const [red, green, blue] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
  probe.remove();
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    count += data[at] === red && data[at + 1] === green && data[at + 2] === blue;
  }
  return count;
}"""


def address(path: str, past_id: int) -> str:
    return f"/cameras/{past_id}?range=7d" if path == "past" else path


def drawn(page: Page) -> None:
    """Wait until every chart of the page is drawn."""
    for chart in page.locator(".chart").all():
        expect(chart.locator("canvas")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible(browser, stack, past_id, path, theme):
    with visit(browser, stack.endpoints["api"], theme=theme) as page:
        page.goto(address(path, past_id))
        drawn(page)
        assert_accessible(page)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_a_phone(browser, stack, past_id, path):
    with visit(browser, stack.endpoints["api"], viewport=PHONE, is_mobile=True, has_touch=True) as page:
        page.goto(address(path, past_id))
        drawn(page)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0


@pytest.mark.parametrize("path", [*PAGES, "/admin", "/admin/processors/1"])
def test_a_page_weighs_less_than_half_a_megabyte_without_its_pictures(browser, stack, past_id, path):
    with visit(browser, stack.endpoints["api"]) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        received: list[float] = []
        session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        films = re.compile(r"\.(jpg|ts|m3u8)(\?|$)")
        page.route(films, lambda route: route.abort())
        page.goto(address(path, past_id))
        drawn(page)
        page.wait_for_load_state("load")
    assert 5_000 < sum(received) < MAX_PAGE_BYTES


def test_the_overview_shows_the_count_rise_by_itself(page):
    page.goto("/")
    card = page.locator("article", has_text="Demo: walkway")
    value = card.locator(".value").first
    expect(card.locator(".state")).to_have_text("Watching", timeout=90_000)
    expect(value).to_have_text(re.compile(r"^[\d,]+$"), timeout=90_000)
    first = value.inner_text()
    expect(value).not_to_have_text(first, timeout=90_000)
    assert int(value.inner_text().replace(",", "")) > int(first.replace(",", ""))
    picture = card.locator("img")
    expect(picture).to_be_visible()
    width_px = "image => image.naturalWidth"
    eventually(lambda: picture.evaluate(width_px) > 0, within_s=30, what="the newest frame is shown")


def test_a_card_leads_to_its_camera_by_keyboard(page):
    page.goto("/")
    page.get_by_role("link", name="Demo: walkway").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cameras/1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Demo: walkway")


def test_the_preview_plays(page):
    page.goto("/cameras/1")
    video = page.locator("video").first
    eventually(
        lambda: video.evaluate("video => video.currentTime") > 0.5, within_s=60, what="the preview plays"
    )
    at_s = video.evaluate("video => video.currentTime")
    eventually(
        lambda: video.evaluate("video => video.currentTime") > at_s + 1, within_s=30, what="it goes on"
    )
    assert video.evaluate("video => video.videoWidth") > 0


def test_an_hour_alone_in_a_week_is_drawn(page):
    def is_drawn() -> bool:
        page.goto("/cameras/1?range=7d")
        drawn(page)
        return bool(page.locator("[data-kind=people] canvas").evaluate(LINE_PIXELS) > 3)

    eventually(is_drawn, within_s=90, what="the mean of the one hour that was watched")


def test_dragging_over_a_chart_shows_that_interval_and_the_address_carries_it(page, past_id):
    page.goto(f"/cameras/{past_id}?range=7d")
    drawn(page)
    whole = page.locator("[data-total=in]").inner_text()
    chart = page.locator(".u-over").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=5)
    page.mouse.up()
    page.wait_for_url("**start=**")
    expect(page.locator("[data-total=in]")).not_to_have_text(whole)
    title, part = (page.locator(at).inner_text() for at in ("#interval-title", "[data-total=in]"))
    assert 0 < int(part.replace(",", "")) < int(whole.replace(",", ""))

    page.reload()  # as somebody would who was sent the address
    expect(page.locator("#interval-title")).to_have_text(title)
    expect(page.locator("[data-total=in]")).to_have_text(part)
    page.go_back()
    expect(page.locator("[data-total=in]")).to_have_text(whole)


def test_an_interval_is_chosen_by_keyboard_too(page, past_id):
    page.goto(f"/cameras/{past_id}")
    page.get_by_role("link", name="Last 28 days").press("Enter")
    page.wait_for_url("**range=28d**")
    expect(page.get_by_role("link", name="Last 28 days")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("link", name="Last 28 days")).to_be_focused()


def test_the_figures_of_a_page_are_those_of_the_call_behind_them(page, stack, past_id):
    page.goto(f"/cameras/{past_id}?range=7d")
    link = page.get_by_role("link", name="totals").get_attribute("href")
    total = httpx.get(stack.endpoints["api"] + link, timeout=20).json()
    assert page.locator("[data-total=in]").inner_text() == f"{total['traffic']:,}"
    assert 0 < total["coverage"]["share"] < 1


def test_gaps_are_no_zeros_in_what_is_downloaded(page, past_id):
    page.goto(f"/cameras/{past_id}?range=7d&bucket=1h")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Parquet").nth(1).click()
    table = pq.read_table(waiting.value.path())
    rows = table.to_pylist()
    unseen = [row for row in rows if row["coverage"] == 0]
    assert len(rows) > 150
    assert len(unseen) >= 7  # hours when the camera was away, and when nobody watched
    assert {row["mean"] for row in unseen} == {None}
    assert all(row["mean"] is not None for row in rows if row["coverage"] == 1)


def test_the_events_of_the_interval_come_as_a_table(page, past_id):
    page.goto(f"/cameras/{past_id}?range=24h")
    shown = page.locator("#events-card tbody tr")
    assert shown.count() == 15
    newest = shown.first.inner_text()
    with page.expect_download() as waiting:
        page.locator("#events-card").get_by_role("link", name="CSV").click()
    lines = waiting.value.path().read_text().splitlines()
    assert lines[0].startswith("processor_id,ts,kind")
    assert len(lines) > 100
    page.get_by_role("link", name="Older").click()
    expect(shown.first).not_to_have_text(newest)
    expect(page.get_by_role("link", name="Newest")).to_be_visible()


def test_a_heat_map_of_the_live_camera_lies_over_its_frame(page):
    def cells() -> int:
        page.goto("/cameras/1?range=1h")
        return int(page.locator(".heat rect").count())

    eventually(lambda: cells() > 3, within_s=90, what="heat of the persons on the walkway")
    # in one step: the page above may still grow
    frame, heat = page.evaluate(
        "['.heat img', '.heat svg'].map(at => document.querySelector(at).getBoundingClientRect().toJSON())"
    )
    assert frame == heat


FACE_PX = np.full((40, 40, 3), (40, 90, 200), np.uint8)


def live_token(stack: RunningDemo) -> str:
    """Return the token the running system's API was started with."""
    for one in stack.family():
        with contextlib.suppress(psutil.Error):
            if "hypersight_api" in one.cmdline():
                return str(one.environ()["HYPERSIGHT_LIVE_TOKEN"])
    raise AssertionError("no API is running")


def test_the_wall_shows_a_face_that_is_published_and_keeps_nothing(page: Page, stack, past_id):
    page.goto("/faces-wall")
    expect(page.locator("#wall-state")).to_have_text("Live")
    publisher = FacesPublisher(stack.endpoints["api"], live_token(stack))
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(FACE_PX), colorspace="BGR")
    face = Face((1, 2, 3, 4), 0.87, jpeg)
    shown = page.locator(".wall li", has_text=f"Camera {past_id}")

    def arrived() -> bool:
        publisher.publish(FacesInFrame(past_id, "rtsp://camera.invalid/", datetime.now(UTC), (face,)))
        page.wait_for_timeout(300)
        return shown.count() > 0

    try:
        eventually(arrived, within_s=30, what="the face is on the wall")
    finally:
        publisher.close()
    expect(shown.first).to_contain_text("87 %")
    source = shown.first.locator("img").get_attribute("src")
    assert source is not None
    assert source.startswith("blob:")
    assert kept(page) == {"local": 0, "session": 0, "databases": 0, "caches": 0, "cookies": ""}
    page.goto("/operations")
    assert page.evaluate(BLOB_IS_THERE, source) is False
    page.go_back()
    expect(page.locator("#wall-state")).to_have_text("Live")
    assert shown.count() == 0


BLOB_IS_THERE = """source => new Promise(answer => {
  const image = new Image();
  image.onload = () => answer(true);
  image.onerror = () => answer(false);
  image.src = source;
})"""


def kept(page: Page) -> Any:
    """Return how much the page has stored in the browser."""
    return page.evaluate("""async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      databases: (await indexedDB.databases()).length,
      caches: (await (self.caches?.keys() ?? [])).length,
      cookies: document.cookie,
    })""")


def test_a_watcher_is_replaced_stopped_and_started_from_the_page(page, stack):
    page.goto("/operations")
    watcher = page.locator("article", has_text="Demo: face")
    expect(watcher.locator(".state")).to_have_text("Watching", timeout=90_000)
    run_id = stack.get("/api/v1/cameras/2/status")["run_id"]
    expect(watcher.get_by_role("link", name=run_id[:8])).to_have_attribute(
        "href", f"{stack.endpoints['dagster']}/runs/{run_id}"
    )
    watcher.get_by_role("button", name="Restart").click()
    expect(page.locator("#done")).to_contain_text("a new one follows")

    def replaced() -> bool:
        now = stack.get("/api/v1/cameras/2/status")
        return bool(now["watching"] and now["run_id"] != run_id)

    eventually(replaced, within_s=90, what="another watcher")
    page.on("dialog", lambda dialog: dialog.accept())
    watcher.get_by_role("button", name="Stop").click()
    expect(watcher.locator(".state")).to_contain_text("Switched off", timeout=60_000)
    watcher.get_by_role("button", name="Start").click()
    expect(watcher.locator(".state")).to_have_text("Watching", timeout=90_000)
