"""Pictures of the pages for the documents: `python -m tests.browser.screenshots ADDRESS --past 3`.

Wants the address of a running demo, and the number of a camera with a past (`tests.browser.past`).
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import chromium

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SETTLED_MS = 9000
"""Until previews play and charts are drawn."""
PAGES = {
    "overview": "/",
    "camera": "/cameras/1?range=1h",
    "week": "/cameras/{past}?range=7d",
    "faces": "/faces-wall",
    "operations": "/operations",
}
TALL = {"camera": 1720, "week": 1500}


def main() -> None:
    """Take all of them, at the size of a desk and of a phone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--past", type=int, required=True)
    parser.add_argument("--only", choices=PAGES, action="append")
    asked = parser.parse_args()
    executable = chromium.program()
    if executable is None:
        raise SystemExit("no browser here: apt install chromium")
    with chromium.opened(executable) as browser:
        for name in asked.only or PAGES:
            path = PAGES[name].format(past=asked.past)
            for kind in ("desktop", "phone"):
                _take(browser, asked.address, path, name, kind)


def _take(browser: Browser, address: str, path: str, name: str, kind: str) -> None:
    size = chromium.DESKTOP if kind == "desktop" else chromium.PHONE
    theme: chromium.Theme = "dark" if name == "operations" else "light"
    with chromium.visit(browser, address, viewport=size, theme=theme, locale="en-GB") as page:
        page.goto(path)
        page.wait_for_timeout(SETTLED_MS)
        if kind == "desktop" and name in TALL:
            page.set_viewport_size({"width": size["width"], "height": TALL[name]})
            page.wait_for_timeout(1000)
        page.screenshot(path=FOLDER / f"{name}-{kind}.jpg", type="jpeg", quality=82)


if __name__ == "__main__":
    main()
