"""Where a process listens: refused in one clear line when it must not, or cannot."""

import errno
import os
import socket
from ipaddress import ip_address

from backend.errors import StartRefused


def require_loopback(host: str, *, variable: str) -> None:
    """NEXUS_AUTH=local answers this machine only. Raises `StartRefused`."""
    if not is_loopback(host):
        raise StartRefused(
            f"NEXUS_AUTH=local answers on loopback only, not on {host!r}; set NEXUS_AUTH=keys, or {variable}=127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bound_socket(host: str, port: int, *, variable: str) -> socket.socket:
    """A socket that has the address but does not listen yet. Raises `StartRefused`, naming what to set."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without its protocol asyncio leaves Nagle's algorithm on: 40 ms for every answer on a kept connection.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.set_inheritable(False)
    except OSError as exc:
        listener.close()
        reason = "another program has it" if exc.errno == errno.EADDRINUSE else os.strerror(exc.errno or 0)
        raise StartRefused(
            f"port {port} on {host!r} cannot be used: {reason}; stop that program, or set {variable}"
        ) from exc
    return listener
