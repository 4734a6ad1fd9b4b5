"""`docs/SECURITY.md` and `docs/PRIVACY.md` promise nothing that no test holds."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = {
    node.name
    for path in ROOT.glob("tests/**/test_*.py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
}


def promises(document: str, heading: str) -> dict[str, list[str]]:
    """Return the tests that each row of the table below a heading names, by its first cell."""
    text = (
        (ROOT / "docs" / document).read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    )
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")][2:]
    return {cells[0].strip(): re.findall(r"`(test_\w+)`", cells[-1]) for cells in rows}


@pytest.mark.parametrize(
    ("document", "heading"), [("SECURITY.md", "Threats"), ("PRIVACY.md", "Tests that hold it")]
)
def test_every_row_names_tests_that_exist(document, heading) -> None:
    named = promises(document, heading)
    assert len(named) >= 10
    assert [row for row, tests in named.items() if not tests] == []
    assert {test for tests in named.values() for test in tests} - TESTS == set()
