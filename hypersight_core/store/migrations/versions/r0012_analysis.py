"""For analysts: which days changed, coverage by bucket, and person-time beside the mean."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0015"

SQL = Path(__file__).parents[1] / "sql"
SERIES = "(int, timestamptz, timestamptz, text, text)"
PRESENCE_SERIES = "CREATE FUNCTION presence_series("


def upgrade() -> None:
    _run((SQL / "0012_analysis.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for function in ("occupancy_series", "presence_series", "rollup.presence_buckets", "coverage_series"):
        op.execute(f"DROP FUNCTION {function}{SERIES}")
    for table in ("stale_traffic", "stale_presence", "stale_coverage"):
        op.execute(f"DROP TRIGGER settled ON rollup.{table}")
    op.execute("DROP FUNCTION rollup.note_settled()")
    op.execute("DROP TABLE rollup.settled_day")
    before = (SQL / "0003_functions.sql").read_text(encoding="utf-8")
    _run(before[before.index(PRESENCE_SERIES) :])


def _run(statements: str) -> None:
    # Not through `text`: its colons would be parameters.
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
