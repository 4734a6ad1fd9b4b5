"""`python -m hypersight.simulator CLIP`: a camera made of a file, until it is told to end."""

import argparse
import json
import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

from hypersight.simulator.camera import CameraSimulator
from hypersight_core.errors import HypersightError

LOOK_AT_PARENT_S = 0.5


def main() -> int:
    """Show the film until SIGTERM, SIGINT or the parent's end; return the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    arguments = _arguments()
    try:
        camera = CameraSimulator(
            arguments.clip,
            host=arguments.host,
            port=arguments.port,
            fps=arguments.fps,
            segment_s=arguments.segment_s,
            window=arguments.window,
            cache_dir=arguments.cache_dir,
            began_at=arguments.began_at,
        )
        with camera:
            print(json.dumps({"url": camera.url}), flush=True)  # noqa: T201 - the answer to who started us
            while not stop.wait(LOOK_AT_PARENT_S) and os.getppid() == parent:
                pass
    except HypersightError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"can't listen on {arguments.host}:{arguments.port}: {error.strerror}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hypersight.simulator", description=__doc__)
    parser.add_argument("clip", type=Path, help="any video file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--fps", type=_positive, default=None, help="true frame rate, where the file is wrong"
    )
    parser.add_argument("--segment-s", type=_positive, default=2.0, help="length of a segment in seconds")
    parser.add_argument("--window", type=int, default=5, help="segments in the playlist")
    parser.add_argument("--cache-dir", type=Path, default=None, help="keep the encoded film here")
    parser.add_argument(
        "--began-at",
        type=datetime.fromisoformat,
        default=None,
        help="go on as if it had run since then (ISO 8601 with an offset)",
    )
    return parser.parse_args()


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise ValueError(text)
    return number


def _failed(problem: str) -> int:
    sys.stderr.write(f"simulator: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
