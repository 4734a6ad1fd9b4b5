"""Signing in where the server asks who is there: the real server with a token, and a real browser."""

import httpx
import pytest
from playwright.sync_api import expect

from hypersight_core.store import cameras
from tests.browser.accessibility import assert_accessible
from tests.browser.chromium import PHONE, visit
from tests.builders import camera_settings
from tests.serving import api_process

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TOKEN = "long-and-random"


@pytest.fixture
def server(store, database_url, tmp_path):
    """The API as it runs for others, on every address of the machine."""
    with store.transaction() as tx:
        cameras.create_camera(tx, camera_settings(name="Gate", enabled=False))
    asked = {"HYPERSIGHT_API_HOST": "0.0.0.0", "HYPERSIGHT_API_TOKEN": TOKEN}  # noqa: S104
    with api_process(database_url, tmp_path, **asked) as running:
        yield running


def test_a_person_signs_in_changes_something_and_signs_out(browser, server):
    with visit(browser, server.url("")) as page:
        page.goto("/admin")
        expect(page).to_have_url(server.url("/sign-in?next=%2Fadmin"))
        assert_accessible(page)
        expect(page.get_by_label("Name")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("That is not the token")
        page.get_by_label("Password or API token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(server.url("/admin"))

        switch = page.get_by_role("switch", name="Watch Gate")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "true")
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert (
            httpx.get(server.url("/api/v1/cameras/1"), headers=bearer, timeout=20).json()["enabled"] is True
        )
        assert "hypersight_session" not in page.evaluate("document.cookie")  # no script can read it

        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(server.url("/sign-in"))
        page.goto("/admin")
        expect(page).to_have_url(server.url("/sign-in?next=%2Fadmin"))


def test_a_session_that_ended_leads_back_to_signing_in(browser, server):
    with visit(browser, server.url(""), viewport=PHONE) as page:
        page.goto("/sign-in?next=/admin")
        page.get_by_label("Password or API token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("switch", name="Watch Gate")).to_be_visible()
        page.context.clear_cookies(name="hypersight_session")
        page.get_by_role("switch", name="Watch Gate").click()
        page.wait_for_url("**/sign-in?next=%2Fadmin")
        assert (
            page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        )
