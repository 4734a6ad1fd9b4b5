"""Groups of cameras, accounts and tokens limited to them, and what they see."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0018"
down_revision = "0016"

SQL = Path(__file__).parents[1] / "sql"
LIMITED_TO = "Groups of cameras it is limited to; empty: it is not limited"
GROUPS = {
    "camera": "Groups it is in; who is limited to one of them sees it",
    "account": LIMITED_TO,
    "access_token": LIMITED_TO,
    "audit_entry": "Groups of cameras whoever did it was limited to; empty: not limited",
}
# Entries from before say what they were about in words only.
CAMERAS_OF_ENTRIES = """
UPDATE audit_entry SET camera_id = coalesce(
  substring(subject FROM '\\ycamera_id=([0-9]{1,9})\\y')::int,
  (SELECT camera_id FROM processor
   WHERE processor_id = substring(subject FROM '\\y(?:proc|processor)_id=([0-9]{1,9})\\y')::int))
"""


def upgrade() -> None:
    """Add the columns, and the views of whoever is limited."""
    for table, comment in GROUPS.items():
        groups: Column[list[str]] = Column(
            "groups", ARRAY(Text), nullable=False, server_default=sa.text("'{}'"), comment=comment
        )
        op.add_column(table, groups)
    about = "The camera it was about; null: none, or not known which"
    op.add_column("audit_entry", Column("camera_id", sa.Integer, comment=about))
    op.get_bind().exec_driver_sql(CAMERAS_OF_ENTRIES)
    last = "When the person signed in last; null: never, or long ago"
    op.add_column("account", Column("signed_in_at", sa.DateTime(timezone=True), comment=last))
    op.get_bind().exec_driver_sql((SQL / "0018_limited.sql").read_text(encoding="utf-8").replace("%", "%%"))


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP SCHEMA limited CASCADE")
    op.drop_column("account", "signed_in_at")
    op.drop_column("audit_entry", "camera_id")
    for table in GROUPS:
        op.drop_column(table, "groups")
