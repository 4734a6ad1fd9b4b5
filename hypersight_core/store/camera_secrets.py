"""Secrets of cameras where they lie: encrypted, whoever wrote them in the clear."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import InvalidToken
from sqlalchemy import Connection

from hypersight_core.sealing import Keyring
from hypersight_core.store.tables import camera


@dataclass(frozen=True, slots=True)
class Sealing:
    """What became of the cameras with secrets."""

    written: int
    """How many were encrypted."""
    unreadable: tuple[str, ...] = ()
    """Cameras whose secrets no key opens, by number and name; they stay as they are."""


def seal_secrets(tx: Connection, keys: Keyring, *, renew: bool = False) -> Sealing:
    """Encrypt what was stored in the clear, by older versions or by SQL; it makes no new version of a camera.

    Args:
        renew: encrypt by the newest key what another one encrypted, too.
    """
    written, unreadable = 0, []
    for row in tx.execute(_STORED):
        stored: tuple[str, Mapping[str, str]] = (row.stream_url, row.http_headers)
        try:
            secrets = keys.opened_secrets(*stored) if renew else stored
        except InvalidToken:
            unreadable.append(f"{row.camera_id} ({row.name})")
            continue
        sealed = keys.sealed_secrets(*secrets)
        if sealed != stored:
            written += tx.execute(_REPLACE, _values(row.camera_id, stored, sealed)).rowcount
    return Sealing(written, tuple(unreadable))


def _values(
    camera_id: int, stored: tuple[str, Mapping[str, str]], sealed: tuple[str, Mapping[str, str]]
) -> dict[str, Any]:
    before = {"url_before": stored[0], "headers_before": stored[1]}
    return before | {"id": camera_id, "url": sealed[0], "headers": sealed[1]}


_STORED = sa.select(camera.c.camera_id, camera.c.name, camera.c.stream_url, camera.c.http_headers).order_by(
    camera.c.camera_id
)
# Who edits the camera meanwhile wins; it is encrypted at the next look.
_REPLACE = (
    sa.update(camera)
    .where(
        camera.c.camera_id == sa.bindparam("id"),
        camera.c.stream_url == sa.bindparam("url_before"),
        camera.c.http_headers == sa.bindparam("headers_before", type_=camera.c.http_headers.type),
    )
    .values(
        stream_url=sa.bindparam("url"), http_headers=sa.bindparam("headers", type_=camera.c.http_headers.type)
    )
)
