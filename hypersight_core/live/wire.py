"""The faces message as clients in the field read it."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from hypersight_core.domain.faces import Face, FacesInFrame
from hypersight_core.redaction import redacted

FRAME_TS_FORM = "%Y-%m-%d %H:%M:%S.%f"


def faces_message(seen: FacesInFrame) -> dict[str, Any]:
    """Return the message of one frame, its keys in the order of the contract.

    `frame_ts` is UTC, `bbox` whole pixels of the frame (x_min, y_min, x_max, y_max), `img` base64 JPEG.
    """
    return {
        "frame_ts": seen.frame_at.astimezone(UTC).strftime(FRAME_TS_FORM),
        "container": "jpg",
        "camera_id": str(seen.camera_id),
        "camera_url": redacted(seen.camera_url),
        "faces": [_face(face) for face in seen.faces],
    }


def message_text(message: Mapping[str, Any]) -> str:
    """Return the one text that is sent for a message."""
    return json.dumps(message)


def _face(face: Face) -> dict[str, Any]:
    return {
        "bbox": [round(edge) for edge in face.box_px],
        "conf": round(float(face.score), 4),
        "img": base64.b64encode(face.jpeg).decode("ascii"),
    }
