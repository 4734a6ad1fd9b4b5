"""`GET /frame/<name>.jpg` and the preview's playlist and segments."""

import re
from pathlib import Path

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation

from hypersight_api.frames.pictures import age_s, frames_folder
from hypersight_core.settings import Settings

FRAME_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\.jpg", re.ASCII)
PLAYLIST = "processed_stream.m3u8"
PREVIEW_NAME = re.compile(r"processed_stream\.m3u8|[A-Za-z0-9_-]{1,64}\.ts", re.ASCII)
TARGET_DURATION = re.compile(rb"^#EXT-X-TARGETDURATION:(\d{1,6})", re.MULTILINE)
LATE_TARGETS, LATE_S = 4, 20.0
"""A playlist that got no new segment for so many target durations, and so many seconds, is not live."""
NEVER_KEEP = {"cache-control": "no-store"}


@get("/frame/{name:str}", tags=("in the field",), media_type="image/jpeg", sync_to_thread=True)
def get_frame(name: FromPath[str], settings: NamedDependency[SkipValidation[Settings]]) -> Response[bytes]:
    """A frame that `POST /getFrame` took."""
    path = _safe(frames_folder(settings.var_dir), name, FRAME_NAME)
    return Response(_content(path), media_type="image/jpeg", headers=NEVER_KEEP)


@get("/videos/{proc_id:int}/{name:str}", tags=("in the field",), sync_to_thread=True)
def get_preview(
    proc_id: FromPath[int], name: FromPath[str], settings: NamedDependency[SkipValidation[Settings]]
) -> Response[bytes]:
    """The annotated preview of a processor: `processed_stream.m3u8`, and the segments it names.

    While the camera is not watched there is none (404): players would wait for its next segment for ever.
    """
    path = _safe(settings.var_dir / "previews" / str(proc_id), name, PREVIEW_NAME)
    content = _content(path)
    if name != PLAYLIST:
        return Response(content, media_type="video/mp2t", headers=NEVER_KEEP)
    if not _is_live(path, content):
        raise NotFoundException(detail="there is no preview now: it plays while the camera is watched")
    return Response(content, media_type="application/vnd.apple.mpegurl", headers=NEVER_KEEP)


def _safe(folder: Path, name: str, allowed: re.Pattern[str]) -> Path:
    if allowed.fullmatch(name) is None:
        raise NotFoundException(detail="there is no such file")
    return folder / name


def _is_live(path: Path, playlist: bytes) -> bool:
    found = TARGET_DURATION.search(playlist)
    limit_s = max(LATE_S, LATE_TARGETS * int(found[1])) if found else LATE_S
    old_s = age_s(path)
    return old_s is not None and old_s <= limit_s


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundException(detail="there is no such file (any more)") from error
