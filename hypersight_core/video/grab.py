"""`python -m hypersight_core.video.grab OUT.jpg`: one frame of the stream whose URL comes on standard input.

After the URL may come lines `Name: value`, headers for HTTP. The answer is one JSON object: what the stream
is, or `fault` and `detail`. The API runs this as a process of its own: it must not decode video itself, and a
URL on a command line could be read by everybody on the machine. `--hosts` and `--media-dir` are the settings
`HYPERSIGHT_CAMERA_HOSTS` and `HYPERSIGHT_MEDIA_DIR`; with `--hidden` nobody can be recognized on the frame.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from hypersight_core.domain.privacy import EVERYTHING
from hypersight_core.errors import HypersightError, SourceUnavailable, StreamFault
from hypersight_core.reach import Reach
from hypersight_core.redaction import redacted_text
from hypersight_core.settings import Settings
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.picture import Picture
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Access, Segment, SourceState, open_source

TIMEOUT_S = 9.0
"""So that with its start and end the process answers within ten."""
SECOND_CHANCE_S = 3.0
"""A stream that says what is wrong with it is tried for so long, a silent one for `TIMEOUT_S`."""
QUALITY = 90
USUAL_ACCESS = Access(TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class Grab:
    """One frame, and the segment it is from."""

    picture: Picture
    segment: Segment

    def facts(self) -> dict[str, object]:
        """Return what the stream is; JSON values."""
        codec, frame_s = self.segment.coded[0].codec.name, self.segment.frame_s
        return {
            "width_px": self.picture.width_px,
            "height_px": self.picture.height_px,
            "codec": codec,
            "fps": round(1 / frame_s, 2) if len(self.segment.coded) > 1 else None,
            "clock_source": self.segment.clock_source.value,
            "frame_at": self.picture.at.isoformat(),
        }


def grabbed(url: str, access: Access = USUAL_ACCESS) -> Grab:
    """Return one recent frame.

    Raises:
        SourceUnavailable: none came in time; the message says why.
    """
    began_s, timeout_s = time.monotonic(), access.timeout_s
    problem: SourceState | None = None

    def heard(state: SourceState) -> None:
        nonlocal problem
        problem = None if state in (SourceState.CONNECTING, SourceState.CONNECTED) else state

    def is_over() -> bool:
        return time.monotonic() - began_s > (min(SECOND_CHANCE_S, timeout_s) if problem else timeout_s)

    source = open_source(url, stop=is_over, access=access, on_state=heard)
    try:
        for piece in source.pieces():
            if isinstance(piece, Segment):
                sampler = FrameSampler(1 / max(piece.duration_s, 0.1))
                for picture in sampler.frames(replace(piece, is_last=True)):
                    return Grab(picture, piece)
    finally:
        source.close()
    if problem is not None:
        raise SourceUnavailable(problem.detail, problem.fault)
    raise SourceUnavailable(f"no frame came within {timeout_s:g} s", StreamFault.TIMED_OUT)


def main() -> int:
    """Write the frame; print what the stream is, or why there is none; return the exit code."""
    asked = _arguments()
    out, (url, *lines) = asked.out, [line.strip() for line in sys.stdin] or [""]
    if not url:
        return _failed("no URL on standard input")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    try:
        reach = Reach.of(Settings(camera_hosts=asked.hosts, media_dir=asked.media_dir))
        grab = grabbed(url, Access(TIMEOUT_S, headers, reach=reach))
        part = out.with_suffix(".part")
        picture = replace(grab.picture, veil=EVERYTHING) if asked.hidden else grab.picture
        part.write_bytes(encode_jpeg(picture.to_bgr(), QUALITY))
        part.replace(out)
    except SourceUnavailable as error:
        return _failed(redacted_text(str(error)), error.fault)
    except HypersightError as error:
        return _failed(redacted_text(str(error)))
    except OSError as error:
        return _failed(f"{out} can't be written: {error.strerror}")
    print(json.dumps(grab.facts()))  # noqa: T201 - the answer
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hypersight_core.video.grab")
    parser.add_argument("out", type=Path, metavar="OUT.jpg")
    parser.add_argument("--hosts", default="")
    parser.add_argument("--media-dir", default="/")
    parser.add_argument("--hidden", action="store_true")
    return parser.parse_args()


def _failed(problem: str, fault: StreamFault = StreamFault.OTHER) -> int:
    print(json.dumps({"fault": fault.value, "detail": problem}))  # noqa: T201 - the answer
    sys.stderr.write(f"{problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
