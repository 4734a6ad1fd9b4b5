"""What watchers count about themselves, and which previews are asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"


BEFORE = "Whether an annotated preview is made"
SINCE = "Whether its preview is always made"


def upgrade() -> None:
    """Let watchers say their figures, and let previews be asked for."""
    _say_of_output_hls(SINCE)
    op.add_column(
        "watcher_lease",
        sa.Column("figures", JSONB, comment="What it counted since it took the camera; null: nothing said"),
    )
    op.create_table(
        "preview_request",
        sa.Column("processor_id", sa.Integer, autoincrement=False, comment="The processor to be shown"),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
            comment="When somebody last asked for its preview",
        ),
        sa.PrimaryKeyConstraint("processor_id", name="preview_request_pk"),
        sa.ForeignKeyConstraint(
            ["processor_id"],
            ["processor.processor_id"],
            name="preview_request_processor_id_fk",
            ondelete="CASCADE",
        ),
        comment="Previews people look at: one row a processor whose preview was ever asked for",
    )


def downgrade() -> None:
    """Forget both."""
    _say_of_output_hls(BEFORE)
    op.drop_table("preview_request")
    op.drop_column("watcher_lease", "figures")


def _say_of_output_hls(what: str) -> None:
    op.alter_column("processor_version", "output_hls", existing_type=sa.Boolean, comment=what)
