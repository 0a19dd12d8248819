"""Who is signed in (`NEXUS_AUTH=keys`): their keys stay in this process, their browsers hold random ids."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from time import monotonic
from typing import Final, TypeVar

COOKIE: Final = "nexus_session"
IDLE_SECONDS: Final = 12 * 3600.0
TICKET_SECONDS: Final = 60.0
LIMIT: Final = 10_000
_BYTES: Final = 32
E = TypeVar("E")


@dataclass(slots=True)
class _SignIn:
    key: str = field(repr=False)
    used_at: float


@dataclass(frozen=True, slots=True)
class _Ticket:
    sign_in: str = field(repr=False)
    made_at: float


class SignIns:
    """Ids and the keys they stand for, and tickets that a browser exchanges for a cookie. For any thread.

    A sign-in ends when it is ended, after `idle_seconds` without use, or when `limit` newer ones push it out.
    """

    def __init__(
        self, *, limit: int = LIMIT, idle_seconds: float = IDLE_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._lock = Lock()
        self._sign_ins: dict[str, _SignIn] = {}  # least recently used first
        self._tickets: dict[str, _Ticket] = {}  # oldest first

    def start(self, key: str) -> str:
        """A new id, never one that a browser brought along."""
        sign_in = secrets.token_urlsafe(_BYTES)
        with self._lock:
            self._drop_old()
            _drop_first(self._sign_ins, lambda _: len(self._sign_ins) >= self._limit)
            self._sign_ins[sign_in] = _SignIn(key, self._clock())
        return sign_in

    def key(self, sign_in: str) -> str:
        """The key of a sign-in, which is used by this; "" for one that is unknown or over."""
        with self._lock:
            self._drop_old()
            found = self._sign_ins.pop(sign_in, None)
            if found is None:
                return ""
            found.used_at = self._clock()
            self._sign_ins[sign_in] = found
            return found.key

    def end(self, sign_in: str) -> None:
        with self._lock:
            self._sign_ins.pop(sign_in, None)

    def ticket(self, sign_in: str) -> str:
        """Good once, for a minute: the cookie of this sign-in, or with "" the end of the cookie."""
        ticket = secrets.token_urlsafe(_BYTES)
        with self._lock:
            self._drop_old()
            _drop_first(self._tickets, lambda _: len(self._tickets) >= self._limit)
            self._tickets[ticket] = _Ticket(sign_in, self._clock())
        return ticket

    def is_waiting(self, ticket: str) -> bool:
        with self._lock:
            self._drop_old()
            return ticket in self._tickets

    def redeem(self, ticket: str) -> str | None:
        """What the ticket stands for; None for one that is unknown, used or too old, or whose sign-in is over."""
        with self._lock:
            self._drop_old()
            found = self._tickets.pop(ticket, None)
            if found is None or (found.sign_in and found.sign_in not in self._sign_ins):
                return None
            return found.sign_in

    def _drop_old(self) -> None:
        now = self._clock()
        _drop_first(self._sign_ins, lambda held: now - held.used_at >= self._idle_seconds)
        _drop_first(self._tickets, lambda waiting: now - waiting.made_at >= TICKET_SECONDS)


def _drop_first(entries: dict[str, E], is_over: Callable[[E], bool]) -> None:
    """Drops from the front while `is_over` holds."""
    while entries:
        first = next(iter(entries))
        if not is_over(entries[first]):
            return
        del entries[first]


@cache
def sign_ins() -> SignIns:
    """Those of this process: the pages and the route of the cookie share them."""
    return SignIns()
