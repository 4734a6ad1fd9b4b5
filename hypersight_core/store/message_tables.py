"""Tables of what people and other programs are told: outages, and events on their way."""

import sqlalchemy as sa
from sqlalchemy import Column, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from hypersight_core.store.naming import NOW, Instant, metadata

camera_outage = Table(
    "camera_outage", metadata,
    Column("outage_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
    Column("camera_id", sa.Integer, nullable=False, comment="The camera"),
    Column("condition", Text, nullable=False, comment="What it is in now: down, detector_away or failed"),
    Column("reason", Text, nullable=False, comment="Why, for people; the newest that was known"),
    Column("began_at", Instant, nullable=False, comment="When it was first seen so"),
    Column("well_since", Instant, comment="Since when it seems well again; null while it does not"),
    Column("told_at", Instant, comment="When it had lasted long enough to be told to people; null: not yet"),
    Column("ended_at", Instant, comment="When it was over; null while it lasts"),
    Column("ended_by", Text, comment="How it ended: recovered or switched_off"),
    sa.Index("camera_outage_open_uq", "camera_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
    comment="Times a camera was not watched though wanted: one row an outage, short ones forgotten",
)  # fmt: skip

notification = Table(
    "notification", metadata,
    Column("notification_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
    Column("outage_id", sa.Integer, sa.ForeignKey("camera_outage.outage_id", ondelete="CASCADE"),
           nullable=False, index=True, comment="What it is about"),
    Column("target", Text, nullable=False, comment="Fingerprint of the address it goes to"),
    Column("body", JSONB, nullable=False, comment="What is sent"),
    Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was written"),
    Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0"),
           comment="How often it was sent"),
    Column("next_try_at", Instant, nullable=False, server_default=NOW, comment="When it is sent next"),
    Column("done_at", Instant, comment="When it arrived or was given up; null while it waits"),
    Column("problem", Text, nullable=False, server_default="", comment="What became of the last attempt"),
    comment="What people are told of outages: one row a message and address",
)  # fmt: skip

event_subscriber = Table(
    "event_subscriber", metadata,
    Column("target", Text, primary_key=True, comment="Fingerprint of the address"),
    Column("renewed_at", Instant, nullable=False, server_default=NOW,
           comment="When somebody last asked on its behalf"),
    Column("next_try_at", Instant, nullable=False, server_default=NOW, comment="When it is told next"),
    Column("failures", sa.Integer, nullable=False, server_default=sa.text("0"),
           comment="Attempts that failed, in a row"),
    Column("problem", Text, nullable=False, server_default="", comment="Why the last attempt failed"),
    Column("skipped", sa.BigInteger, nullable=False, server_default=sa.text("0"),
           comment="Events that waited too long, as long as that was not told"),
    comment="Who is told of events: one row an address",
)  # fmt: skip

event_outbox = Table(
    "event_outbox", metadata,
    Column("outbox_id", sa.BigInteger, sa.Identity(always=True), primary_key=True,
           comment="In the order of telling"),
    Column("target", Text, nullable=False, comment="Fingerprint of the address"),
    Column("camera_id", sa.Integer, nullable=False, comment="The camera"),
    Column("processor_id", sa.Integer, sa.ForeignKey("processor.processor_id", ondelete="CASCADE"),
           nullable=False, comment="The processor"),
    Column("processor_version", sa.Integer, nullable=False, comment="The processor's version that saw it"),
    Column("ts", Instant, nullable=False, comment="When it happened, by the stream's own clock"),
    Column("track_id", sa.BigInteger, nullable=False, comment="The person; 0: none"),
    Column("value", sa.Integer, nullable=False, comment="Persons: 1, or the number present for kind count"),
    Column("zone", SmallInteger, nullable=False, comment="Index of the zone; -1: all"),
    Column("kind", Text, nullable=False, comment="enter, exit, cross_in, cross_out or count"),
    Column("dwell_s", sa.Double, comment="Seconds spent in the zone; of exits only"),
    Column("written_at", Instant, nullable=False, server_default=NOW, comment="When the event was written"),
    sa.Index("event_outbox_target_outbox_id_ix", "target", "outbox_id"),
    comment="Events that somebody is still to be told of: one row an event and address",
)  # fmt: skip
