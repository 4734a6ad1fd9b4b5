"""Testing a stream before it is a camera: what it is, with a picture, or what to do about it."""

import time
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from hypersight_api.cameras.schemas import CameraChange, HttpHeaders, StreamUrl
from hypersight_api.frames import pictures
from hypersight_api.frames.grabbing import StreamFacts, StreamProblem, grab
from hypersight_core.domain.cameras import Camera, CameraSettings
from hypersight_core.errors import StreamFault
from hypersight_core.redaction import redacted

ADVICE = {
    StreamFault.REFUSED: "Check user and password. They go into the address: rtsp://user:password@host/path",
    StreamFault.NOT_FOUND: "The host answers, but not under this path. Look up the stream's path in the "
    "camera's manual",
    StreamFault.UNREACHABLE: "Nobody answers at this address. Check host name and port, and that the camera "
    "is switched on and in a network this server reaches",
    StreamFault.TIMED_OUT: "The camera did not send a picture in time. Is it switched on, and is the way to "
    "it free (firewall, network)?",
    StreamFault.NO_VIDEO: "The address answers without any video. Choose the camera's video stream",
    StreamFault.UNSUPPORTED: "What comes is no stream that can be read. Take the address of the stream "
    "itself (HLS, RTSP, RTMP or MJPEG), not of the camera's web page",
    StreamFault.OTHER: "The stream cannot be read. Check the address; if it is right, restart the camera",
}
CLOCKS = {
    "program_date_time": "the stream's own clock (program date time)",
    "rtcp": "the camera's own clock (RTCP)",
    "wall_clock": "the moment of arrival here: the stream says no time of its own",
    "file": "the file's own time",
}


class ConnectionQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stream to be tested; nothing is saved."""

    stream_url: StreamUrl | UnsetType = UNSET
    http_headers: HttpHeaders | UnsetType = UNSET
    camera_id: int | None = None
    """The camera whose address and headers are meant where they are left out, or sent just as shown."""

    def settings(self, known: Camera | None) -> CameraSettings:
        """Return the camera to be tested.

        Raises:
            InvalidInput: the address or a header could never be a camera's.
        """
        if known is not None:
            return CameraChange(stream_url=self.stream_url, http_headers=self.http_headers).applied_to(known)
        return CameraSettings(
            name="test",
            stream_url="" if self.stream_url is UNSET else self.stream_url,
            http_headers={} if self.http_headers is UNSET else self.http_headers,
        )


class ConnectionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream turned out to be, or why it cannot be watched; without secrets."""

    can_be_watched: bool
    stream_url: str
    took_s: float
    codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None
    """Frames per second; null where too little came to tell."""
    clock_source: str | None = None
    """Where frames get their times from: `program_date_time`, `rtcp`, `wall_clock` or `file`."""
    clock_text: str = ""
    snapshot_url: str | None = None
    """A picture of now, for ten minutes."""
    fault: StreamFault | None = None
    detail: str = ""
    """Why not, in the words of who tried."""
    advice: str = ""
    """What to do about it."""


async def tested(var_dir: Path, settings: CameraSettings) -> ConnectionReport:
    """Take one frame of a stream and say what it is, within ten seconds or so.

    Raises:
        SourceUnavailable: too many frames are being taken already.
    """
    began_s = time.monotonic()
    path = await pictures.new_path(var_dir)
    found = await grab(settings.stream_url, settings.http_headers, path)
    saved = pictures.measured(path)
    shown, took_s = redacted(settings.stream_url), round(time.monotonic() - began_s, 2)
    if isinstance(found, StreamProblem) or saved is None:
        problem = found if isinstance(found, StreamProblem) else StreamProblem(StreamFault.OTHER, "no frame")
        return _problem(problem, shown, took_s)
    return _facts(found, saved, shown, took_s)


def _problem(problem: StreamProblem, stream_url: str, took_s: float) -> ConnectionReport:
    return ConnectionReport(
        can_be_watched=False,
        stream_url=stream_url,
        took_s=took_s,
        fault=problem.fault,
        detail=problem.detail,
        advice=ADVICE[problem.fault],
    )


def _facts(
    facts: StreamFacts, saved: pictures.SavedFrame, stream_url: str, took_s: float
) -> ConnectionReport:
    return ConnectionReport(
        can_be_watched=True,
        stream_url=stream_url,
        took_s=took_s,
        codec=facts.codec,
        width_px=facts.width_px,
        height_px=facts.height_px,
        fps=facts.fps,
        clock_source=facts.clock_source,
        clock_text=CLOCKS.get(facts.clock_source, facts.clock_source),
        snapshot_url=saved.path,
    )
