"""How cameras use the detector."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BEFORE = "Frames the detector really answered for"
SINCE = "Frames the detector answered for, or on which nothing moved since it did"


def upgrade() -> None:
    """Let cameras choose the JPEG's quality and the motion gate; those there are go on as they were."""
    op.add_column(
        "camera",
        sa.Column(
            "jpeg_quality",
            sa.SmallInteger,
            nullable=False,
            server_default=sa.text("85"),
            comment="Quality of the JPEG the detector gets, 50 to 100",
        ),
    )
    op.add_column(
        "camera",
        sa.Column(
            "motion_gate",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="Whether frames on which nothing moved cost no detector call",
        ),
    )
    op.add_column(
        "camera",
        sa.Column(
            "motion_recheck_s",
            sa.Double,
            nullable=False,
            server_default=sa.text("10"),
            comment="Seconds after which the detector looks again although nothing moved",
        ),
    )
    _say_what_was_detected(SINCE)


def downgrade() -> None:
    """Drop the choices."""
    for name in ("motion_recheck_s", "motion_gate", "jpeg_quality"):
        op.drop_column("camera", name)
    _say_what_was_detected(BEFORE)


def _say_what_was_detected(comment: str) -> None:
    op.execute(sa.text(f"COMMENT ON COLUMN observation.frames_detected IS '{comment}'"))
