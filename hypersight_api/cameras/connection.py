"""Testing a stream before it is a camera: what it is, with a picture, or what to do about it."""

import time

from hypersight_api.cameras.schemas import ConnectionReport
from hypersight_api.frames import pictures
from hypersight_api.frames.grabbing import StreamFacts, StreamProblem, grab
from hypersight_core.domain.cameras import CameraSettings
from hypersight_core.errors import StreamFault
from hypersight_core.redaction import redacted
from hypersight_core.settings import Settings

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
    StreamFault.NOT_ALLOWED: "This installation lets no camera lead there. Ask whoever runs it about "
    "HYPERSIGHT_CAMERA_HOSTS and HYPERSIGHT_MEDIA_DIR",
    StreamFault.KEY_MISSING: "Its password was encrypted by another key. Ask whoever runs this "
    "installation about HYPERSIGHT_SECRET_KEYS, or give the address with its password anew",
    StreamFault.OTHER: "The stream cannot be read. Check the address; if it is right, restart the camera",
}
CLOCKS = {
    "program_date_time": "the stream's own clock (program date time)",
    "rtcp": "the camera's own clock (RTCP)",
    "wall_clock": "the moment of arrival here: the stream says no time of its own",
    "file": "the file's own time",
}


async def tested(settings: Settings, camera: CameraSettings) -> ConnectionReport:
    """Take one frame of a stream and say what it is, within ten seconds or so.

    Raises:
        SourceUnavailable: too many frames are being taken already.
    """
    began_s = time.monotonic()
    path = await pictures.new_path(settings.var_dir)
    found = await grab(camera, path, settings)
    saved = pictures.measured(path)
    shown, took_s = redacted(camera.stream_url), round(time.monotonic() - began_s, 2)
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
