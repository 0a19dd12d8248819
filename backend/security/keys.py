"""API keys (`nxk_...`): made, checked for typos, hashed, and remembered for seconds.

A key is the prefix, 43 base62 digits of 32 random bytes and a 6-digit checksum, 53 characters in all. Only its
SHA-256 is stored. A slow, salted hash (argon2) protects secrets that can be guessed; 256 random bits cannot be,
so it would only make each request slower, and without a salt the hash finds its row by an index.
"""

import hmac
import re
import secrets
import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Generic, TypeVar
from uuid import UUID

from backend.security.principal import Principal, Role

PREFIX: Final = "nxk_"
HINT_LENGTH: Final = 8

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY: Final = 43  # 62 ** 43 > 2 ** 256
_CHECKSUM: Final = 6  # 62 ** 6 > 2 ** 32
_SHAPE: Final = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_BODY + _CHECKSUM}}}")

POSITIVE_TTL: Final = 30.0
NEGATIVE_TTL: Final = 5.0


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment its text exists: show `secret` once, store `key_hash` and `hint`."""

    secret: str = field(repr=False)
    key_hash: str
    hint: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A stored key. Times are aware; `key_hash` is 64 hex digits."""

    id: UUID
    workspace_id: UUID
    role: Role
    name: str
    key_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def principal(self) -> Principal:
        return Principal(workspace_id=self.workspace_id, role=self.role, key_id=self.id, name=self.name)


def generate_key() -> NewKey:
    body = PREFIX + _base62(int.from_bytes(secrets.token_bytes(32)), _BODY)
    secret = body + _checksum(body)
    return NewKey(secret=secret, key_hash=hash_key(secret), hint=secret[:HINT_LENGTH])


def is_well_formed(secret: str) -> bool:
    """Whether `secret` has a key's shape and checksum; what has not need not be looked up. Says nothing of validity."""
    return _SHAPE.fullmatch(secret) is not None and secret[-_CHECKSUM:] == _checksum(secret[:-_CHECKSUM])


def hash_key(secret: str) -> str:
    """64 hex digits. Any text is taken, lone surrogates included."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def matches(secret: str, key_hash: str) -> bool:
    """Whether `secret` is the key with this stored hash, in constant time."""
    return hmac.compare_digest(hash_key(secret).encode("ascii"), key_hash.encode("utf-8", "surrogatepass"))


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), _CHECKSUM)


def _utc_now() -> datetime:
    return datetime.now(UTC)


LoadKey = Callable[[str], Awaitable[KeyRecord | None]]


V = TypeVar("V")


class _Expiring(Generic[V]):
    """At most `capacity` values, each for `ttl` seconds; the least recently used goes first."""

    def __init__(self, capacity: int, ttl: float) -> None:
        self._capacity = capacity
        self._ttl = ttl
        self._entries: OrderedDict[str, tuple[V, float]] = OrderedDict()

    def get(self, key: str, now: float) -> V | None:
        return self._entries[key][0] if self.has(key, now) else None

    def has(self, key: str, now: float) -> bool:
        entry = self._entries.get(key)
        if entry is None:
            return False
        if now >= entry[1]:
            del self._entries[key]
            return False
        self._entries.move_to_end(key)
        return True

    def put(self, key: str, value: V, asked: float) -> None:
        self._entries[key] = (value, asked + self._ttl)
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def drop(self, key: str) -> None:
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)


class KeyCache:
    """Which key is whose, remembered for `POSITIVE_TTL` seconds, and for `NEGATIVE_TTL` when it is nobody's.

    So a key that was revoked elsewhere is refused within 30 s, and one just made works within 5 s. Only hashes
    are held. Unknown keys have a table of their own: guessing does not push out those in use.
    For one event loop; `clock` is monotonic seconds.
    """

    def __init__(
        self,
        *,
        capacity: int = 4096,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._clock = clock
        self._now = now
        self._known: _Expiring[KeyRecord] = _Expiring(capacity, POSITIVE_TTL)
        self._unknown: _Expiring[None] = _Expiring(capacity, NEGATIVE_TTL)
        self._forgotten = 0

    async def resolve(self, secret: str, load: LoadKey) -> KeyRecord | None:
        """The active record of `secret`, or None. `load(key_hash)` is awaited when the answer is not remembered.

        What `load` raises passes through and is not remembered.
        """
        if not is_well_formed(secret):
            return None
        key_hash = hash_key(secret)
        # The age counts from before the look-up: a key revoked while it ran must not live longer for it.
        asked = self._clock()
        record = self._known.get(key_hash, asked)
        if record is None:
            if self._unknown.has(key_hash, asked):
                return None
            before = self._forgotten
            record = await load(key_hash)
            # What was read before a key was forgotten may be what is no longer true.
            is_fresh = self._forgotten == before
            if record is None or not matches(secret, record.key_hash) or not record.is_active(self._now()):
                if is_fresh:
                    self._unknown.put(key_hash, None, asked)
                return None
            if is_fresh:
                self._known.put(key_hash, record, asked)
        return record if record.is_active(self._now()) else None

    def forget(self, key_hash: str) -> None:
        """Look this key up again at its next use: it was made, changed or revoked in this process."""
        self._forgotten += 1
        self._known.drop(key_hash)
        self._unknown.drop(key_hash)

    def __len__(self) -> int:
        return len(self._known) + len(self._unknown)
