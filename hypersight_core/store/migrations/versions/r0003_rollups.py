"""Whole hours and days summed up, exact at any moment, and the questions asked of them as functions."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from hypersight_core.store.timescale import STATEMENT_TRIGGERS_SINCE, timescale_version

revision = "0003"
down_revision = "0002"

SQL = Path(__file__).parents[1] / "sql"
# Before that version hypertables know no statement's rows: each row marks its hour itself.
ROW_TRIGGERS = """
CREATE TRIGGER rollup_change AFTER INSERT OR UPDATE OR DELETE ON processor_event
  FOR EACH ROW EXECUTE FUNCTION rollup.mark_event();
CREATE TRIGGER rollup_change AFTER INSERT OR UPDATE OR DELETE ON observation
  FOR EACH ROW EXECUTE FUNCTION rollup.mark_observation();
"""
COMMENTS = """
COMMENT ON {kind} rollup.traffic_hour IS 'Persons passing in one hour; may lack what stale_traffic names';
COMMENT ON {kind} rollup.traffic_day IS 'Persons passing in one day; may lack what stale_traffic names';
"""
# What is there already becomes known hour by hour with the first refresh.
MARK_ALL = """
INSERT INTO rollup.stale_traffic
SELECT DISTINCT processor_id, rollup.traffic_hour_of(ts) FROM processor_event WHERE kind <> 'count';
INSERT INTO rollup.stale_presence
SELECT DISTINCT processor_id, rollup.hour_floor(ts) FROM processor_event WHERE kind = 'count';
INSERT INTO rollup.stale_coverage SELECT DISTINCT camera_id, rollup.hour_floor(from_at) FROM observation;
"""
QUESTIONS = (
    "presence_series(int, timestamptz, timestamptz, text, text)",
    "objects_at(int, timestamptz)",
    "traffic_series(int, timestamptz, timestamptz, text, text)",
    "traffic(int, timestamptz, timestamptz)",
    "watched_seconds(int, timestamptz, timestamptz)",
    "bucket_edges(timestamptz, timestamptz, text, text)",
)


def upgrade() -> None:
    version = timescale_version(op.get_bind())
    _run("0003_stale_hours")
    _run("0003_rollups")
    if version is None:
        _run("0003_traffic_plain")
    else:
        _run("0003_traffic_timescale")
        if version >= STATEMENT_TRIGGERS_SINCE:
            _run("0003_traffic_timescale_triggers")
        else:
            op.execute(ROW_TRIGGERS)
    op.execute(COMMENTS.format(kind="TABLE" if version is None else "VIEW"))
    _run("0003_views")
    _run("0003_functions")
    _run("0003_refresh")
    op.execute(MARK_ALL)


def downgrade() -> None:
    is_plain = timescale_version(op.get_bind()) is None
    for question in QUESTIONS:
        op.execute(f"DROP FUNCTION {question}")
    for view in ("coverage_day", "coverage_hour", "traffic_day", "traffic_hour"):
        op.execute(f"DROP VIEW {view}")
    for table in ("processor_event", "observation"):
        for (trigger,) in op.get_bind().execute(TRIGGERS, {"relation": table}).all():
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    # Continuous aggregates are not dropped with their schema.
    for view in ("days_of_hours", "exact_traffic_day", "exact_traffic_hour"):
        op.execute(f"DROP VIEW rollup.{view}")
    for relation in ("traffic_day", "traffic_hour"):
        op.execute(f"DROP {'TABLE' if is_plain else 'MATERIALIZED VIEW'} rollup.{relation}")
    op.execute("DROP SCHEMA rollup CASCADE")


TRIGGERS = sa.text("""
SELECT tgname FROM pg_trigger
WHERE tgrelid = CAST(:relation AS regclass) AND tgname LIKE 'rollup\\_%' AND tgparentid = 0
""")


def _run(name: str) -> None:
    # Not through `text`: its colons would be parameters.
    op.get_bind().exec_driver_sql((SQL / f"{name}.sql").read_text(encoding="utf-8").replace("%", "%%"))
