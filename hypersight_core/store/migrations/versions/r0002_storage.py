"""Tables that grow for years: observations within the hour, partitions or columnstore, retention."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from hypersight_core.store import columnstore, partitions
from hypersight_core.store.timescale import timescale_version

revision = "0002"
down_revision = "0001"

HOUR_END = "date_bin('1 hour', from_at, timestamptz '2000-01-01 00:00:00+00') + interval '1 hour'"

# Frames are shared out by length in whole numbers that add up.
CUT_AT_HOURS = f"""
WITH whole AS (DELETE FROM observation WHERE to_at > {HOUR_END} RETURNING *),
piece AS (
  SELECT whole.*, greatest(hour, from_at) AS a, least(hour + interval '1 hour', to_at) AS b
  FROM whole, generate_series(date_bin('1 hour', from_at, timestamptz '2000-01-01 00:00:00+00'),
                              to_at - interval '1 microsecond', interval '1 hour') AS hour
),
shared AS (
  SELECT *, extract(epoch FROM a - from_at) / extract(epoch FROM to_at - from_at) AS until_a,
         extract(epoch FROM b - from_at) / extract(epoch FROM to_at - from_at) AS until_b FROM piece
)
INSERT INTO observation (camera_id, from_at, to_at, frames_wanted, frames_detected, reason)
SELECT camera_id, a, b, round(frames_wanted * until_b) - round(frames_wanted * until_a),
       round(frames_detected * until_b) - round(frames_detected * until_a), reason
FROM shared
"""  # noqa: S608 - composed of constants
LENGTH_CHECK = """
SELECT conname FROM pg_constraint
WHERE conrelid = 'observation'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%24:00:00%'
"""
GROWING = (("processor_event", "ts"), ("observation", "from_at"))
KEPT_FROM = """
CREATE TABLE kept_from (
  relation text CONSTRAINT kept_from_pk PRIMARY KEY,
  at timestamptz NOT NULL
);
COMMENT ON COLUMN observation.to_at IS 'End of the piece of time, in the same hour of UTC';
COMMENT ON TABLE kept_from IS
  'Since when the rows of a table are kept; older ones were dropped and are not taken in again';
COMMENT ON COLUMN kept_from.relation IS 'The table: processor_event or observation';
COMMENT ON COLUMN kept_from.at IS 'Start of what is kept, a midnight in UTC';
"""


def upgrade() -> None:
    connection = op.get_bind()
    op.execute(
        f"ALTER TABLE observation DROP CONSTRAINT {connection.execute(sa.text(LENGTH_CHECK)).scalar_one()}"
    )
    op.execute(CUT_AT_HOURS)
    check = f"to_at > from_at AND to_at <= {HOUR_END}"
    op.execute(f"ALTER TABLE observation ADD CONSTRAINT observation_length_ck CHECK ({check})")
    op.execute(KEPT_FROM)
    version = timescale_version(connection)
    for table, column in GROWING:
        if version is None:
            partitions.convert(connection, table, column)
            partitions.add_ahead(connection, table, column, datetime.now(UTC))
        else:
            op.execute(columnstore.enable(table, column, version))


def downgrade() -> None:
    connection = op.get_bind()
    version = timescale_version(connection)
    for table, _ in GROWING:
        if version is None:
            partitions.convert_back(connection, table)
        else:
            columnstore.disable(connection, table, version)
    op.execute("DROP TABLE kept_from")
    op.execute("ALTER TABLE observation DROP CONSTRAINT observation_length_ck")
    op.execute(
        "ALTER TABLE observation ADD CONSTRAINT observation_length_ck "
        "CHECK (to_at > from_at AND to_at <= from_at + interval '24:00:00')"
    )
    op.execute("COMMENT ON COLUMN observation.to_at IS 'End of the piece of time, at most a day later'")
