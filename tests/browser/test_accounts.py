"""Who may use this server, in a browser: accounts, tokens, the log, and what somebody limited gets to see."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from hypersight_core.store import cameras
from tests.browser.accessibility import assert_accessible
from tests.browser.administering import TOO_WIDE
from tests.browser.chromium import PHONE, visit
from tests.builders import camera_settings
from tests.serving import api_process

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

TOKEN = "long-and-random"
OWNER = {"authorization": f"Bearer {TOKEN}"}
PASSWORD = "correct horse battery"
PAGES = ("/accounts", "/accounts/new", "/accounts/1", "/accounts/tokens", "/accounts/log")
MAX_PAGE_BYTES = 200_000


@pytest.fixture
def server(store, database_url, tmp_path):
    """The API as it runs for others, with a camera in each of two groups."""
    with store.transaction() as tx:
        for name in ("Lyon", "Nantes"):
            settings = camera_settings(name=f"{name} door", enabled=False, groups=(name,))
            cameras.create_camera(tx, settings)
    asked = {"HYPERSIGHT_API_HOST": "0.0.0.0", "HYPERSIGHT_API_TOKEN": TOKEN}  # noqa: S104
    with api_process(database_url, tmp_path, **asked) as running:
        yield running


@pytest.fixture
def used(server):
    """The same with some accounts, tokens and deeds."""
    with httpx.Client(base_url=server.url(""), headers=OWNER) as client:
        for name, role, groups in (("ada", "admin", []), ("lea", "operator", ["Lyon"])):
            body = {"name": name, "password": PASSWORD, "role": role, "groups": groups}
            assert client.post("/api/v1/accounts", json=body).status_code == 201
        body = {"name": "dashboard", "scopes": ["metrics:read", "faces:read"], "groups": ["Lyon", "Nantes"]}
        assert client.post("/api/v1/tokens", json=body | {"expires_in_days": 30}).status_code == 201
        for index in range(60):
            client.patch("/api/v1/cameras/1", json={"watch_fps": 1 + index % 2}).raise_for_status()
    return server


def sign_in(page: Page, name: str, password: str = PASSWORD, wanted: str = "/") -> None:
    page.goto(f"/sign-in?next={wanted}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password or API token").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def add_lea(page: Page) -> None:
    """Add an account through the form, after a password that is too short."""
    page.get_by_role("link", name="Add the first account").click()
    page.get_by_label("Name", exact=True).fill("lea")
    page.get_by_label("Role").select_option("operator")
    page.get_by_label("Password").fill("short")
    page.get_by_label("Groups").fill("Lyon, ")
    page.get_by_role("button", name="Add account").click()
    expect(page.locator("#problem-password")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Add account").click()
    row = page.get_by_role("row", name="lea")
    for words in ("Operator", "Lyon", "never"):
        expect(row).to_contain_text(words)


def assert_lea_sees_lyon_alone(page: Page) -> None:
    expect(page.get_by_role("heading", name="Lyon door")).to_be_visible()
    expect(page.get_by_text("Nantes")).to_have_count(0)
    expect(page.get_by_text("lea", exact=True)).to_be_visible()
    for path, status in (("/cameras/2", 404), ("/accounts", 403)):
        reply = page.goto(path)
        assert reply is not None
        assert reply.status == status
        expect(page.get_by_role("link", name="Admin")).to_be_visible()
        expect(page.get_by_role("link", name="Accounts")).to_have_count(0)


def test_an_account_is_made_sees_its_groups_cameras_only_and_is_out_when_it_is_disabled(browser, server):
    with visit(browser, server.url("")) as admin, visit(browser, server.url("")) as staff:
        sign_in(admin, "", TOKEN, "/accounts")
        add_lea(admin)
        sign_in(staff, "lea")
        assert_lea_sees_lyon_alone(staff)

        admin.reload()
        row = admin.get_by_role("row", name="lea")
        expect(row).not_to_contain_text("never")
        admin.get_by_role("link", name="lea").click()
        expect(admin.get_by_label("Groups")).to_have_value("Lyon")
        admin.get_by_label("May sign in").uncheck()
        admin.get_by_role("button", name="Save and sign it out").click()
        expect(row.get_by_role("cell", name="no", exact=True)).to_be_visible()
        staff.goto("/admin")
        expect(staff).to_have_url(re.compile("/sign-in"))

        admin.get_by_role("link", name="lea").click()
        admin.get_by_role("button", name="Delete account").click()
        admin.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(admin.get_by_text("No accounts yet")).to_be_visible()


def test_a_token_is_shown_once_works_and_is_worth_nothing_when_it_is_revoked(browser, server):
    with visit(browser, server.url("")) as page:
        sign_in(page, "", TOKEN, "/accounts/tokens")
        page.get_by_role("button", name="Make token").click()
        expect(page.locator("#problem-name")).to_be_visible()
        page.get_by_label("What it is for").fill("dashboard")
        page.get_by_label("Groups").fill("Nantes")
        page.get_by_role("button", name="Make token").click()
        dialog = page.get_by_role("dialog", name="Your new token")
        secret = dialog.get_by_label("Token").input_value()
        bearer = {"authorization": f"Bearer {secret}"}
        seen = httpx.get(server.url("/api/v1/cameras"), headers=bearer, timeout=20).json()
        assert [one["name"] for one in seen] == ["Nantes door"]
        assert httpx.delete(server.url("/api/v1/cameras/2"), headers=bearer, timeout=20).status_code == 403
        assert_accessible(page)
        dialog.get_by_role("button", name="Done").click()
        row = page.get_by_role("row", name="dashboard")
        expect(row).to_contain_text("metrics:read")
        assert secret not in page.content()
        expect(page.locator("#secret")).to_have_value("")
        page.reload()
        assert secret not in page.content()

        page.get_by_role("button", name="Revoke dashboard").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
        expect(page.get_by_text("No tokens yet")).to_be_visible()
        assert httpx.get(server.url("/api/v1/cameras"), headers=bearer, timeout=20).status_code == 401


def test_the_log_is_read_page_by_page_and_searched(browser, used):
    with visit(browser, used.url("")) as page:
        sign_in(page, "ada", wanted="/accounts/log")
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text("signed in")
        expect(rows.nth(1)).to_contain_text("changed a camera")
        expect(rows.nth(1)).to_contain_text("Lyon door")
        page.get_by_role("link", name="Older").click()
        expect(rows).to_have_count(14)
        expect(page.get_by_role("link", name="Older")).to_have_count(0)
        page.get_by_role("link", name="Newest").click()
        page.get_by_label("What").select_option("/tokens")
        page.get_by_label("Who").fill("api")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text("added a token")
        page.get_by_label("Who").fill("nobody")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nothing like that is in the log.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_accounts_are_accessible_narrow_and_light(browser, used, theme):
    with visit(browser, used.url(""), theme=theme, viewport=PHONE, is_mobile=True, has_touch=True) as page:
        sign_in(page, "ada", wanted="/accounts")
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        weight: list[float] = []
        session.on("Network.loadingFinished", lambda event: weight.append(event["encodedDataLength"]))
        for path in PAGES:
            weight.clear()
            page.goto(path)
            assert_accessible(page)
            assert page.evaluate(TOO_WIDE) == 0, path
            assert sum(weight) < MAX_PAGE_BYTES, path


def test_groups_of_a_camera_are_changed_in_its_form(browser, server):
    with visit(browser, server.url("")) as page:
        sign_in(page, "", TOKEN, "/admin/cameras/1")
        page.get_by_text("More: groups").click()
        expect(page.get_by_label("Groups")).to_have_value("Lyon")
        page.get_by_label("Groups").fill("Lyon,South")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#effect")).not_to_be_empty()
        found = httpx.get(server.url("/api/v1/cameras/1"), headers=OWNER, timeout=20).json()
        assert found["groups"] == ["Lyon", "South"]
