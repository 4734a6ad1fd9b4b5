"""How a camera's stream is asked for, and decoded."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Let cameras have HTTP headers and cheaper decoding; those there are go on as they were."""
    op.add_column(
        "camera",
        sa.Column(
            "http_headers",
            JSONB,
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="{name: value} sent to the camera's host with HTTP requests; may hold secrets",
        ),
    )
    op.add_column(
        "camera",
        sa.Column(
            "skip_loop_filter",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="Whether frames are decoded cheaper, drifting until the next key frame",
        ),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_column("camera", "skip_loop_filter")
    op.drop_column("camera", "http_headers")
