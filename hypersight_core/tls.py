"""Whom to trust over TLS."""

import ssl
from functools import cache

import httpx


@cache
def tls_context(*, http2: bool = False) -> ssl.SSLContext:
    """Return this process's one context of its kind: reading the authorities takes 3 MB and 20 ms each time.

    Args:
        http2: whether the client may speak it; clients write that into their context.
    """
    del http2
    return httpx.create_ssl_context()
