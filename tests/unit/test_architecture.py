"""Rules of the architecture that imports alone cannot show."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for path in ROOT.glob("hypersight*/**/*.py"))
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def calls_of(method: str) -> list[str]:
    """Name every `file:line` that calls `<anything>.method(...)`."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


def test_only_the_end_of_a_transaction_commits() -> None:
    assert calls_of("commit") == []


def test_every_path_named_in_the_documents_exists() -> None:
    named = {
        (document.name, path)
        for document in DOCUMENTS
        for path in re.findall(
            r"[`(]((?:hypersight(?:_\w+)?/|dbt_metrics/|tests/|deploy/|docs/|benchmarks/)[\w./-]*)[`)]",
            document.read_text(encoding="utf-8"),
        )
    }
    assert {(document, path) for document, path in named if not (ROOT / path).exists()} == set()


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_modules_stay_small_enough_to_read_at_once() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}
