"""The tables as they are after all migrations; the same on plain PostgreSQL and on TimescaleDB."""

import sqlalchemy as sa
from sqlalchemy import Column, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hypersight_core.domain.events import EventKind, Reason
from hypersight_core.store.message_tables import camera_outage as camera_outage
from hypersight_core.store.message_tables import event_outbox as event_outbox
from hypersight_core.store.message_tables import event_subscriber as event_subscriber
from hypersight_core.store.message_tables import notification as notification
from hypersight_core.store.naming import NOW, Instant
from hypersight_core.store.naming import metadata as metadata

YES, NO = sa.true(), sa.false()


def _one_of(column: str, values: type[EventKind] | type[Reason]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


camera = Table(
    "camera", metadata,
    Column("camera_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
    Column("name", Text, nullable=False, comment="What people call it"),
    Column("stream_url", Text, nullable=False,
           comment="Where its stream is; what is secret of it stands encrypted behind #sealed="),
    Column("watch_fps", sa.Double, nullable=False, comment="Frames per second to analyse"),
    Column("watch_rows", SmallInteger, nullable=False, comment="Rows of the mosaic"),
    Column("watch_cols", SmallInteger, nullable=False, comment="Columns of the mosaic"),
    Column("jpeg_quality", SmallInteger, nullable=False, server_default=sa.text("85"),
           comment="Quality of the JPEG the detector gets, 50 to 100"),
    Column("motion_gate", sa.Boolean, nullable=False, server_default=NO,
           comment="Whether frames on which nothing moved cost no detector call"),
    Column("motion_recheck_s", sa.Double, nullable=False, server_default=sa.text("10"),
           comment="Seconds after which the detector looks again although nothing moved"),
    Column("time_zone", Text, nullable=False, comment="IANA name of the time zone its days are counted in"),
    Column("enabled", sa.Boolean, nullable=False, comment="Whether it should be watched"),
    Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was added"),
    Column("changed_at", Instant, nullable=False, server_default=NOW, comment="When it was edited last"),
    Column("deleted_at", Instant, comment="When it was deleted; its events stay; null while it is in use"),
    Column("http_headers", JSONB, nullable=False, server_default=sa.text("'{}'"),
           comment="{name: value} sent to the camera's host with HTTP requests; values are encrypted"),
    Column("skip_loop_filter", sa.Boolean, nullable=False, server_default=NO,
           comment="Whether frames are decoded cheaper, drifting until the next key frame"),
    Column("blur_persons", sa.Boolean, nullable=False, server_default=NO,
           comment="Whether persons are made unrecognizable in previews and snapshots"),
    Column("camera_version", sa.Integer, nullable=False, server_default=sa.text("1"),
           comment="Counts its edits, from 1"),
    Column("groups", ARRAY(Text), nullable=False, server_default=sa.text("'{}'"),
           comment="Groups it is in; who is limited to one of them sees it"),
    comment="Cameras: one row a camera, deleted ones included",
)  # fmt: skip

processor = Table(
    "processor", metadata,
    Column("processor_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
    Column("camera_id", sa.Integer, sa.ForeignKey("camera.camera_id"), nullable=False, index=True,
           comment="Its camera"),
    Column("kind", Text, nullable=False, comment="traffic, objects or faces; never changes"),
    Column("version", sa.Integer, nullable=False, comment="The version in use"),
    Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was added"),
    Column("deleted_at", Instant, comment="When it was deleted; its events stay; null while it is in use"),
    comment="Calculations on cameras: one row a processor, deleted ones included",
)  # fmt: skip

processor_version = Table(
    "processor_version", metadata,
    Column("processor_id", sa.Integer, sa.ForeignKey("processor.processor_id", ondelete="CASCADE"),
           primary_key=True, comment="The processor"),
    Column("version", sa.Integer, primary_key=True, autoincrement=False, comment="Counts its edits, from 1"),
    Column("name", Text, nullable=False, comment="What people call it"),
    Column("zones", JSONB, nullable=False, comment="List of {name, corners}; a corner is [x, y] in 0 to 1"),
    Column("threshold", sa.Double, nullable=False, comment="Least detection confidence, 0 to 1"),
    Column("anchor", Text, nullable=False, comment="Where a box stands for a person: center or feet"),
    Column("enabled", sa.Boolean, nullable=False, comment="Whether it should run"),
    Column("output_hls", sa.Boolean, nullable=False, comment="Whether its preview is always made"),
    Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it came into use"),
    Column("best_view", sa.Boolean, nullable=False, server_default=NO,
           comment="Of faces: the best view of each person once a second"),
    comment="How processors were configured: one row a processor and edit; never changed",
)  # fmt: skip

# The columns stand in the order that wastes no byte on alignment; dwell_s is last as it is mostly null.
processor_event = Table(
    "processor_event", metadata,
    Column("processor_id", sa.Integer, nullable=False, autoincrement=False, comment="The processor"),
    Column("processor_version", sa.Integer, nullable=False, comment="The processor's version that saw it"),
    Column("ts", Instant, nullable=False, comment="When it happened, by the stream's own clock"),
    Column("track_id", sa.BigInteger, nullable=False, autoincrement=False, comment="The person; 0: none"),
    Column("value", sa.Integer, nullable=False, comment="Persons: 1, or the number present for kind count"),
    Column("zone", SmallInteger, nullable=False, autoincrement=False, comment="Index of the zone; -1: all"),
    Column("kind", Text, nullable=False, comment="enter, exit, cross_in, cross_out or count"),
    Column("dwell_s", sa.Double, comment="Seconds spent in the zone; of exits only"),
    _one_of("kind", EventKind),
    sa.PrimaryKeyConstraint(
        "processor_id", "ts", "kind", "zone", "track_id",
        name="processor_event_pk", postgresql_include=["value"],
    ),
    comment="What happened: one row an event; the key makes a replay change nothing",
)  # fmt: skip

observation = Table(
    "observation", metadata,
    Column("camera_id", sa.Integer, nullable=False, autoincrement=False, comment="The camera"),
    Column("from_at", Instant, nullable=False, comment="Start of the piece of time"),
    Column("to_at", Instant, nullable=False, comment="End of the piece of time, in the same hour of UTC"),
    Column("frames_wanted", sa.Integer, nullable=False, comment="Frames to analyse in it"),
    Column("frames_detected", sa.Integer, nullable=False,
           comment="Frames the detector answered for, or on which nothing moved since it did"),
    Column("reason", Text, comment="Why not all: stream_down, detector_error, late_dropped or paused"),
    sa.CheckConstraint(
        "to_at > from_at AND to_at <= date_bin('1 hour', from_at, timestamptz '2000-01-01 00:00:00+00') "
        "+ interval '1 hour'",
        name="length",
    ),
    _one_of("reason", Reason),
    sa.PrimaryKeyConstraint("camera_id", "from_at", "to_at", name="observation_pk"),
    comment="What was really watched: one row a camera and processed piece of time",
)  # fmt: skip

validation = Table(
    "validation", metadata,
    Column("validation_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
    Column("processor_id", sa.Integer, sa.ForeignKey("processor.processor_id", ondelete="CASCADE"),
           nullable=False, index=True, comment="The processor that counted"),
    Column("processor_version", sa.Integer, nullable=False, comment="The processor's version that counted"),
    Column("clip", Text, nullable=False, comment="Name of the film"),
    Column("truth_from", Text, nullable=False, comment="Name of the file with the true passings"),
    Column("length_s", sa.Double, nullable=False, comment="Seconds of the film"),
    Column("watch_fps", sa.Double, nullable=False, comment="Frames per second that were analysed"),
    Column("tolerance_s", sa.Double, nullable=False, comment="Seconds between times that mean one passing"),
    Column("true_count", sa.Integer, nullable=False, comment="Passings in truth"),
    Column("counted", sa.Integer, nullable=False, comment="Passings counted"),
    Column("matched", sa.Integer, nullable=False, comment="Passings counted that took place"),
    Column("mistakes", JSONB, nullable=False, comment="List of {at_s, zone, is_in, is_missed}"),
    Column("picture", sa.LargeBinary, nullable=False, comment="JPEG: both counts, and the mistakes' frames"),
    Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was made"),
    comment="Counters compared with people who counted the same film: one row a processor and comparison",
)  # fmt: skip

kept_from = Table(
    "kept_from", metadata,
    Column("relation", Text, primary_key=True, comment="The table: processor_event or observation"),
    Column("at", Instant, nullable=False, comment="Start of what is kept, a midnight in UTC"),
    comment="Since when the rows of a table are kept; older ones were dropped and are not taken in again",
)  # fmt: skip

heat_cell = Table(
    "heat_cell", metadata,
    Column("camera_id", sa.Integer, primary_key=True, autoincrement=False, comment="The camera"),
    Column("hour_at", Instant, primary_key=True, comment="Start of the hour, in UTC"),
    Column("cell", SmallInteger, primary_key=True, autoincrement=False,
           comment="Cell of a grid of 32 × 18 over the frame, row by row from the top left, from 0"),
    Column("person_ms", sa.BigInteger, nullable=False,
           comment="Milliseconds persons stood there; two at once count twice"),
    comment="Where people were: one row a camera, hour and cell; nothing about anybody in particular",
)  # fmt: skip

watcher_lease = Table(
    "watcher_lease", metadata,
    Column("camera_id", sa.Integer, primary_key=True, autoincrement=False, comment="The camera"),
    Column("token", sa.BigInteger, nullable=False, comment="Fencing token; only the newest may write"),
    Column("run_id", Text, nullable=False, comment="The run that watches"),
    Column("host", Text, nullable=False, comment="Name of its machine"),
    Column("boot_id", Text, nullable=False, comment="Which boot of that machine"),
    Column("pid", sa.Integer, nullable=False, comment="Its process"),
    Column("pid_start", sa.BigInteger, nullable=False, comment="Its start, in clock ticks after boot"),
    Column("backend_pid", sa.Integer, nullable=False, comment="Server process of its connection"),
    Column("acquired_at", Instant, nullable=False, comment="When it took the camera"),
    Column("heartbeat_at", Instant, nullable=False, comment="When it was last heard of"),
    Column("state", Text, nullable=False, comment="What it is doing: starting, watching, reconnecting, …"),
    Column("position_at", Instant, comment="Stream time up to which it counted"),
    Column("lag_s", sa.Double, comment="Seconds it is behind the stream"),
    Column("detail", Text, nullable=False, server_default="", comment="More about its state, for people"),
    Column("released_at", Instant, comment="When it gave the camera back; null while it has it"),
    Column("release_reason", Text, comment="Why it gave the camera back"),
    Column("stop_run_id", Text, comment="The run that is asked to stop"),
    Column("figures", JSONB, comment="What it counted since it took the camera; null: nothing said"),
    Column("config", JSONB, comment="Versions it works by, {camera, processors: {id: version}}"),
    Column("state_since", Instant, comment="When it began to do what it is doing"),
    comment="Who watches: one row a camera that was ever watched",
)  # fmt: skip

preview_request = Table(
    "preview_request", metadata,
    Column("processor_id", sa.Integer, sa.ForeignKey("processor.processor_id", ondelete="CASCADE"),
           primary_key=True, autoincrement=False, comment="The processor to be shown"),
    Column("asked_at", Instant, nullable=False, server_default=NOW,
           comment="When somebody last asked for its preview"),
    comment="Previews people look at: one row a processor whose preview was ever asked for",
)  # fmt: skip

watcher_failure = Table(
    "watcher_failure", metadata,
    Column("camera_id", sa.Integer, primary_key=True, autoincrement=False, comment="The camera"),
    Column("run_id", Text, nullable=False, comment="The newest run that failed"),
    Column("failed_at", Instant, nullable=False, comment="When it failed"),
    Column("bad_ends", sa.Integer, nullable=False, comment="How many runs in a row ended badly"),
    Column("reason", Text, nullable=False, comment="Why the newest one did, for people"),
    Column("next_try_at", Instant, nullable=False, comment="When the next one starts"),
    comment="Cameras that should be watched and fail again and again: one row a camera",
)  # fmt: skip

watcher_checkpoint = Table(
    "watcher_checkpoint", metadata,
    Column("camera_id", sa.Integer, primary_key=True, autoincrement=False, comment="The camera"),
    Column("seq", sa.BigInteger, nullable=False, comment="Number of the last record written"),
    Column("position_at", Instant, nullable=False, comment="Stream time up to which everything is counted"),
    Column("state", JSONB, nullable=False, comment="What the processors remember across a restart"),
    Column("written_at", Instant, nullable=False, server_default=NOW, comment="When it was written"),
    comment="How far counting is: one row a camera that was ever watched",
)  # fmt: skip

account = Table(
    "account", metadata,
    Column("account_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
    Column("name", Text, nullable=False, comment="What the person signs in by, whatever the case"),
    Column("password_hash", Text, nullable=False, comment="The password by argon2id"),
    Column("role", Text, nullable=False, comment="admin, operator or viewer"),
    Column("enabled", sa.Boolean, nullable=False, server_default=YES, comment="Whether it may sign in"),
    Column("version", sa.Integer, nullable=False, server_default=sa.text("1"),
           comment="Counts its changes, from 1; sessions of older ones are over"),
    Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was added"),
    Column("groups", ARRAY(Text), nullable=False, server_default=sa.text("'{}'"),
           comment="Groups of cameras it is limited to; empty: it is not limited"),
    Column("signed_in_at", Instant, comment="When the person signed in last; null: never, or long ago"),
    sa.CheckConstraint("role IN ('admin', 'operator', 'viewer')", name="role"),
    comment="Persons who sign in: one row a person",
)  # fmt: skip
sa.Index("account_name_uq", sa.func.lower(account.c.name), unique=True)

access_token = Table(
    "access_token", metadata,
    Column("token_id", sa.Integer, sa.Identity(always=True), primary_key=True, comment="Its number"),
    Column("name", Text, nullable=False, comment="What it is for"),
    Column("token_hash", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of the token"),
    Column("scopes", ARRAY(Text), nullable=False, comment="What it may do, such as metrics:read"),
    Column("created_by", Text, nullable=False, comment="Who made it"),
    Column("created_at", Instant, nullable=False, server_default=NOW, comment="When it was made"),
    Column("expires_at", Instant, comment="When it is worth nothing any more; null: never"),
    Column("last_used_at", Instant, comment="When it was used last, to the minute; null: never"),
    Column("groups", ARRAY(Text), nullable=False, server_default=sa.text("'{}'"),
           comment="Groups of cameras it is limited to; empty: it is not limited"),
    comment="Tokens of programs: one row a token that was not revoked",
)  # fmt: skip

audit_entry = Table(
    "audit_entry", metadata,
    Column("audit_id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="In order of time"),
    Column("done_at", Instant, nullable=False, index=True, comment="When"),
    Column("actor", Text, nullable=False, comment="Who: account, token, or nobody known"),
    Column("address", Text, nullable=False, comment="Where they asked from; empty: unknown"),
    Column("action", Text, nullable=False, comment="Method and route, or signed in, sign-in refused, faces"),
    Column("subject", Text, nullable=False, comment="What it was done to, such as camera_id=3"),
    Column("fields", ARRAY(Text), nullable=False, comment="Names of the fields that were sent, no values"),
    Column("camera_id", sa.Integer, comment="The camera it was about; null: none, or not known which"),
    Column("groups", ARRAY(Text), nullable=False, server_default=sa.text("'{}'"),
           comment="Groups of cameras whoever did it was limited to; empty: not limited"),
    comment="Who did what, and who looked at faces: one row a deed",
)  # fmt: skip
