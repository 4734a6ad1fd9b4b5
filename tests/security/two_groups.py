"""One installation with two groups of cameras, north and south, each with everything that is of a camera."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hypersight_core import passwords
from hypersight_core.domain.access import AuditEntry, Role, Scope
from hypersight_core.domain.outages import Condition, Outage
from hypersight_core.store import access_tokens, accounts, audit, cameras, outages, processors
from hypersight_core.store.engine import Store
from hypersight_core.store.tables import validation
from tests.builders import camera_settings, processor_settings

PASSWORD = "correct horse battery"
NOBODYS = 99_999
JPEG = b"\xff\xd8\xff\xd9"
EVERYTHING = tuple(Scope)


@dataclass(frozen=True)
class Group:
    """The numbers of what is of one group; everything of it has the group's name in it."""

    name: str
    numbers: dict[str, int]
    """By the names of the parts of addresses."""


def a_group(store: Store, var_dir: Path, name: str) -> Group:
    """Fill a group with a camera, its processor, a validation, an outage, files, an account and a token."""
    with store.transaction() as tx:
        settings = camera_settings(name=f"{name} door", stream_url=f"rtsp://{name}.invalid/1", groups=(name,))
        camera_id = cameras.create_camera(tx, settings).camera_id
        kinds = [
            processor_settings(name=f"{name} {kind}", kind=kind) for kind in ("traffic", "objects", "faces")
        ]
        made = [processors.create_processor(tx, camera_id, one).processor_id for one in kinds]
        values = {
            "processor_id": made[0], "processor_version": 1, "clip": f"{name}.mp4", "truth_from": "a.csv",
            "length_s": 1.0, "watch_fps": 2.0, "tolerance_s": 1.0, "true_count": 1, "counted": 1,
            "matched": 1, "mistakes": [], "picture": JPEG,
        }  # fmt: skip
        validation_id = tx.scalar(sa.insert(validation).values(values).returning(validation.c.validation_id))
        outages.begin_outages(tx, [_outage(camera_id, name)])
        account = accounts.create_account(tx, f"{name}ern", passwords.hashed(PASSWORD), Role.VIEWER, (name,))
        token, _ = access_tokens.create_token(tx, f"{name} token", EVERYTHING, "tests", None, (name,))
        audit.record(tx, _entry(f"{name} boss"), processor_id=made[0])
    _files(var_dir, camera_id, made[0])
    numbers = {
        "camera_id": camera_id, "processor_id": made[0], "proc_id": made[0], "objects_id": made[1],
        "validation_id": validation_id or 0, "account_id": account.account_id, "token_id": token.token_id,
    }  # fmt: skip
    return Group(name, numbers)


def bearer(store: Store, *groups: str, scopes: tuple[Scope, ...] = EVERYTHING) -> dict[str, str]:
    """Return what a program shows that is limited to these groups."""
    with store.transaction() as tx:
        _, secret = access_tokens.create_token(tx, "probe", scopes, "tests", None, groups)
    return {"authorization": f"Bearer {secret}"}


def _outage(camera_id: int, name: str) -> Outage:
    began_at = datetime.now(UTC) - timedelta(hours=1)
    said: dict[str, Any] = {"reason": f"{name} is dark", "began_at": began_at, "told_at": began_at}
    return Outage(camera_id=camera_id, condition=Condition.DOWN, **said)


def _entry(actor: str) -> AuditEntry:
    now = datetime.now(UTC)
    return AuditEntry(done_at=now, actor=actor, address="", action="PATCH", subject="", fields=())


def _files(var_dir: Path, camera_id: int, processor_id: int) -> None:
    for path in (
        var_dir / "snapshots" / f"{camera_id}.jpg",
        var_dir / "previews" / str(processor_id) / "segment.ts",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG)
