"""Whom to trust over TLS."""

import ssl
from functools import cache

import httpx


def new_context() -> ssl.SSLContext:
    """Return who is believed: the well-known authorities, and this machine's or those of `SSL_CERT_FILE`."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


@cache
def http1_context() -> ssl.SSLContext:
    """Return the one context of this process for clients that speak HTTP/1.1 only.

    Reading the authorities takes 3 MB and 20 ms each time; what a client offers to speak is written into it.
    """
    return new_context()


@cache
def http2_context() -> ssl.SSLContext:
    """Return the one context of this process for clients that offer HTTP/2 too."""
    return new_context()
