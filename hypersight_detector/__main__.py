"""Run the reference detector: `python -m hypersight_detector`."""

import argparse
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from hypersight_core import logs
from hypersight_core.downloads import Progress
from hypersight_core.errors import HypersightError, SetupFailed
from hypersight_core.settings import Settings
from hypersight_detector import weights
from hypersight_detector.app import create_app
from hypersight_detector.layouts import LAYOUTS
from hypersight_detector.models import RANGES, ModelConfig

END_WITHIN_S = 2


def main() -> int:
    """Serve until SIGTERM or SIGINT; print one JSON line with the address when ready."""
    try:
        settings = Settings.from_environ(os.environ)
        logs.configure(settings.log_level, settings.log_format)
        _serve(_parser(settings).parse_args())
    except HypersightError as error:
        sys.stderr.write(f"hypersight detector: {error}\n")
        return 1
    except KeyboardInterrupt:  # raised again by the server after it has ended in order
        return 130
    return 0


def _serve(options: argparse.Namespace) -> None:
    # The port is taken before minutes are spent on downloads.
    with _listening(options.host, options.port) as listening:
        app = create_app(
            _config(options, "objects") or weights.persons(options.cache_dir, _progress()),
            _config(options, "faces") or weights.faces(options.cache_dir, _progress()),
            threads=options.threads,
            max_batch=options.max_batch,
            max_waiting=options.max_waiting,
        )
        port = listening.getsockname()[1]
        sys.stdout.write(json.dumps({"url": f"http://{options.host}:{port}"}) + "\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=END_WITHIN_S
        )
        uvicorn.Server(config).run(sockets=[listening])


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hypersight_detector",
        description="Finds persons (POST /objects) and faces (POST /faces) on JPEG pictures.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=settings.detector_port, help="0: any free one")
    parser.add_argument("--cache-dir", type=Path, default=settings.cache_dir, help="where networks are kept")
    parser.add_argument("--threads", type=int, default=1, help="threads of one network")
    parser.add_argument("--max-batch", type=int, default=4, help="pictures that go through together")
    parser.add_argument("--max-waiting", type=int, default=32, help="pictures that may wait; then 503")
    for what in ("objects", "faces"):
        parser.add_argument(f"--{what}-model", type=Path, help="another ONNX network, by path")
        parser.add_argument(f"--{what}-layout", choices=sorted(LAYOUTS), help="what its outputs mean")
        parser.add_argument(f"--{what}-range", choices=sorted(RANGES), default="0-255", help="its pixels")
        parser.add_argument(f"--{what}-pad", action="store_true", help="pad to a square, do not stretch")
        parser.add_argument(f"--{what}-bgr", action="store_true", help="it wants BGR, not RGB")
        parser.add_argument(f"--{what}-min-score", type=float, default=0.1, help="weaker ones are left out")
    return parser


def _config(options: argparse.Namespace, what: str) -> ModelConfig | None:
    path: Path | None = getattr(options, f"{what}_model")
    if path is None:
        return None
    return ModelConfig(
        path,
        getattr(options, f"{what}_layout") or "",
        value_range=getattr(options, f"{what}_range"),
        keep_proportions=getattr(options, f"{what}_pad"),
        is_bgr=getattr(options, f"{what}_bgr"),
        min_score=getattr(options, f"{what}_min_score"),
    )


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=128)
    except (OSError, OverflowError) as error:
        raise SetupFailed(
            f"cannot listen on {host}:{port}: {error}",
            hint="end what listens there, or choose another port with --port",
        ) from error


def _progress() -> Progress:
    def report(label: str, done_bytes: int, total_bytes: int | None) -> None:
        if done_bytes == 0 or done_bytes == total_bytes:
            sys.stderr.write(f"fetching {label}: {done_bytes / 1e6:.1f} MB\n")

    return report


if __name__ == "__main__":
    sys.exit(main())
