import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.security.keys import generate_key
from backend.tracing.redaction import MASK, escape_controls, is_sensitive, redact


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key nxk_AbC0123 was used", "AbC0123"),
        ("token nxt_a-b_c", "a-b_c"),
        ("OPENAI sk-proj-abc_DEF-123456", "abc_DEF"),
        ("langfuse pk-lf-12345678", "12345678"),
        ("Authorization: Bearer abc.def-123", "abc.def"),
        ("Basic cGs6c2s=", "cGs6c2s="),
        ("postgresql://nexus:hunter2@db/nexus", "hunter2"),
        ("GET /v1?api_key=abc123&x=1", "abc123"),
        ("{'password': 'hunter2'}", "hunter2"),
        ('{"client_secret": "hunter2"}', "hunter2"),
        ("gsk_0123456789abcdef", "0123456789abcdef"),
        ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert MASK in redact(text)


@pytest.mark.parametrize(
    "text", ["12 tokens used", "risk-free task-based", "the secret of success", "a/b@c", "top_k=5"]
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


def test_every_key_that_we_make_is_masked_whole() -> None:
    for _ in range(200):
        assert redact(f"({generate_key().secret})") == f"({MASK})"


@pytest.mark.parametrize(
    "name", ["api_key", "openai_api_key", "password", "Authorization", "client_secret", "set-cookie"]
)
def test_sensitive_names_are_known(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize("name", ["tokens", "input_tokens", "key_id", "secrets_found"])
def test_counts_and_ids_are_not_sensitive(name: str) -> None:
    assert not is_sensitive(name)


@settings(deadline=None)
@given(st.text())
def test_escaped_text_is_one_line_without_control_characters(text: str) -> None:
    escaped = escape_controls(text)
    assert len(escaped.splitlines()) <= 1
    assert "\x1b" not in escaped
    assert "\u202e" not in escaped
    escaped.encode("utf-8")


def test_letters_of_every_language_stay_readable() -> None:
    assert escape_controls("Über 東京 😀") == "Über 東京 😀"


@settings(deadline=None)
@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)
