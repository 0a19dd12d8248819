"""API keys: shape, checksum, hash, and how long an answer about one is believed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.security.keys import KeyCache, KeyRecord, generate_key, hash_key, is_well_formed, matches
from backend.security.principal import Principal, Role

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET = generate_key().secret
HOSTILE = ["", "nxk_", "' OR '1'='1", "nxk_" + "a" * 49, "nxk_" + "é" * 49, "\ud800", "\x00", "nxk_" + "٣" * 49]


def record_of(secret: str, **changes: object) -> KeyRecord:
    record = KeyRecord(uuid4(), uuid4(), Role.SALES, "Anna's key", hash_key(secret), NOW - timedelta(days=1))
    return replace(record, **changes)  # type: ignore[arg-type]  # names and types are the record's own


class Store:
    """The table of keys: what it holds may change, and it counts its readers."""

    def __init__(self, *records: KeyRecord) -> None:
        self.records = {record.key_hash: record for record in records}
        self.reads = 0

    async def load(self, key_hash: str) -> KeyRecord | None:
        self.reads += 1
        return self.records.get(key_hash)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_new_key_has_the_shape_the_hash_and_the_hint_that_it_says() -> None:
    key = generate_key()
    assert len(key.secret) == 53
    assert key.secret.startswith("nxk_")
    assert set(key.secret[4:]) <= set(ALPHABET)
    assert key.key_hash == sha256(key.secret.encode()).hexdigest()
    assert key.secret.startswith(key.hint)
    assert len(key.hint) == 8


def test_keys_differ_and_all_are_well_formed() -> None:
    secrets = {generate_key().secret for _ in range(500)}
    assert len(secrets) == 500
    assert all(map(is_well_formed, secrets))


def test_a_key_does_not_show_in_a_repr() -> None:
    key = generate_key()
    assert key.secret not in repr(key)
    assert key.key_hash not in repr(record_of(key.secret))


@settings(deadline=None)
@given(st.integers(4, 52), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    secret = SECRET
    typo = secret[:place] + character + secret[place + 1 :]
    assert is_well_formed(typo) == (typo == secret)


@settings(deadline=None)
@given(st.integers(4, 51))
def test_two_swapped_characters_are_noticed(place: int) -> None:
    secret = SECRET
    swapped = secret[:place] + secret[place + 1] + secret[place] + secret[place + 2 :]
    assert is_well_formed(swapped) == (swapped == secret)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_no_key_is_refused_without_an_error(text: str) -> None:
    assert not is_well_formed(text)
    assert not matches(text, generate_key().key_hash)


@pytest.mark.parametrize("change", ["{}\n", " {}", "{} ", "{}a"])
def test_a_key_with_something_around_it_is_no_key(change: str) -> None:
    assert not is_well_formed(change.format(generate_key().secret))


def test_only_its_own_hash_matches_a_key() -> None:
    one, other = generate_key(), generate_key()
    assert matches(one.secret, one.key_hash)
    assert not matches(one.secret, other.key_hash)
    assert not matches(one.secret, "")
    assert not matches(one.secret, "not ascii é")


def test_a_record_is_active_until_it_is_revoked_or_expires() -> None:
    record = record_of(generate_key().secret)
    assert record.is_active(NOW)
    assert not replace(record, revoked_at=NOW).is_active(NOW)
    assert replace(record, expires_at=NOW + timedelta(seconds=1)).is_active(NOW)
    assert not replace(record, expires_at=NOW).is_active(NOW)


def test_a_record_is_the_principal_of_its_workspace_and_role() -> None:
    record = record_of(generate_key().secret)
    assert record.principal() == Principal(record.workspace_id, Role.SALES, record.id, "Anna's key")


async def test_a_known_key_is_looked_up_once_in_thirty_seconds() -> None:
    secret, clock = generate_key().secret, Clock()
    store = Store(record_of(secret))
    cache = KeyCache(clock=clock, now=lambda: NOW)
    for clock.seconds in (0.0, 10.0, 29.9):
        assert await cache.resolve(secret, store.load) is not None
    assert store.reads == 1
    clock.seconds = 30.0
    assert await cache.resolve(secret, store.load) is not None
    assert store.reads == 2


async def test_a_key_revoked_elsewhere_is_refused_within_a_minute() -> None:
    secret, clock = generate_key().secret, Clock()
    record = record_of(secret)
    store = Store(record)
    cache = KeyCache(clock=clock, now=lambda: NOW)
    assert await cache.resolve(secret, store.load) == record
    store.records[record.key_hash] = replace(record, revoked_at=NOW)
    # Uses in between do not extend what is believed.
    for clock.seconds in range(1, 60):
        answer = await cache.resolve(secret, store.load)
        assert (answer is None) == (clock.seconds >= 30)


async def test_a_look_up_that_took_long_is_believed_from_its_start() -> None:
    secret, clock = generate_key().secret, Clock()
    store = Store(record_of(secret))
    cache = KeyCache(clock=clock, now=lambda: NOW)

    async def slow(key_hash: str) -> KeyRecord | None:
        clock.seconds += 20
        return await store.load(key_hash)

    assert await cache.resolve(secret, slow) is not None
    clock.seconds = 30.0
    store.records.clear()
    assert await cache.resolve(secret, store.load) is None


async def test_a_key_revoked_while_it_is_looked_up_is_not_remembered() -> None:
    secret = generate_key().secret
    record = record_of(secret)
    store = Store(record)
    cache = KeyCache(clock=Clock(), now=lambda: NOW)

    async def overtaken(key_hash: str) -> KeyRecord | None:
        found = await store.load(key_hash)
        store.records.clear()
        cache.forget(key_hash)
        return found

    await cache.resolve(secret, overtaken)
    assert await cache.resolve(secret, store.load) is None


async def test_an_expiring_key_is_refused_at_its_time_though_it_is_remembered() -> None:
    secret, now = generate_key().secret, [NOW]
    store = Store(record_of(secret, expires_at=NOW + timedelta(seconds=5)))
    cache = KeyCache(clock=Clock(), now=lambda: now[0])
    assert await cache.resolve(secret, store.load) is not None
    now[0] = NOW + timedelta(seconds=5)
    assert await cache.resolve(secret, store.load) is None
    assert store.reads == 1


async def test_an_unknown_key_is_looked_up_again_after_five_seconds() -> None:
    secret, clock, store = generate_key().secret, Clock(), Store()
    cache = KeyCache(clock=clock, now=lambda: NOW)
    for clock.seconds in (0.0, 4.9):
        assert await cache.resolve(secret, store.load) is None
    assert store.reads == 1
    record = record_of(secret)
    store.records[record.key_hash] = record
    clock.seconds = 5.0
    assert await cache.resolve(secret, store.load) == record


async def test_a_text_that_is_no_key_reaches_no_table() -> None:
    store = Store()
    cache = KeyCache(clock=Clock(), now=lambda: NOW)
    for text in HOSTILE:
        assert await cache.resolve(text, store.load) is None
    assert (store.reads, len(cache)) == (0, 0)


async def test_the_cache_is_bounded_and_guesses_do_not_push_out_keys_in_use() -> None:
    secret = generate_key().secret
    store = Store(record_of(secret))
    cache = KeyCache(capacity=3, clock=Clock(), now=lambda: NOW)
    await cache.resolve(secret, store.load)
    for _ in range(20):
        assert await cache.resolve(generate_key().secret, store.load) is None
    assert len(cache) == 4
    reads = store.reads
    assert await cache.resolve(secret, store.load) is not None
    assert store.reads == reads


async def test_the_key_used_longest_ago_goes_first() -> None:
    secrets = [generate_key().secret for _ in range(3)]
    store = Store(*map(record_of, secrets))
    cache = KeyCache(capacity=2, clock=Clock(), now=lambda: NOW)
    for secret in (secrets[0], secrets[1], secrets[0], secrets[2], secrets[0]):
        await cache.resolve(secret, store.load)
    assert store.reads == 3
    await cache.resolve(secrets[1], store.load)
    assert store.reads == 4


async def test_a_forgotten_key_is_looked_up_at_once() -> None:
    secret = generate_key().secret
    record = record_of(secret)
    store = Store(record)
    cache = KeyCache(clock=Clock(), now=lambda: NOW)
    await cache.resolve(secret, store.load)
    store.records.clear()
    cache.forget(record.key_hash)
    assert await cache.resolve(secret, store.load) is None
    store.records[record.key_hash] = record
    cache.forget(record.key_hash)
    assert await cache.resolve(secret, store.load) == record


async def test_a_failed_look_up_passes_through_and_is_not_remembered() -> None:
    secret = generate_key().secret
    store = Store(record_of(secret))
    cache = KeyCache(clock=Clock(), now=lambda: NOW)

    async def failing(_: str) -> KeyRecord | None:
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        await cache.resolve(secret, failing)
    assert await cache.resolve(secret, store.load) is not None


async def test_a_record_of_another_key_is_not_believed() -> None:
    secret = generate_key().secret
    wrong = record_of(generate_key().secret)

    async def confused(_: str) -> KeyRecord | None:
        return wrong

    assert await KeyCache(clock=Clock(), now=lambda: NOW).resolve(secret, confused) is None
