"""What all pages share."""

import pytest

from tests.browser.accessibility import assert_accessible
from tests.browser.chromium import visit

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(540)]


def colours(page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_pages_follow_the_systems_theme_until_somebody_chooses_another(browser, stack):
    with visit(browser, stack.endpoints["api"], theme="dark") as page:
        page.goto("/")
        dark = colours(page)
        page.get_by_role("button", name="Use light colours").click()
        light = colours(page)
        assert light != dark
        page.reload()
        assert colours(page) == light
        page.get_by_role("button", name="Use dark colours").click()
        assert colours(page) == dark
        assert page.evaluate("localStorage.length") == 0  # what the system wants anyway is not kept


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_overview_is_accessible(browser, stack, theme):
    with visit(browser, stack.endpoints["api"], theme=theme) as page:
        page.goto("/")
        assert_accessible(page)


def test_the_keyboard_skips_to_the_content_and_walks_through_the_pages(page):
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto("/")
    names = []
    for _ in range(9):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", names
    assert names[1:] == [
        "hypersight",
        "Overview",
        "Faces",
        "Operations",
        "Admin",
        "Accounts",
        "API docs",
        "Dark",
    ]


def test_no_page_is_wider_than_a_phone(phone):
    phone.goto("/")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert phone.evaluate(wide) == 0


def test_a_server_that_does_not_answer_is_said_and_forgotten_when_it_does(page):
    page.goto("/")
    page.context.set_offline(True)
    banner = page.get_by_text("The server does not answer")
    banner.wait_for()
    page.context.set_offline(False)
    banner.wait_for(state="hidden")
