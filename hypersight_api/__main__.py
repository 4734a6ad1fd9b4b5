"""Run the API: `python -m hypersight_api`."""

import ipaddress
import logging
import os
import socket
import sys
import threading
from typing import Any

import uvicorn
from litestar import Litestar

from hypersight_api.app import create_app
from hypersight_api.workers import Workers, share_figures
from hypersight_core import logs
from hypersight_core.errors import HypersightError, SetupFailed
from hypersight_core.settings import Settings

logger = logging.getLogger("hypersight_api")

GRACE_S = 2
EXIT_WITHIN_S = 4.0
MAX_GREETING_BYTES = 4096


class Server(uvicorn.Server):
    """Ends within five seconds of being asked to, whatever a client or the database is still doing."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything; the process goes when that takes too long."""
        last_resort = threading.Timer(EXIT_WITHIN_S, os._exit, (0,))
        last_resort.daemon = True
        last_resort.start()
        await super().shutdown(sockets)


def main() -> int:
    """Serve until told to stop; 1 when it cannot start, said in one line."""
    try:
        settings = Settings.from_environ(os.environ)
        _configure_logs(settings)
        listener = listening(settings)
        app = create_app(settings)
    except HypersightError as error:
        print(f"hypersight_api: {error}".replace("\n  →", ";"), file=sys.stderr)  # noqa: T201
        return 1
    host, port = listener.getsockname()[:2]
    logger.info("listening", extra={"host": host, "port": port})
    with listener:
        if settings.api_workers == 1:
            Server(_config(app)).run(sockets=[listener])
        else:
            share_figures(os.environ, settings.var_dir)
            config = _config("hypersight_api.__main__:worker", workers=settings.api_workers, factory=True)
            Workers(config, [listener], exit_within_s=EXIT_WITHIN_S).run()
    return 0


def worker() -> Litestar:
    """Build the application in one of several processes."""
    settings = Settings.from_environ(os.environ)
    _configure_logs(settings)
    return create_app(settings)


def _config(app: Litestar | str, **options: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # query strings may hold a token
        ws="websockets-sansio",
        ws_max_size=MAX_GREETING_BYTES,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        **options,
    )


def _configure_logs(settings: Settings) -> None:
    logs.configure(settings.log_level, settings.log_format)
    # It writes the query strings of websockets, which may hold a token.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def listening(settings: Settings) -> socket.socket:
    """Return the socket to serve on.

    Raises:
        SetupFailed: it would be open to strangers, or the port is not to be had.
    """
    if not settings.api_token and not _is_loopback(settings.api_host):
        raise SetupFailed(
            f"without a token the API does not listen on {settings.api_host}: anybody could see the cameras",
            hint="set HYPERSIGHT_API_TOKEN, or HYPERSIGHT_API_HOST=127.0.0.1",
        )
    try:
        family, *_, address = socket.getaddrinfo(
            settings.api_host, settings.api_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=512)
    except OSError as error:
        raise SetupFailed(
            f"the API cannot listen on {settings.api_host}:{settings.api_port}: {error.strerror}",
            hint="set HYPERSIGHT_API_PORT to a free port",
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    sys.exit(main())
