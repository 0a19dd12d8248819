"""Who can be asked for text, as data. A vendor that speaks a known protocol is one more row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from backend.errors import InvalidRequest, UnknownStrategy

Protocol = Literal["offline", "openai-chat"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """`price_id` is the vendor's id in genai-prices; None means that its prices are unknown.

    `default_models` are all that an offline vendor has, and suggestions for the others. `hidden`: for tests and demos,
    not offered to people. `strict_openai`: the vendor is OpenAI itself, which wants `max_completion_tokens`; other
    servers know `max_tokens`.
    """

    name: str
    label: str
    protocol: Protocol
    key_variable: str | None = None
    needs_key: bool = False
    default_url: str | None = None
    default_models: tuple[str, ...] = ()
    price_id: str | None = None
    strict_openai: bool = False
    hidden: bool = False


_ROWS = (
    Vendor("builtin", "Built-in (quotes your documents, works offline)", "offline", default_models=("builtin",)),
    Vendor(
        "echo",
        "Echo (repeats the question, for trying things out)",
        "offline",
        default_models=("echo",),
        hidden=True,
    ),
    Vendor(
        "openai",
        "OpenAI",
        "openai-chat",
        key_variable="OPENAI_API_KEY",
        needs_key=True,
        default_url="https://api.openai.com/v1",
        default_models=("gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"),
        price_id="openai",
        strict_openai=True,
    ),
    Vendor(
        "openai-compatible",
        "OpenAI-compatible server (such as llama.cpp, Ollama, vLLM or LM Studio)",
        "openai-chat",
        key_variable="NEXUS_OPENAI_COMPATIBLE_KEY",
    ),
)

VENDORS: Mapping[str, Vendor] = {row.name: row for row in _ROWS}


def vendor_of(name: str) -> Vendor:
    """Raises `UnknownStrategy`."""
    vendor = VENDORS.get(name)
    if vendor is None:
        raise UnknownStrategy(f"no model provider {name!r}; known: {sorted(VENDORS)}")
    return vendor


def check_model(name: str, model: str) -> None:
    """Raises `InvalidRequest` for a model that the offline provider `name` does not have; "" is its default."""
    vendor = VENDORS.get(name)
    if vendor is not None and vendor.protocol == "offline" and model and model not in vendor.default_models:
        known = list(vendor.default_models)
        raise InvalidRequest(f"no model {model!r} of the provider {name!r}; known: {known}")


def vendor_hosts() -> frozenset[str]:
    """The hosts that every policy may call, over https."""
    hosts = (urlsplit(row.default_url).hostname for row in _ROWS if row.default_url)
    return frozenset(host for host in hosts if host)
