"""The machine's Chromium, driven by Playwright; never one that Playwright brings."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
Theme = Literal["light", "dark"]
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


def program() -> str | None:
    """Return where a browser is; None when there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextlib.contextmanager
def opened(executable: str) -> Iterator[Browser]:
    """Yield a running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def visit(
    browser: Browser, base_url: str, *, viewport: ViewportSize = DESKTOP, theme: Theme = "light", **more: Any
) -> Iterator[Page]:
    """Yield a page of a visitor who was never here before; what goes wrong inside it is an error here.

    Args:
        base_url: what `page.goto("/…")` is relative to.
        viewport: `DESKTOP` or `PHONE`.
    """
    context = browser.new_context(base_url=base_url, viewport=viewport, color_scheme=theme, **more)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if _is_bad(message) else None)
    try:
        yield page
    finally:
        context.close()
    assert wrong == [], wrong


def _is_bad(message: ConsoleMessage) -> bool:
    # What the server refuses for a good reason (a preview that is not there yet) is written as an error, too,
    # and so is a server that was made not to answer.
    expected = ("Failed to load resource", "htmx: htmx:error: Failed to fetch")
    return message.type == "error" and not message.text.startswith(expected)
