"""OpenAI's chat completions, which most other servers speak too."""

import httpx2
from openai import AsyncOpenAI, OpenAIError
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from backend.agents.prompts.passages import MARKUP
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader, TextChat
from backend.agents.providers.protocols.openai_text import OpenAIText


def client_of(endpoint: Endpoint, http: httpx2.AsyncClient) -> AsyncOpenAI:
    """Repeats nothing by itself: how often a vendor is asked is ours to decide."""
    return AsyncOpenAI(
        base_url=endpoint.openai_url,
        api_key=endpoint.secret,
        http_client=http,
        max_retries=0,
        timeout=http.timeout,
    )


class OpenAIChat:
    """`is_openai`: OpenAI itself, which wants `max_completion_tokens`; other servers know `max_tokens`."""

    key_header = KeyHeader()
    errors: tuple[type[Exception], ...] = (OpenAIError,)

    def __init__(self, *, is_openai: bool = False) -> None:
        self._is_openai = is_openai

    def model(self, name: str, endpoint: Endpoint, http: httpx2.AsyncClient) -> Model:
        client = client_of(endpoint, http)
        # Without this flag an answer that broke off passes for one that stopped.
        profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
        if self._is_openai:
            return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client), profile=profile)
        profile["openai_chat_supports_max_completion_tokens"] = False
        return OpenAIChatModel(
            name, provider=OpenAICompatibleProvider(endpoint.vendor.name, openai_client=client), profile=profile
        )

    def text_chat(self, endpoint: Endpoint, http: httpx2.AsyncClient) -> TextChat | None:
        """A model on this machine may be a tiny one. Servers elsewhere have models that refuse `stop`."""
        if self._is_openai:
            return None
        vendor = endpoint.vendor
        return OpenAIText(vendor.name, endpoint.base_url, http, MARKUP if vendor.place == "child" else ())
