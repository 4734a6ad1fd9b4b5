"""What counters were worth when somebody else counted the same film."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of comparisons."""
    op.create_table(
        "validation",
        Column("validation_id", sa.Integer, sa.Identity(always=True), comment="Its number"),
        Column("processor_id", sa.Integer, nullable=False, comment="The processor that counted"),
        Column(
            "processor_version", sa.Integer, nullable=False, comment="The processor's version that counted"
        ),
        Column("clip", Text, nullable=False, comment="Name of the film"),
        Column("truth_from", Text, nullable=False, comment="Name of the file with the true passings"),
        Column("length_s", sa.Double, nullable=False, comment="Seconds of the film"),
        Column("watch_fps", sa.Double, nullable=False, comment="Frames per second that were analysed"),
        Column(
            "tolerance_s", sa.Double, nullable=False, comment="Seconds between times that mean one passing"
        ),
        Column("true_count", sa.Integer, nullable=False, comment="Passings in truth"),
        Column("counted", sa.Integer, nullable=False, comment="Passings counted"),
        Column("matched", sa.Integer, nullable=False, comment="Passings counted that took place"),
        Column("mistakes", JSONB, nullable=False, comment="List of {at_s, zone, is_in, is_missed}"),
        Column(
            "picture", sa.LargeBinary, nullable=False, comment="JPEG: both counts, and the mistakes' frames"
        ),
        Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
            comment="When it was made",
        ),
        sa.PrimaryKeyConstraint("validation_id", name="validation_pk"),
        sa.ForeignKeyConstraint(
            ["processor_id"],
            ["processor.processor_id"],
            name="validation_processor_id_fk",
            ondelete="CASCADE",
        ),
        comment="Counters compared with people who counted the same film: one row a processor and comparison",
    )
    op.create_index("validation_processor_id_ix", "validation", ["processor_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("validation")
