"""One running system and one browser for all tests of this folder."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser, Page

from hypersight_core.store.engine import Store
from tests.browser import chromium
from tests.browser.administering import SQUARE, Api
from tests.browser.past import a_camera_with_a_past
from tests.e2e.running_demo import RunningDemo, running_demo

# Both are of this package, not of the whole run: Playwright's event loop must be gone when other tests begin
# theirs.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Yield the machine's browser; without one these tests are skipped, and say so."""
    executable = chromium.program()
    if executable is None:
        pytest.skip(f"no browser here: none of {', '.join(chromium.PROGRAMS)} is on PATH")
    with chromium.opened(executable) as running:
        yield running


@pytest.fixture(scope="package")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """Yield the whole system with the demo's cameras, as `make demo` starts it."""
    with running_demo(tmp_path_factory.mktemp("browser") / "var") as running:
        yield running


@pytest.fixture
def page(browser: Browser, stack: RunningDemo) -> Iterator[Page]:
    """Yield an empty page of a desktop browser; `page.goto("/")` opens the system's."""
    with chromium.visit(browser, stack.endpoints["api"]) as opened:
        yield opened


@pytest.fixture
def phone(browser: Browser, stack: RunningDemo) -> Iterator[Page]:
    """Yield an empty page of a phone's browser."""
    with chromium.visit(
        browser, stack.endpoints["api"], viewport=chromium.PHONE, has_touch=True, is_mobile=True
    ) as opened:
        yield opened


@pytest.fixture(scope="package")
def past_id(stack: RunningDemo) -> int:
    """Return the number of a camera with two weeks behind it."""
    store = Store(stack.endpoints["database"], application_name="tests", pool_size=1)
    try:
        return a_camera_with_a_past(store, datetime.now(UTC))
    finally:
        store.close()


@pytest.fixture
def api(stack):
    with httpx.Client(base_url=stack.endpoints["api"], timeout=30) as client:
        yield Api(client)


@pytest.fixture
def camera_id(api):
    """A camera of the test's own on the walkway's stream, switched off."""
    made = api.post("/api/v1/cameras", name="Gate", stream_url=api.stream(), watch_fps=3.5, enabled=False)
    yield made["camera_id"]
    api.delete(f"/api/v1/cameras/{made['camera_id']}?purge=true")


@pytest.fixture
def processor_id(api, camera_id):
    zones = [{"name": "yard", "corners": SQUARE}]
    made = api.post(f"/api/v1/cameras/{camera_id}/processors", kind="traffic", zones=zones)
    return made["processor_id"]
