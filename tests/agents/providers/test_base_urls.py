"""What may be saved as a vendor's base URL, and what is said to write instead."""

import pytest

from backend.agents.providers import PROVIDERS, Vendor
from backend.agents.providers.base_urls import base_url_of
from backend.errors import InvalidRequest, OutboundRefused

SERVERS = [vendor for vendor in PROVIDERS.vendors.values() if vendor.place == "server"]
EVERY_VENDOR = pytest.mark.parametrize("vendor", SERVERS, ids=lambda vendor: vendor.name)
OLLAMA = PROVIDERS.vendors["ollama"]


def written_instead(name: str, given: str) -> str:
    """The address that the refusal names."""
    with pytest.raises(InvalidRequest, match="base URL") as caught:
        base_url_of(PROVIDERS.vendors[name], given)
    said, _, instead = str(caught.value).rpartition("; write ")
    assert said
    return instead.strip("'")


@EVERY_VENDOR
@pytest.mark.parametrize(
    ("given", "instead"),
    [
        ("localhost:11434", "http://localhost:11434"),
        ("127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("api.example.com/v1", "https://api.example.com/v1"),
        ("//api.example.com/v1", "https://api.example.com/v1"),
        ("http:/h/v1", "http://h/v1"),
        ("http://h/v1?x=1", "http://h/v1"),
        ("http://h/v1#top", "http://h/v1"),
        ("http://h/v1/?", "http://h/v1"),
        ("http://h/V1", "http://h/v1"),
        ("http://h/openai/V1/", "http://h/openai/v1"),
        ("http://h/v1/chat/completions", "http://h/v1"),
        ("http://h/v1/Chat/Completions/", "http://h/v1"),
        ("http://h/V1/chat/completions?api-version=1", "http://h/v1"),
        ("http://h/v1/chat", "http://h/v1"),
        ("http://h/v1/completions", "http://h/v1"),
        ("http://h/v1/responses", "http://h/v1"),
        ("http://h/v1/embeddings", "http://h/v1"),
        ("http://h/v1/messages", "http://h/v1"),
        ("http://h/v1/models", "http://h/v1"),
        ("http://h/v1beta/models/gemini-4:generateContent", "http://h/v1beta"),
        ("http://h:11434/api/chat", "http://h:11434/v1"),
        ("http://h:11434/api/generate", "http://h:11434/v1"),
        ("http://h:11434/api/tags/", "http://h:11434/v1"),
    ],
)
def test_what_no_call_can_be_added_to_is_refused_with_what_to_write(vendor: Vendor, given: str, instead: str) -> None:
    assert written_instead(vendor.name, given) == instead
    assert base_url_of(vendor, instead) == instead, "what is said to write is taken"


@EVERY_VENDOR
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://h/v1//", "https://h/v1"),
        ("https://h/api/v1", "https://h/api/v1"),
        ("https://h/v1beta", "https://h/v1beta"),
        ("HTTPS://h/v1", "HTTPS://h/v1"),
        ("https://h/messages/v1", "https://h/messages/v1"),
        ("https://h/chat", "https://h/chat"),
    ],
)
def test_slashes_at_the_end_are_all_that_is_taken_away(vendor: Vendor, given: str, kept: str) -> None:
    assert base_url_of(vendor, given) == kept


@EVERY_VENDOR
def test_every_vendors_own_address_is_one(vendor: Vendor) -> None:
    assert vendor.default_url is None or base_url_of(vendor, vendor.default_url) == vendor.default_url


def test_the_api_of_ollama_is_below_its_address_and_that_of_other_servers_may_be_it() -> None:
    assert written_instead("ollama", "http://h:11434/api") == "http://h:11434/v1"
    open_webui = "http://h:3000/api"
    assert base_url_of(PROVIDERS.vendors["openai-compatible"], open_webui) == open_webui
    assert written_instead("openai-compatible", f"{open_webui}/chat/completions") == open_webui


def test_a_password_in_an_address_is_never_repeated() -> None:
    for given in ("me:secret@h", "http://me:secret@h/v1/chat/completions", "http://me:secret@h/v1?x=1"):
        with pytest.raises((InvalidRequest, OutboundRefused)) as caught:
            base_url_of(OLLAMA, given)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("given", ["my server", "h\\v1", "me:secret@h"])
def test_where_it_cannot_be_told_what_was_meant_an_example_is_given(given: str) -> None:
    with pytest.raises(InvalidRequest, match=r"begin with http:// or https://; .*such as 'http://127.0.0.1:8080/v1'"):
        base_url_of(OLLAMA, given)
