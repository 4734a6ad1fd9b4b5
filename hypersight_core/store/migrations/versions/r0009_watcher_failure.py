"""Cameras that count as failed, and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text

revision = "0009"
down_revision = "0008"

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of failed cameras."""
    op.create_table(
        "watcher_failure",
        Column("camera_id", sa.Integer, autoincrement=False, comment="The camera"),
        Column("run_id", Text, nullable=False, comment="The newest run that failed"),
        Column("failed_at", Instant, nullable=False, comment="When it failed"),
        Column("bad_ends", sa.Integer, nullable=False, comment="How many runs in a row ended badly"),
        Column("reason", Text, nullable=False, comment="Why the newest one did, for people"),
        Column("next_try_at", Instant, nullable=False, comment="When the next one starts"),
        sa.PrimaryKeyConstraint("camera_id", name="watcher_failure_pk"),
        comment="Cameras that should be watched and fail again and again: one row a camera",
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("watcher_failure")
