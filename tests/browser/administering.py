"""What the browser tests of the admin pages stand on: the API behind the pages, and places on the picture."""

import json
from typing import Any

import httpx
from playwright.sync_api import Page, expect

SQUARE = ((0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6))
SLOW_MS = 60_000
"""A picture of a camera nobody watches takes some seconds, on a busy machine many."""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Api:
    """The API, as the tests look behind the pages and clean up."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str) -> Any:
        reply = self._client.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, **body: Any) -> Any:
        reply = self._client.post(path, json=body)
        assert reply.status_code in (200, 201), reply.text
        return reply.json()

    def delete(self, path: str) -> None:
        self._client.delete(path)

    def stream(self) -> str:
        """Return the address of the demo's simulated walkway."""
        return str(self.get("/api/v1/cameras")[0]["stream_url"])


def zones_of(api: Api, processor_id: int) -> Any:
    return api.get(f"/api/v1/processors/{processor_id}")["zones"]


def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a place of the frame lies in the window."""
    found = page.evaluate(
        """([x, y]) => {
          const svg = document.querySelector("#editor svg");
          const image = svg.querySelector("image");
          const point = new DOMPoint(x * image.width.baseVal.value, y * image.height.baseVal.value);
          const at = point.matrixTransform(svg.getScreenCTM());
          return [at.x, at.y];
        }""",
        [x, y],
    )
    return float(found[0]), float(found[1])


def click(page: Page, x: float, y: float) -> None:
    page.mouse.click(*spot(page, x, y))


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*spot(page, *start))
    page.mouse.down()
    page.mouse.move(*spot(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*spot(page, *end))
    page.mouse.up()


def open_editor(page: Page, processor_id: int) -> None:
    page.goto(f"/admin/processors/{processor_id}")
    show_editor(page)


def show_editor(page: Page, note: str = "icture of") -> None:
    """Wait for the picture, or the note that there is none, and bring the editor onto the screen."""
    expect(page.locator("#picture-note")).to_contain_text(note, timeout=SLOW_MS)
    page.locator("#editor").evaluate("editor => editor.scrollIntoView()")


def text_of(page: Page) -> Any:
    return json.loads(page.locator("#zones").input_value())
