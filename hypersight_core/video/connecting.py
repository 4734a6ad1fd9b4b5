"""Opening what FFmpeg reads for us, with time-outs that interrupt and errors that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import av
import httpx
from av.error import FFmpegError

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.redaction import redacted
from hypersight_core.video.access import Access, Secrets
from hypersight_core.video.web import Web

LOCAL_SCHEME = "v4l2"
LOCAL_OPTIONS = ("video_size", "framerate", "input_format")
"""What an address may ask of a local camera, in FFmpeg's words."""


def is_rtsp(url: str) -> bool:
    """Say whether the stream comes over RTSP, with the sender's own times."""
    return url.lower().startswith("rtsp")


@contextmanager
def opened_stream(url: str, access: Access) -> Iterator[Any]:
    """Connect to a stream.

    Raises:
        SourceUnavailable: it can't be reached, or is no video.
    """
    if urlsplit(url).scheme.lower() == LOCAL_SCHEME:
        container = _local_camera(url, access.timeout_s)
    else:
        address, options = _address(url, access)
        container = _opened(url, address, options, access.timeout_s)
    with container:
        if not container.streams.video:
            raise SourceUnavailable(f"{redacted(url)} has no video in it", StreamFault.NO_VIDEO)
        yield container


def _address(url: str, access: Access) -> tuple[str, dict[str, str]]:
    """Return the address and FFmpeg's options.

    FFmpeg would send the headers along with a redirect, whoever it leads to: it is followed here instead.
    """
    if is_rtsp(url):
        return url, {"rtsp_flags": "prefer_tcp"}
    if not access.headers or not url.lower().startswith("http"):
        return url, {}
    with Web(url, access, lambda: False) as web:
        found = web.get(web.url, most_bytes=1).url
    asked, answering = httpx.URL(url), httpx.URL(found)
    if not Secrets(asked, access.headers).may_go_to(answering):
        return found, {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in access.headers.items())
    return str(answering.copy_with(userinfo=asked.userinfo)), {"headers": lines}


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
    url: str, address: str, options: dict[str, str], timeout_s: float, *, form: str | None = None
) -> Any:
    try:
        return av.open(address, format=form, options=options, timeout=(timeout_s, timeout_s))
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
