"""The first tables, their notifications, and hypertables where TimescaleDB is there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

Instant = sa.DateTime(timezone=True)
NOW = sa.text("now()")

NOTIFY = """
CREATE FUNCTION watch_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('watch_change', coalesce(NEW.camera_id, OLD.camera_id)::text);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION watch_change() IS 'Tells listeners the camera whose configuration changed';
CREATE TRIGGER camera_change AFTER INSERT OR UPDATE OR DELETE ON camera
  FOR EACH ROW EXECUTE FUNCTION watch_change();
CREATE TRIGGER processor_change AFTER INSERT OR UPDATE OR DELETE ON processor
  FOR EACH ROW EXECUTE FUNCTION watch_change();
"""

# The extension can be created when it is installed and its library was loaded at the server's start:
# trying without ends the connection.
HAS_TIMESCALE = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
    OR (EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb.%'))
"""
# Chunks of 7 days for what may reach tens of millions of rows a month: planning costs grow with the number of
# chunks, inserts with their size.
HYPERTABLES = """
CREATE EXTENSION IF NOT EXISTS timescaledb;
SELECT create_hypertable('processor_event', by_range('ts', INTERVAL '7 days'),
                         create_default_indexes => false);
SELECT create_hypertable('observation', by_range('from_at', INTERVAL '7 days'),
                         create_default_indexes => false);
"""


def upgrade() -> None:
    _configuration()
    _events()
    _watchers()
    op.execute(NOTIFY)
    if op.get_bind().execute(sa.text(HAS_TIMESCALE)).scalar_one():
        op.execute(HYPERTABLES)


def downgrade() -> None:
    # One statement a table: hypertables refuse to be dropped together with others.
    for table in ("watcher_checkpoint", "watcher_lease", "observation", "processor_event"):
        op.drop_table(table)
    for table in ("processor_version", "processor", "camera"):
        op.drop_table(table)
    op.execute("DROP FUNCTION watch_change()")


def _configuration() -> None:
    op.create_table(
        "camera",
        Column("camera_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
        Column("name", Text, nullable=False, comment="What people call it"),
        Column("stream_url", Text, nullable=False, comment="Where its stream is; may hold user:password"),
        Column("watch_fps", sa.Double, nullable=False, comment="Frames per second to analyse"),
        Column("watch_rows", SmallInteger, nullable=False, comment="Rows of the mosaic"),
        Column("watch_cols", SmallInteger, nullable=False, comment="Columns of the mosaic"),
        Column(
            "time_zone", Text, nullable=False, comment="IANA name of the time zone its days are counted in"
        ),
        Column("enabled", sa.Boolean, nullable=False, comment="Whether it should be watched"),
        Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was added"),
        Column("changed_at", Instant, nullable=False, server_default=NOW, comment="When it was edited last"),
        Column(
            "deleted_at", Instant, comment="When it was deleted; its events stay; null while it is in use"
        ),
        comment="Cameras: one row a camera, deleted ones included",
    )
    op.create_table(
        "processor",
        Column("processor_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
        Column(
            "camera_id",
            sa.Integer,
            sa.ForeignKey("camera.camera_id"),
            nullable=False,
            index=True,
            comment="Its camera",
        ),
        Column("kind", Text, nullable=False, comment="traffic, objects or faces; never changes"),
        Column("version", sa.Integer, nullable=False, comment="The version in use"),
        Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was added"),
        Column(
            "deleted_at", Instant, comment="When it was deleted; its events stay; null while it is in use"
        ),
        comment="Calculations on cameras: one row a processor, deleted ones included",
    )
    op.create_table(
        "processor_version",
        Column(
            "processor_id",
            sa.Integer,
            sa.ForeignKey("processor.processor_id", ondelete="CASCADE"),
            primary_key=True,
            comment="The processor",
        ),
        Column(
            "version", sa.Integer, primary_key=True, autoincrement=False, comment="Counts its edits, from 1"
        ),
        Column("name", Text, nullable=False, comment="What people call it"),
        Column(
            "zones", JSONB, nullable=False, comment="List of {name, corners}; a corner is [x, y] in 0 to 1"
        ),
        Column("threshold", sa.Double, nullable=False, comment="Least detection confidence, 0 to 1"),
        Column("anchor", Text, nullable=False, comment="Where a box stands for a person: center or feet"),
        Column("enabled", sa.Boolean, nullable=False, comment="Whether it should run"),
        Column("output_hls", sa.Boolean, nullable=False, comment="Whether an annotated preview is made"),
        Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it came into use"),
        comment="How processors were configured: one row a processor and edit; never changed",
    )


def _events() -> None:
    op.create_table(
        "processor_event",
        Column("processor_id", sa.Integer, nullable=False, autoincrement=False, comment="The processor"),
        Column(
            "processor_version", sa.Integer, nullable=False, comment="The processor's version that saw it"
        ),
        Column("ts", Instant, nullable=False, comment="When it happened, by the stream's own clock"),
        Column("track_id", sa.BigInteger, nullable=False, autoincrement=False, comment="The person; 0: none"),
        Column(
            "value", sa.Integer, nullable=False, comment="Persons: 1, or the number present for kind count"
        ),
        Column(
            "zone", SmallInteger, nullable=False, autoincrement=False, comment="Index of the zone; -1: all"
        ),
        Column("kind", Text, nullable=False, comment="enter, exit, cross_in, cross_out or count"),
        Column("dwell_s", sa.Double, comment="Seconds spent in the zone; of exits only"),
        sa.CheckConstraint("kind IN ('enter', 'exit', 'cross_in', 'cross_out', 'count')", name="kind"),
        sa.PrimaryKeyConstraint(
            "processor_id",
            "ts",
            "kind",
            "zone",
            "track_id",
            name="processor_event_pk",
            postgresql_include=["value"],
        ),
        comment="What happened: one row an event; the key makes a replay change nothing",
    )
    op.create_table(
        "observation",
        Column("camera_id", sa.Integer, nullable=False, autoincrement=False, comment="The camera"),
        Column("from_at", Instant, nullable=False, comment="Start of the piece of time"),
        Column("to_at", Instant, nullable=False, comment="End of the piece of time, at most a day later"),
        Column("frames_wanted", sa.Integer, nullable=False, comment="Frames to analyse in it"),
        Column(
            "frames_detected", sa.Integer, nullable=False, comment="Frames the detector really answered for"
        ),
        Column("reason", Text, comment="Why not all: stream_down, detector_error, late_dropped or paused"),
        sa.CheckConstraint("to_at > from_at AND to_at <= from_at + interval '24 hours'", name="length"),
        sa.CheckConstraint(
            "reason IN ('stream_down', 'detector_error', 'late_dropped', 'paused')", name="reason"
        ),
        sa.PrimaryKeyConstraint("camera_id", "from_at", "to_at", name="observation_pk"),
        comment="What was really watched: one row a camera and processed piece of time",
    )


def _watchers() -> None:
    op.create_table(
        "watcher_lease",
        Column("camera_id", sa.Integer, primary_key=True, autoincrement=False, comment="The camera"),
        Column("token", sa.BigInteger, nullable=False, comment="Fencing token; only the newest may write"),
        Column("run_id", Text, nullable=False, comment="The run that watches"),
        Column("host", Text, nullable=False, comment="Name of its machine"),
        Column("boot_id", Text, nullable=False, comment="Which boot of that machine"),
        Column("pid", sa.Integer, nullable=False, comment="Its process"),
        Column("pid_start", sa.BigInteger, nullable=False, comment="Its start, in clock ticks after boot"),
        Column("backend_pid", sa.Integer, nullable=False, comment="Server process of its connection"),
        Column("acquired_at", Instant, nullable=False, comment="When it took the camera"),
        Column("heartbeat_at", Instant, nullable=False, comment="When it was last heard of"),
        Column(
            "state", Text, nullable=False, comment="What it is doing: starting, watching, reconnecting, …"
        ),
        Column("position_at", Instant, comment="Stream time up to which it counted"),
        Column("lag_s", sa.Double, comment="Seconds it is behind the stream"),
        Column("detail", Text, nullable=False, server_default="", comment="More about its state, for people"),
        Column("released_at", Instant, comment="When it gave the camera back; null while it has it"),
        Column("release_reason", Text, comment="Why it gave the camera back"),
        Column("stop_run_id", Text, comment="The run that is asked to stop"),
        comment="Who watches: one row a camera that was ever watched",
    )
    op.create_table(
        "watcher_checkpoint",
        Column("camera_id", sa.Integer, primary_key=True, autoincrement=False, comment="The camera"),
        Column("seq", sa.BigInteger, nullable=False, comment="Number of the last record written"),
        Column(
            "position_at", Instant, nullable=False, comment="Stream time up to which everything is counted"
        ),
        Column("state", JSONB, nullable=False, comment="What the processors remember across a restart"),
        Column("written_at", Instant, nullable=False, server_default=NOW, comment="When it was written"),
        comment="How far counting is: one row a camera that was ever watched",
    )
