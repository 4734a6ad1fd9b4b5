import re
from pathlib import Path

from cyclopts import App

from hypersight.cli import build_app
from hypersight_core.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_readme_lists_every_command_and_no_other():
    listed = re.findall(
        r"`([a-z]+)(?: ([a-z|]+))?`", README.partition("## Commands")[2].partition("\n## ")[0]
    )
    app = build_app(Settings())
    there = {name: "|".join(names(app[name])) for name in names(app)}
    assert dict(listed) == there


def names(app: App) -> list[str]:
    return [name for name in app if not name.startswith("-")]
