"""Whether there is something of a number, as a transaction sees it."""

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.store.tables import access_token, account, camera, processor, validation

NUMBERED = {
    "camera": camera.c.camera_id,
    "processor": processor.c.processor_id,
    "validation": validation.c.validation_id,
    "account": account.c.account_id,
    "token": access_token.c.token_id,
}


def is_known(tx: Connection, kind: str, number: int) -> bool:
    """Return whether there is one of this number, deleted ones included.

    Args:
        kind: a key of `NUMBERED`.
    """
    return bool(tx.scalar(sa.select(sa.exists().where(NUMBERED[kind] == number))))
