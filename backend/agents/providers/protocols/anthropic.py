"""Anthropic's Messages API."""

import httpx2
from anthropic import AnthropicError, AsyncAnthropic
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader


class AnthropicMessages:
    key_header = KeyHeader("x-api-key", "", frozenset({"anthropic-version", "anthropic-beta"}))
    errors: tuple[type[Exception], ...] = (AnthropicError,)

    def model(self, name: str, endpoint: Endpoint, http: httpx2.AsyncClient) -> Model:
        client = AsyncAnthropic(
            api_key=endpoint.secret,
            base_url=endpoint.root("/v1"),
            http_client=http,
            max_retries=0,
            timeout=http.timeout,
        )
        return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))
