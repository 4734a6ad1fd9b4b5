"""docs/SQL.md: every question is asked as an analyst, and answers what is written below it."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from hypersight_core.store.analysts import ROLE, allow_analysts
from hypersight_core.store.engine import Store
from tests import sql_example
from tests.dbt import Dbt

pytestmark = pytest.mark.timeout(600)
DOCUMENT = Path(__file__).parents[2] / "docs" / "SQL.md"
QUESTION = re.compile(r"### (\d+)\. [^\n]+\n\n```sql\n(.*?)\n```\n\n((?:\|[^\n]*\n)+)", re.DOTALL)
SECRETS = (
    "SELECT stream_url FROM camera", "SELECT * FROM camera", "SELECT http_headers FROM camera",
    "SELECT picture FROM validation", "SELECT state FROM watcher_checkpoint",
    "SELECT detail FROM watcher_lease", "SELECT passwd FROM pg_shadow",
)  # fmt: skip
CHANGES = (
    "DELETE FROM processor_event", "INSERT INTO kept_from VALUES ('observation', now())",
    "UPDATE camera SET name = 'mine'", "SELECT rollup.settle('-infinity', 'infinity')",
    "CREATE TABLE mine (n int)", "DROP VIEW traffic_hour",
)  # fmt: skip


@pytest.fixture
def analyst(store: Store, database_url: str, tmp_path: Path) -> Iterator[psycopg.Connection]:
    """Yield a connection of the analysts' role to the example."""
    sql_example.fill(store)
    with store.transaction() as tx:
        allow_analysts(tx, "quite-%s-'secret'")
    Dbt(database_url, tmp_path).build("--exclude", "resource_type:test", "resource_type:unit_test")
    url = sa.make_url(database_url).set(drivername="postgresql", username=ROLE, password="quite-%s-'secret'")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def test_every_question_has_the_answer_that_is_written_below_it(analyst: psycopg.Connection):
    questions = QUESTION.findall(DOCUMENT.read_text())
    assert [int(number) for number, _, _ in questions] == list(range(1, 11))
    for number, question, written in questions:
        assert _table(analyst.execute(question)) == written, number


def test_analysts_see_no_secret_and_change_nothing(analyst: psycopg.Connection):
    for question in SECRETS:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(question)
    analyst.execute("SET default_transaction_read_only = off")
    for statement in CHANGES:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(statement)


def test_every_model_and_column_of_analytics_says_what_it_is(analyst: psycopg.Connection, store: Store):
    undescribed = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'analytics'::regnamespace AND relkind IN ('r', 'v')
          AND obj_description(oid, 'pg_class') IS NULL
        UNION ALL
        SELECT relname || '.' || attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'analytics'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
          AND NOT attisdropped AND col_description(pg_class.oid, attnum) IS NULL"""
    with store.transaction() as tx:
        assert list(tx.scalars(sa.text(undescribed))) == []
        described = (
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'r'"
        )
        assert tx.scalar(sa.text(described)) > 10


def _table(answer: psycopg.Cursor) -> str:
    assert answer.description is not None
    names = [column.name for column in answer.description]
    rows = [[("null" if value is None else str(value)) for value in row] for row in answer.fetchall()]
    return "".join(f"| {' | '.join(row)} |\n" for row in [names, ["---"] * len(names), *rows])
