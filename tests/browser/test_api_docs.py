"""The page that describes the API: read whole, searched, and used to ask the running system."""

import json
import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(540)]


def opened(page: Page, anchor: str):
    page.goto(f"/schema#{anchor}")
    call = page.locator(f"#{anchor}")
    expect(call).to_have_attribute("open", "")
    return call


def test_it_is_accessible_with_everything_open(page):
    page.goto("/schema")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert_accessible(page)


def test_a_call_is_found_by_what_it_is_about(page):
    page.goto("/schema")
    page.get_by_label("Find a call").fill("heat")
    expect(page.locator("[data-group] .call:visible")).to_have_count(1)
    expect(page.locator("#found")).to_have_text(re.compile(r"^1 of \d+ calls$"))


def test_a_metric_asked_for_on_the_page_is_what_the_api_says(page, stack, past_id):
    processors = httpx.get(f"{stack.endpoints['api']}/api/v1/cameras/{past_id}/processors", timeout=20).json()
    [traffic] = [one["processor_id"] for one in processors if one["kind"] == "traffic"]
    call = opened(page, "get-api-v1-processors-processor-id-traffic")
    call.get_by_label("processor_id", exact=True).fill(str(traffic))
    call.get_by_label("start").fill("2020-01-01T00:00:00+00:00")
    call.get_by_label("stop").fill("2030-01-01T00:00:00+00:00")
    call.get_by_role("button", name="Send").click()
    expect(call.locator(".answer strong")).to_have_text(re.compile(r"^200 "))
    shown = json.loads(call.locator(".answer pre").inner_text())
    path = f"/api/v1/processors/{traffic}/traffic"
    asked = {"start": "2020-01-01T00:00:00+00:00", "stop": "2030-01-01T00:00:00+00:00"}
    told = httpx.get(stack.endpoints["api"] + path, params=asked, timeout=20).json()
    assert shown["traffic"] == told["traffic"] > 0


def test_a_refused_call_says_why_and_a_picture_is_shown(page):
    call = opened(page, "post-api-v1-cameras")
    call.get_by_role("button", name="Send").click()
    expect(call.locator(".answer strong")).to_have_text(re.compile(r"^400 "))
    expect(call.locator(".answer pre")).to_contain_text("stream_url")
    call = opened(page, "get-api-v1-cameras-camera-id-snapshot-jpg")
    call.get_by_label("camera_id", exact=True).fill("1")
    call.get_by_role("button", name="Send").click()
    picture = call.locator(".answer img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
