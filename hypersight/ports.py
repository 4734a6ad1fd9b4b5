"""Free TCP ports for the local stack."""

import socket

from hypersight_core.errors import SetupFailed

TRIES = 50


def free_port(wanted: int, *, host: str = "127.0.0.1", taken: frozenset[int] = frozenset()) -> int:
    """Return `wanted`, or the next port after it that nothing listens on.

    Raises:
        SetupFailed: none of the next fifty is free.
    """
    for port in range(wanted, wanted + TRIES):
        if port not in taken and is_port_free(host, port):
            return port
    raise SetupFailed(
        f"no free port from {wanted} to {wanted + TRIES - 1}",
        hint="end what listens there (ss -ltnp shows it) or choose other ports in .env",
    )


def is_port_free(host: str, port: int) -> bool:
    """Return whether a server could listen on `port` right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
