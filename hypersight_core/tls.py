"""Whom to trust over TLS."""

import ssl
from functools import cache

import httpx


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one context of this process: reading the authorities takes 3 MB and 20 ms each time.

    For clients that speak HTTP/1.1 only: what they offer is written into the context.
    """
    return httpx.create_ssl_context()
