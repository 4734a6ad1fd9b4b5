"""Whether people who hear a page, or use no mouse, can use it: asked of axe-core, inside the page."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from hypersight_core.downloads import npm_file
from hypersight_core.settings import Settings

AXE = (
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
GRAVE = ("serious", "critical")


def assert_accessible(page: Page, *, leave_out: tuple[str, ...] = ()) -> None:
    """Fail when axe-core finds something serious or critical on the page as it is now.

    Args:
        leave_out: selectors of parts that are not ours.
    """
    found = [
        f"{finding['impact']}: {finding['id']} ({finding['help']}) at {node['target']}: {node['html'][:160]}"
        for finding in _findings(page, leave_out)
        if finding["impact"] in GRAVE
        for node in finding["nodes"]
    ]
    assert found == [], "\n".join(found)


def _findings(page: Page, leave_out: tuple[str, ...]) -> list[dict[str, Any]]:
    page.evaluate(_axe())
    asked = {"exclude": [[selector] for selector in leave_out]}
    answer = page.evaluate("asked => axe.run(asked, {resultTypes: ['violations']})", asked)
    violations: list[dict[str, Any]] = answer["violations"]
    return violations


@cache
def _axe() -> str:
    return npm_file(*AXE, "axe.min.js", Settings.from_environ({}).cache_dir).read_text(encoding="utf-8")
