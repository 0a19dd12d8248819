"""Whose certificates are trusted, read once: that takes some 60 ms of the processor, during which nobody is served."""

import ssl
from functools import cache

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """The machine's own certificates, whatever the environment says; a change of them counts from the next start."""
    return httpx2.create_ssl_context(trust_env=False)
