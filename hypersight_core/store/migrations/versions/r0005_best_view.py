"""Faces once a second."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Let processors of kind faces send the best view only; those there are go on as they were."""
    op.add_column(
        "processor_version",
        sa.Column(
            "best_view",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="Of faces: the best view of each person once a second",
        ),
    )


def downgrade() -> None:
    """Drop the choice."""
    op.drop_column("processor_version", "best_view")
