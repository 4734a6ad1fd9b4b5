"""`GET /frame/<name>.jpg` and the preview's playlist and segments."""

import asyncio
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation
from litestar.status_codes import HTTP_304_NOT_MODIFIED

from hypersight_api.frames.blurring import PictureFiles
from hypersight_api.frames.pictures import frames_folder
from hypersight_api.frames.previews import PLAYLIST, Previews
from hypersight_core.settings import Settings

FRAME_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\.jpg", re.ASCII)
SEGMENT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\.ts", re.ASCII)
NEVER_KEEP = {"cache-control": "no-store"}


@get("/frame/{name:str}", tags=("in the field",), media_type="image/jpeg", sync_to_thread=True)
def get_frame(name: FromPath[str], settings: NamedDependency[SkipValidation[Settings]]) -> Response[bytes]:
    """A frame that `POST /getFrame` took."""
    path = _safe(frames_folder(settings.var_dir), name, FRAME_NAME)
    return Response(_content(path), media_type="image/jpeg", headers=NEVER_KEEP)


@get(
    "/api/v1/cameras/{camera_id:int}/last-frame.jpg",
    tags=("cameras",),
    media_type="image/jpeg",
    sync_to_thread=True,
    operation_id="GetLastFrame",
)
def get_last_frame(
    request: Request[Any, Any, Any],
    camera_id: FromPath[int],
    picture_files: NamedDependency[SkipValidation[PictureFiles]],
) -> Response[bytes]:
    """Get the newest frame a watcher has left, up to an hour old; 404 when there is none.

    Unlike the snapshot it never asks the camera, so it costs nothing. `Last-Modified` says when it was left.
    """
    path = picture_files.snapshot(camera_id)
    content = _content(path)
    left_at = format_datetime(datetime.fromtimestamp(path.stat().st_mtime, UTC), usegmt=True)
    headers = {"cache-control": "no-cache", "last-modified": left_at}
    if request.headers.get("if-modified-since") == left_at:
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(content, media_type="image/jpeg", headers=headers)


@get("/videos/{proc_id:int}/{name:str}", tags=("in the field",))
async def get_preview(
    proc_id: FromPath[int], name: FromPath[str], previews: NamedDependency[SkipValidation[Previews]]
) -> Response[bytes]:
    """The annotated preview of a processor: `processed_stream.m3u8`, and the segments it names.

    It begins when its playlist is asked for, which takes some seconds (the answer waits, 503 if it takes
    longer), and ends a quarter of a minute after the last time; with `output_hls` it is always there. While
    the camera is not watched there is none (404): players would wait for its next segment for ever.
    """
    if name == PLAYLIST:
        content = await previews.playlist(proc_id)
        return Response(content, media_type="application/vnd.apple.mpegurl", headers=NEVER_KEEP)
    path = _safe(await asyncio.to_thread(previews.folder, proc_id), name, SEGMENT_NAME)
    content = await asyncio.to_thread(_content, path)
    return Response(content, media_type="video/mp2t", headers=NEVER_KEEP)


def _safe(folder: Path, name: str, allowed: re.Pattern[str]) -> Path:
    if allowed.fullmatch(name) is None:
        raise NotFoundException(detail="there is no such file")
    return folder / name


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundException(detail="there is no such file (any more)") from error
