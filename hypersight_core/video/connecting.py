"""Opening what FFmpeg reads for us, with time-outs that interrupt and errors that say what to do."""

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import av
from av.error import FFmpegError

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.reach import LOCAL_CAMERA
from hypersight_core.redaction import redacted
from hypersight_core.video.access import Access, refusing
from hypersight_core.video.formats import BYTES_ONLY
from hypersight_core.video.long_answer import LongAnswer

LOCAL_OPTIONS = ("video_size", "framerate", "input_format")
"""What an address may ask of a local camera, in FFmpeg's words."""


def is_rtsp(url: str) -> bool:
    """Say whether the stream comes over RTSP, with the sender's own times."""
    return url.lower().startswith("rtsp")


@contextmanager
def opened_stream(url: str, access: Access, asked_s: Callable[[], float] = lambda: 0.0) -> Iterator[Any]:
    """Connect to a stream.

    Args:
        asked_s: when its owner asked for the frame it waits for (monotonic); a camera that drips is left.

    Raises:
        SourceUnavailable: it can't be reached, or is no video, or may not be watched.
    """
    with ExitStack() as exit_stack:
        container = exit_stack.enter_context(_container(url, access, asked_s, exit_stack))
        if not container.streams.video:
            raise SourceUnavailable(f"{redacted(url)} has no video in it", StreamFault.NO_VIDEO)
        yield container


def _container(url: str, access: Access, asked_s: Callable[[], float], exit_stack: ExitStack) -> Any:
    scheme, timeout_s = urlsplit(url).scheme.lower(), access.timeout_s
    if scheme in ("http", "https"):
        answer = exit_stack.enter_context(LongAnswer.opened(url, access, asked_s))
        return _opened(url, answer, BYTES_ONLY, timeout_s, form=answer.form)
    with refusing():
        access.reach.check(url)
    if scheme == LOCAL_CAMERA:
        return _local_camera(url, timeout_s)
    return _opened(url, url, {"rtsp_flags": "prefer_tcp"} if is_rtsp(url) else {}, timeout_s)


def _local_camera(url: str, timeout_s: float) -> Any:
    """Open a camera of this machine, as `v4l2:///dev/video0?framerate=15`; with coded pictures if it can."""
    parts = urlsplit(url)
    device, options = Path(unquote(parts.path)), dict(parse_qsl(parts.query))
    if unknown := sorted(options.keys() - set(LOCAL_OPTIONS)):
        raise SourceUnavailable(f"{url}: {unknown[0]} is none of {', '.join(LOCAL_OPTIONS)}")
    if not device.is_char_device():
        missing = f"{url}: there is no camera {device}; plugged-in ones are /dev/video*"
        raise SourceUnavailable(missing, StreamFault.NOT_FOUND)
    if "input_format" not in options:
        try:
            return _opened(url, str(device), options | {"input_format": "mjpeg"}, timeout_s, form="v4l2")
        except SourceUnavailable:
            return _opened(url, str(device), options, timeout_s, form="v4l2")
    return _opened(url, str(device), options, timeout_s, form="v4l2")


def _opened(
    url: str, file: str | LongAnswer, options: dict[str, str], timeout_s: float, *, form: str | None = None
) -> Any:
    try:
        return av.open(file, format=form, options=options, timeout=(timeout_s, timeout_s))
    except (FFmpegError, OSError, ValueError) as error:
        raise unavailable(url, error, timeout_s) from error


def unavailable(url: str, error: Exception, timeout_s: float) -> SourceUnavailable:
    """Say in words why a stream can't be read."""
    where = redacted(url)
    match error:
        case av.error.HTTPUnauthorizedError() | PermissionError():
            hint, fault = "refuses access: check user and password", StreamFault.REFUSED
        case av.error.HTTPNotFoundError() | FileNotFoundError():
            hint, fault = "there is no such stream: check the path in the URL", StreamFault.NOT_FOUND
        case ConnectionRefusedError():
            hint = "connection refused; check address and port, and that the camera is switched on"
            fault = StreamFault.UNREACHABLE
        case av.error.ExitError() | TimeoutError():
            hint = f"did not answer within {timeout_s:g} s: is the camera reachable from here?"
            fault = StreamFault.TIMED_OUT
        case OSError(errno=errno.EBUSY):
            hint, fault = "another program uses this camera", StreamFault.OTHER
        case OSError(errno=errno.EIO):
            hint, fault = "the connection broke off", StreamFault.OTHER
        case av.error.InvalidDataError():
            hint, fault = "is no video that can be read", StreamFault.UNSUPPORTED
        case _:
            hint = f"can't be read ({type(error).__name__}): check host and path"
            fault = StreamFault.OTHER
    return SourceUnavailable(f"{where}: {hint}", fault)
