"""Where people were, by hour and cell; and since when a watcher does what it does."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table of cells, and room for when a state began."""
    op.create_table(
        "heat_cell",
        Column("camera_id", sa.Integer, autoincrement=False, comment="The camera"),
        Column("hour_at", sa.DateTime(timezone=True), comment="Start of the hour, in UTC"),
        Column("cell", sa.SmallInteger, autoincrement=False,
               comment="Cell of a grid of 32 × 18 over the frame, row by row from the top left, from 0"),
        Column("person_ms", sa.BigInteger, nullable=False,
               comment="Milliseconds persons stood there; two at once count twice"),
        sa.PrimaryKeyConstraint("camera_id", "hour_at", "cell", name="heat_cell_pk"),
        comment="Where people were: one row a camera, hour and cell; nothing about anybody in particular",
    )  # fmt: skip
    since = Column("state_since", sa.DateTime(timezone=True), comment="When it began to do what it is doing")
    op.add_column("watcher_lease", since)


def downgrade() -> None:
    """Drop both."""
    op.drop_column("watcher_lease", "state_since")
    op.drop_table("heat_cell")
