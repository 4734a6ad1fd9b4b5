"""Who is told of events, and which events are still to be told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text

revision = "0017"
down_revision = "0012"

Instant = sa.DateTime(timezone=True)
NOW = sa.text("now()")
NONE = sa.text("0")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "event_subscriber",
        Column("target", Text, comment="Fingerprint of the address"),
        Column("renewed_at", Instant, nullable=False, server_default=NOW,
               comment="When somebody last asked on its behalf"),
        Column("next_try_at", Instant, nullable=False, server_default=NOW, comment="When it is told next"),
        Column("failures", sa.Integer, nullable=False, server_default=NONE,
               comment="Attempts that failed, in a row"),
        Column("problem", Text, nullable=False, server_default="", comment="Why the last attempt failed"),
        Column("skipped", sa.BigInteger, nullable=False, server_default=NONE,
               comment="Events that waited too long, as long as that was not told"),
        sa.PrimaryKeyConstraint("target", name="event_subscriber_pk"),
        comment="Who is told of events: one row an address",
    )  # fmt: skip
    op.create_table(
        "event_outbox",
        Column("outbox_id", sa.BigInteger, sa.Identity(always=True), comment="In the order of telling"),
        Column("target", Text, nullable=False, comment="Fingerprint of the address"),
        Column("camera_id", sa.Integer, nullable=False, comment="The camera"),
        Column("processor_id", sa.Integer, nullable=False, comment="The processor"),
        Column("processor_version", sa.Integer, nullable=False,
               comment="The processor's version that saw it"),
        Column("ts", Instant, nullable=False, comment="When it happened, by the stream's own clock"),
        Column("track_id", sa.BigInteger, nullable=False, comment="The person; 0: none"),
        Column("value", sa.Integer, nullable=False,
               comment="Persons: 1, or the number present for kind count"),
        Column("zone", sa.SmallInteger, nullable=False, comment="Index of the zone; -1: all"),
        Column("kind", Text, nullable=False, comment="enter, exit, cross_in, cross_out or count"),
        Column("dwell_s", sa.Double, comment="Seconds spent in the zone; of exits only"),
        Column("written_at", Instant, nullable=False, server_default=NOW,
               comment="When the event was written"),
        sa.PrimaryKeyConstraint("outbox_id", name="event_outbox_pk"),
        sa.ForeignKeyConstraint(
            ["processor_id"], ["processor.processor_id"], name="event_outbox_processor_id_fk",
            ondelete="CASCADE",
        ),
        comment="Events that somebody is still to be told of: one row an event and address",
    )  # fmt: skip
    op.create_index("event_outbox_target_outbox_id_ix", "event_outbox", ["target", "outbox_id"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("event_outbox")
    op.drop_table("event_subscriber")
