"""`POST /traffic`, `POST /objects`, `GET /statusWatch`, `POST /getFrame`."""

import asyncio
import json
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody, SkipValidation
from litestar.status_codes import HTTP_200_OK

from hypersight_api.bodies import described, understood
from hypersight_api.field import answers
from hypersight_api.field.schemas import (
    FrameAnswer,
    FrameQuestion,
    ObjectsAnswer,
    ObjectsQuestion,
    TrafficAnswer,
    TrafficQuestion,
    Watching,
)
from hypersight_api.frames import pictures
from hypersight_api.services import now
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store

TAGS = ("in the field",)


@post(
    "/traffic",
    status_code=HTTP_200_OK,
    tags=TAGS,
    sync_to_thread=True,
    operation_class=described(TrafficQuestion, TrafficAnswer),
)
def post_traffic(
    body: RawBody, store: NamedDependency[Store], reads: NamedDependency[Store]
) -> Response[bytes]:
    """Number of persons in `start_ts < ts <= stop_ts` (no `stop_ts`: now).

    Time stamps are `YYYY-MM-DD HH:MM:SS[.ffffff]` in the camera's time zone, or ISO 8601 with an offset.
    """
    return _json(answers.traffic(store, reads, understood(body, TrafficQuestion), now()))


@post(
    "/objects",
    status_code=HTTP_200_OK,
    tags=TAGS,
    sync_to_thread=True,
    operation_class=described(ObjectsQuestion, ObjectsAnswer),
)
def post_objects(body: RawBody, store: NamedDependency[Store]) -> Response[bytes]:
    """The last count at or before `ts` (no `ts`: now)."""
    return _json(answers.objects(store, understood(body, ObjectsQuestion), now()))


@get("/statusWatch", tags=TAGS, sync_to_thread=True, operation_class=described(None, dict[str, Watching]))
def get_status_watch(store: NamedDependency[Store]) -> Response[bytes]:
    """A key per camera; `watching` is true only while a live process really watches it."""
    return _json(answers.status_watch(store))


@post("/getFrame", status_code=HTTP_200_OK, tags=TAGS, operation_class=described(FrameQuestion, FrameAnswer))
async def post_get_frame(
    body: RawBody, store: NamedDependency[Store], settings: NamedDependency[SkipValidation[Settings]]
) -> Response[bytes]:
    """Take a frame of a camera now; it can be fetched at `path` for ten minutes."""
    question = understood(body, FrameQuestion)
    camera = await asyncio.to_thread(pictures.known_camera, store, question.camera_id)
    frame = None if camera is None else await pictures.new_frame(settings, camera)
    if frame is None:
        return _json(answers.failure("Camera does not respond"))
    answer = {"err": False, "path": frame.path, "height": frame.height_px, "width": frame.width_px}
    return _json(answer)


def _json(answer: dict[str, Any]) -> Response[bytes]:
    return Response(json.dumps(answer).encode(), media_type="application/json")
