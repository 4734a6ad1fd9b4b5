"""Accounts of persons, tokens of programs, and the log of what they do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0015"
down_revision = "0011"

Instant = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "account",
        Column("account_id", sa.Integer, sa.Identity(always=True), comment="Its number"),
        Column("name", Text, nullable=False, comment="What the person signs in by, whatever the case"),
        Column("password_hash", Text, nullable=False, comment="The password by argon2id"),
        Column("role", Text, nullable=False, comment="admin, operator or viewer"),
        Column("enabled", sa.Boolean, nullable=False, server_default=sa.true(),
               comment="Whether it may sign in"),
        Column("version", sa.Integer, nullable=False, server_default=sa.text("1"),
               comment="Counts its changes, from 1; sessions of older ones are over"),
        Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was added"),
        sa.CheckConstraint("role IN ('admin', 'operator', 'viewer')", name="account_role_ck"),
        sa.PrimaryKeyConstraint("account_id", name="account_pk"),
        comment="Persons who sign in: one row a person",
    )  # fmt: skip
    op.create_index("account_name_uq", "account", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "access_token",
        Column("token_id", sa.Integer, sa.Identity(always=True), comment="Its number"),
        Column("name", Text, nullable=False, comment="What it is for"),
        Column("token_hash", sa.LargeBinary, nullable=False, comment="SHA-256 of the token"),
        Column("scopes", ARRAY(Text), nullable=False, comment="What it may do, such as metrics:read"),
        Column("created_by", Text, nullable=False, comment="Who made it"),
        Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was made"),
        Column("expires_at", Instant, comment="When it is worth nothing any more; null: never"),
        Column("last_used_at", Instant, comment="When it was used last, to the minute; null: never"),
        sa.PrimaryKeyConstraint("token_id", name="access_token_pk"),
        sa.UniqueConstraint("token_hash", name="access_token_token_hash_uq"),
        comment="Tokens of programs: one row a token that was not revoked",
    )
    op.create_table(
        "audit_entry",
        Column("audit_id", sa.BigInteger, sa.Identity(always=True), comment="In order of time"),
        Column("done_at", Instant, nullable=False, comment="When"),
        Column("actor", Text, nullable=False, comment="Who: account, token, or nobody known"),
        Column("address", Text, nullable=False, comment="Where they asked from; empty: unknown"),
        Column(
            "action", Text, nullable=False, comment="Method and route, or signed in, sign-in refused, faces"
        ),
        Column("subject", Text, nullable=False, comment="What it was done to, such as camera_id=3"),
        Column(
            "fields", ARRAY(Text), nullable=False, comment="Names of the fields that were sent, no values"
        ),
        sa.PrimaryKeyConstraint("audit_id", name="audit_entry_pk"),
        comment="Who did what, and who looked at faces: one row a deed",
    )
    op.create_index("audit_entry_done_at_ix", "audit_entry", ["done_at"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("audit_entry", "access_token", "account"):
        op.drop_table(table)
