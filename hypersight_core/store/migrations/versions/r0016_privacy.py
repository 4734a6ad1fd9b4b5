"""Secrets of cameras encrypted, and persons blurred where people look."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0017"

BEFORE = (
    "Where its stream is; may hold user:password",
    "{name: value} sent to the camera's host with HTTP requests; may hold secrets",
)
SINCE = (
    "Where its stream is; what is secret of it stands encrypted behind #sealed=",
    "{name: value} sent to the camera's host with HTTP requests; values are encrypted",
)


def upgrade() -> None:
    """Let cameras have persons blurred; those there are go on as they were."""
    op.add_column(
        "camera",
        sa.Column(
            "blur_persons",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="Whether persons are made unrecognizable in previews and snapshots",
        ),
    )
    _say(*SINCE)


def downgrade() -> None:
    """Forget who is blurred."""
    _say(*BEFORE)
    op.drop_column("camera", "blur_persons")


def _say(of_stream_url: str, of_http_headers: str) -> None:
    op.alter_column("camera", "stream_url", existing_type=sa.Text, comment=of_stream_url)
    op.alter_column("camera", "http_headers", existing_type=JSONB, comment=of_http_headers)
