"""What operators need: versions that run, outages, what is told of them, and whether presence is stale."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"

SQL = Path(__file__).parents[1] / "sql" / "0010_presence_now.sql"
Instant = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    """Add the columns, the tables and the view."""
    op.add_column(
        "camera",
        Column(
            "camera_version",
            sa.Integer,
            nullable=False,
            server_default=sa.text("1"),
            comment="Counts its edits, from 1",
        ),
    )
    op.add_column(
        "watcher_lease",
        Column(
            "config",
            JSONB,
            comment="Versions it works by, {camera, processors: {id: version}}",
        ),
    )
    _make_outages()
    _make_notifications()
    # Not through `text`: its colons would be parameters.
    op.get_bind().exec_driver_sql(SQL.read_text(encoding="utf-8").replace("%", "%%"))


def downgrade() -> None:
    """Take all of it away."""
    op.execute("DROP VIEW presence_now")
    op.execute("DROP FUNCTION seen_until(int, timestamptz)")
    op.drop_table("notification")
    op.drop_table("camera_outage")
    op.drop_column("watcher_lease", "config")
    op.drop_column("camera", "camera_version")


def _make_outages() -> None:
    op.create_table(
        "camera_outage",
        Column("outage_id", sa.Integer, sa.Identity(always=True), comment="Its number"),
        Column("camera_id", sa.Integer, nullable=False, comment="The camera"),
        Column("condition", Text, nullable=False, comment="What it is in now: down, detector_away or failed"),
        Column("reason", Text, nullable=False, comment="Why, for people; the newest that was known"),
        Column("began_at", Instant, nullable=False, comment="When it was first seen so"),
        Column("well_since", Instant, comment="Since when it seems well again; null while it does not"),
        Column(
            "told_at", Instant, comment="When it had lasted long enough to be told to people; null: not yet"
        ),
        Column("ended_at", Instant, comment="When it was over; null while it lasts"),
        Column("ended_by", Text, comment="How it ended: recovered or switched_off"),
        sa.PrimaryKeyConstraint("outage_id", name="camera_outage_pk"),
        comment="Times a camera was not watched though wanted: one row an outage, short ones forgotten",
    )
    op.create_index(
        "camera_outage_open_uq",
        "camera_outage",
        ["camera_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _make_notifications() -> None:
    op.create_table(
        "notification",
        Column("notification_id", sa.Integer, sa.Identity(always=True), comment="Its number"),
        Column("outage_id", sa.Integer, nullable=False, comment="What it is about"),
        Column("target", Text, nullable=False, comment="Fingerprint of the address it goes to"),
        Column("body", JSONB, nullable=False, comment="What is sent"),
        Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was written"),
        Column(
            "attempts",
            sa.Integer,
            nullable=False,
            server_default=sa.text("0"),
            comment="How often it was sent",
        ),
        Column("next_try_at", Instant, nullable=False, server_default=NOW, comment="When it is sent next"),
        Column("done_at", Instant, comment="When it arrived or was given up; null while it waits"),
        Column("problem", Text, nullable=False, server_default="", comment="What became of the last attempt"),
        sa.PrimaryKeyConstraint("notification_id", name="notification_pk"),
        sa.ForeignKeyConstraint(
            ["outage_id"],
            ["camera_outage.outage_id"],
            name="notification_outage_id_fk",
            ondelete="CASCADE",
        ),
        comment="What people are told of outages: one row a message and address",
    )
    op.create_index("notification_outage_id_ix", "notification", ["outage_id"])
