"""Which previews people look at: asked for over HTTP, made by watchers, known to both through here."""

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.errors import NotFound

LASTS_S = 15.0
"""A preview that nobody asked for again for so long is ended."""


def ask_for_preview(tx: Connection, processor_id: int) -> None:
    """Say that somebody looks at the preview of a processor, or wants to.

    Raises:
        NotFound: there is no such processor, or it is switched off.
    """
    if not tx.execute(_ASK, {"processor_id": processor_id}).rowcount:
        raise NotFound("processor", processor_id)


def wanted_previews(tx: Connection, camera_id: int) -> frozenset[int]:
    """Return the processors of a camera whose previews somebody looks at."""
    return frozenset(tx.scalars(_WANTED, {"camera_id": camera_id, "lasts_s": LASTS_S}))


_ASK = sa.text("""
INSERT INTO preview_request (processor_id)
SELECT processor_id
FROM processor
JOIN processor_version USING (processor_id, version)
JOIN camera USING (camera_id)
WHERE processor_id = :processor_id AND processor_version.enabled
  AND processor.deleted_at IS NULL AND camera.deleted_at IS NULL
ON CONFLICT (processor_id) DO UPDATE SET asked_at = now()
""")

_WANTED = sa.text("""
SELECT processor_id
FROM preview_request JOIN processor USING (processor_id)
WHERE camera_id = :camera_id AND asked_at > now() - make_interval(secs => :lasts_s)
""")
