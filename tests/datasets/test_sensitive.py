"""Secrets and personal data are found by their forms, shown masked, and prose is left alone.

The secrets are put together here: none of them stands in this file as it would in a leak.
"""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.sensitive import find, masked
from backend.security.keys import generate_key

LETTERS = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6"

SECRETS = [
    ("Anthropic key", "sk-" + "ant-api03-" + LETTERS[:32]),
    ("OpenAI key", "sk-" + "proj-" + LETTERS[:40]),
    ("OpenAI key", "sk-" + LETTERS[:48]),
    ("OpenAI key", "sk-" + "or-v1-" + "0123456789abcdef" * 4),
    ("Google key", "AIza" + LETTERS[:35]),
    ("Groq key", "gsk_" + LETTERS),
    ("Hugging Face token", "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"),
    ("GitHub token", "ghp_" + LETTERS[:36]),
    ("GitHub token", "github_pat_" + LETTERS[:22] + "_" + LETTERS[:40]),
    ("GitLab token", "glpat-" + LETTERS[:20]),
    ("Slack token", "xoxb-" + "123456789012-1234567890123-" + LETTERS[:24]),
    ("AWS key", "AKIA" + "IOSFODNN7QWERTYU"),
    ("Stripe key", "sk_live_" + LETTERS[:24]),
    ("npm token", "npm_" + LETTERS[:36]),
    ("PyPI token", "pypi-" + "AgEIcHlwaS5vcmc" + LETTERS),
    ("xAI key", "xai-" + LETTERS),
    ("JSON web token", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + LETTERS[:43]),
    ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"),
    ("private key", "-----BEGIN " + "PRIVATE KEY-----"),
    ("private key", "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----"),
    ("token", "9f8Kd2LqZ7xW4vB1nM6tR3yU5pA0sG8h"),
]
IN_CONTEXT = [
    ("password = Tr0ub4dor&3", "Tr0ub4dor&3"),
    ("DB_PASSWORD=hunter22", "hunter22"),
    ('"password": "s3cr3t-pw",', "s3cr3t-pw"),
    ("Your password is Kx93mQ!b until you change it.", "Kx93mQ!b"),
    ("Passwort: Sommer2026!", "Sommer2026!"),
    ("api_key: 8f3a9c1d2b", "8f3a9c1d2b"),
    ("client secret => a8Zk2pQ9", "a8Zk2pQ9"),
    ("postgresql://nexus:s3cr3tPw9@db.example.com/nexus", "s3cr3tPw9"),
    ("redis://:onlywords@cache:6379/0", "onlywords"),
]
PERSONAL = [
    ("e-mail address", "ann.lee+shop@mail.fernhollow.co.uk"),
    ("IBAN", "DE89 3704 0044 0532 0130 00"),
    ("IBAN", "GB82WEST12345698765432"),
    ("IBAN", "NO93 8601 1117 947"),
    ("card number", "4111 1111 1111 1111"),
    ("card number", "378282246310005"),
    ("card number", "5555-5555-5555-4444"),
    ("US social security number", "123-45-6789"),
    ("phone number", "+49 (0)30 901820"),
    ("phone number", "+442079460958"),
    ("phone number", "(212) 736-5000"),
    ("phone number", "212-736-5000"),
]
HARMLESS = [
    "Password: how do I reset it?",
    "password = os.environ['DB_PASSWORD']",
    "password: <your-password1>",
    "password = ${DB_PASSWORD_1}",
    "Your password is stored as a hash.",
    "Choose a password of at least 12characters.",
    "API key: see section4.2 below",
    "max_tokens: 4096",
    "The token is valid for 90 days.",
    "postgresql://user:password@localhost/db",
    "https://docs.example.com:8080/a@b",
    "git clone git@github.com:fernhollow/hub.git",
    "Write to billing@fernhollow.example or me@example.com.",
    "Use sk-learn-compatible-estimators-everywhere.",
    "commit 54196ccf7c5a1e7d8f0e3b2a1c9d8e7f6a5b4c3d",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "UUID=7a250fb8-c16d-4a4e-9808-ec08ae92b6c6",
    "VG UUID JgFWU3-emKg-9QA1-stPj-FkGX-mGFb-4kzy1G",
    "ata-WDC_WD5001AALS-00L3B2_WD-WCAT00241697-part1",
    "AllowConnectionsFromHTTP2ProxyToOrigin",
    "/usr/share/doc/Linux2026/README9/Changes.Debian.gz",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "DE89 3704 0044 0532 0130 01",
    "Part 4111 1111 1111 1112 is out of stock.",
    "Order 1234567890123456 has shipped.",
    "Between 2026-11-29 and 2026-12-31, from 8:00 to 17:30.",
    "Version 4.2.1000-2345678 of ISO 8601-1:2019",
    "The address 192.168.100.200 is the hub's.",
    "000-12-3456 and 666-12-3456 are no numbers.",
    "It costs 1,250,000.00 or +15 % more.",
    "π = 3.14159265358979323846",
]
SAMPLES = Path(__file__).parents[2] / "docs" / "samples" / "source"


@pytest.mark.parametrize(("kind", "secret"), SECRETS)
@pytest.mark.parametrize("around", ["{}", "Use {} for it.", 'KEY="{}"', "({})", "see:\n{}\n\nThen restart."])
def test_secrets_are_found_in_any_sentence(kind: str, secret: str, around: str) -> None:
    text = around.format(secret)
    [found] = find(text)
    assert (found.kind, found.is_secret, text[found.start : found.end].strip(".")) == (kind, True, secret)


def test_our_own_keys_are_found() -> None:
    [found] = find(f"Send {generate_key().secret} with each request.")
    assert found.kind == "AI Nexus key"


@pytest.mark.parametrize(("text", "secret"), IN_CONTEXT)
def test_passwords_are_found_by_what_stands_before_them(text: str, secret: str) -> None:
    [found] = find(text)
    assert (found.kind, found.is_secret, text[found.start : found.end]) == ("password", True, secret)
    assert secret[1:-1] not in found.masked


@pytest.mark.parametrize(("kind", "value"), PERSONAL)
@pytest.mark.parametrize("around", ["{}", "It is {}, as you know.", "Write: {}.", "({}) AND MORE"])
def test_personal_data_is_found(kind: str, value: str, around: str) -> None:
    text = around.format(value)
    [found] = find(text)
    assert (found.kind, found.is_secret) == (kind, False)
    assert text[found.start : found.end].strip("(") == value.strip("(")


def test_a_number_after_a_word_for_it_is_a_phone_number() -> None:
    assert [one.kind for one in find("Call us on 030 901820 or by tel. 0171/2345678.")] == ["phone number"] * 2


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.md")), ids=lambda path: path.name)
def test_the_samples_hold_nothing(path: Path) -> None:
    assert [path.read_text()[one.start : one.end] for one in find(path.read_text())] == []


def test_what_overlaps_is_found_once_and_the_rest_in_its_order() -> None:
    secret = dict(SECRETS)["OpenAI key"]
    text = f"ann@fernhollow.co.uk has password = {secret} and +49 30 901820"
    assert [one.kind for one in find(text)] == ["e-mail address", "OpenAI key", "phone number"]


@pytest.mark.parametrize(("kind", "value"), [*SECRETS, *PERSONAL])
def test_what_is_shown_is_not_the_value(kind: str, value: str) -> None:
    shown = masked(value, kind)
    assert len(re.sub(r"^…@.*", "", shown).replace("…", "")) <= 4
    assert value not in json.dumps([shown])


def test_an_address_shows_its_domain_and_a_short_value_nothing() -> None:
    assert masked("ann.lee@fernhollow.co.uk", "e-mail address") == "…@fernhollow.co.uk"
    assert masked("123-45-6789", "US social security number") == "…"
    assert masked("4111111111111111", "card number") == "41…11"
    assert masked("a-very-long-password", "password") == "…"


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    ends = [0]
    for found in find(text):
        assert ends[-1] <= found.start < found.end <= len(text)
        ends.append(found.end)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        "1 ",
        "a.",
        "@a.",
        "eyJa",
        "password=",
        "sk-",
        "+1",
        "-----BEGIN A",
        "x://:",
        "A1 ",
        "tel ",
        "://",
        "a@b.cc ",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    started = time.perf_counter()
    find(text)
    assert time.perf_counter() - started < 3
