"""What a provider is made from."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2
from pydantic import SecretStr

from backend.agents.providers.base import GenerationRequest, Provider
from backend.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `idle` is the longest silence within a stream, `total` the longest stream.

    `unload` is how long an unused local model stays in memory.
    """

    connect: float = 5.0
    first_token: float = 30.0
    idle: float = 30.0
    total: float = 300.0
    unload: float = 600.0


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One configured provider.

    `key_base_url` is the URL that a stored key was saved for; a key is sent nowhere else. It is None for a key that
    came with this very configuration (a form, the environment).
    """

    name: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    default_model: str = ""
    key_base_url: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)


HttpClientFactory = Callable[[str, httpx2.Timeout], httpx2.AsyncClient]
"""Base URL and timeout -> a client for that URL's host. Comes from `security/outbound.py`."""

ProviderFactory = Callable[[ProviderConfig, HttpClientFactory], Provider]


def question_of(request: GenerationRequest) -> str:
    """The last message. Raises `InvalidRequest` when there is none."""
    if not request.messages:
        raise InvalidRequest("the generation request has no messages; the last one must be the question")
    return request.messages[-1].content
