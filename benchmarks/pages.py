"""What a page weighs and what it asks of a browser, on the running demo: `python -m benchmarks.pages`.

Each page is loaded by visitors who were never here before. Bytes are those that crossed the wire, packed;
pictures and video of cameras are listed apart. Main-thread work is Chromium's
`TaskDuration`, in processor time, so that other programs do not count (scripts, styles and layout are parts
of it), from the first byte to two seconds after the page and its charts were there.
"""

import argparse
import json
import statistics
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page

from hypersight_core.store.engine import Store
from tests.browser import chromium
from tests.browser.past import a_camera_with_a_past
from tests.e2e.running_demo import running_demo

SETTLED_MS, PATIENCE_MS = 2000, 120_000
PICTURES = (".jpg", ".ts", ".m3u8")
PAGES = {
    "overview": "/",
    "camera, live, last hour": "/cameras/1?range=1h",
    "camera, a week of hours": "/cameras/{past}?range=7d",
    "camera, four weeks of days": "/cameras/{past}?range=28d",
    "faces": "/faces-wall",
    "operations": "/operations",
    "admin": "/admin",
    "camera form": "/admin/cameras/1",
    "zone editor": "/admin/processors/1",
    "API docs": "/schema",
}


@dataclass(frozen=True)
class Load:
    """One load of a page."""

    packed_kb: float
    pictures_kb: float
    main_thread_ms: float
    scripts_ms: float
    layout_ms: float
    loaded_ms: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=5, help="visitors of each page")
    asked = parser.parse_args()
    executable = chromium.program()
    if executable is None:
        raise SystemExit("no browser here: apt install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder) / "var") as stack,
        chromium.opened(executable) as browser,
    ):
        store = Store(stack.endpoints["database"], application_name="benchmark", pool_size=1)
        past_id = a_camera_with_a_past(store, datetime.now(UTC))
        store.close()
        base_url = stack.endpoints["api"]
        found = {
            name: [_loaded(browser, base_url, path.format(past=past_id)) for _ in range(asked.loads)]
            for name, path in PAGES.items()
        }
    _print(found)


def _loaded(browser: Browser, base_url: str, path: str) -> Load:
    with chromium.visit(browser, base_url) as page:
        return _measured(page, path)


def _measured(page: Page, path: str) -> Load:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.set_default_timeout(PATIENCE_MS)
    urls: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on(
        "Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(path)
    for chart in page.locator(".chart").all():
        chart.locator("canvas").wait_for()
    page.wait_for_timeout(SETTLED_MS)
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
    is_picture = {key: urls.get(key, "").partition("?")[0].endswith(PICTURES) for key in sizes}
    return Load(
        packed_kb=sum(size for key, size in sizes.items() if not is_picture[key]) / 1000,
        pictures_kb=sum(size for key, size in sizes.items() if is_picture[key]) / 1000,
        main_thread_ms=metrics["TaskDuration"] * 1000,
        scripts_ms=metrics["ScriptDuration"] * 1000,
        layout_ms=(metrics["LayoutDuration"] + metrics["RecalcStyleDuration"]) * 1000,
        loaded_ms=float(page.evaluate(timing)),
    )


def _print(found: dict[str, list[Load]]) -> None:
    print("| page | packed | pictures | main thread (most) | scripts | style, layout | loaded |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    summary = {}
    for name, loads in found.items():
        middle = {key: statistics.median(getattr(one, key) for one in loads) for key in asdict(loads[0])}
        most_ms = max(one.main_thread_ms for one in loads)
        print(
            f"| {name} | {middle['packed_kb']:.0f} kB | {middle['pictures_kb']:.0f} kB "
            f"| {middle['main_thread_ms']:.0f} ms ({most_ms:.0f}) | {middle['scripts_ms']:.0f} ms "
            f"| {middle['layout_ms']:.0f} ms | {middle['loaded_ms']:.0f} ms |"
        )
        summary[name] = {key: round(value, 1) for key, value in middle.items()} | {
            "most_ms": round(most_ms, 1)
        }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
